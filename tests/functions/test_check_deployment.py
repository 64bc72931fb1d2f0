"""check_deployment: what a deployment finds when it checks itself, and that nothing of it stays behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import check_deployment
import pytest

from local.redis_server import RedisServer, pick_port
from shared import VERSION
from shared.ledger import open_ledger
from shared.settings import CREDENTIAL_NAMES
from tests.support.emulator import SECRET_KEY
from tests.support.instance import SDK_SECRET_KEY
from tests.support.redis_servers import DISKLESS, connect, need_redis
from tests.support.signed_callbacks import Scene

CONTEXT = {"request_id": "r", "time_limit_in_ms": 20_000}
PASSWORD = "RedisPassword"
BALLAST = 16_000_000  # bytes, beside which a connection's own do not count


def run(event: object = None) -> dict[str, Any]:
    return check_deployment.main_handler(event or {}, CONTEXT)


def read_findings(answer: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Level, text and remedy of each check."""
    assert answer["outcome"] == "checked", answer
    return {one["check"]: (one["level"], one["text"], one["remedy"]) for one in answer["findings"]}


def find(check: str) -> tuple[str, str, str]:
    """What one check finds now."""
    return read_findings(run())[check]


@pytest.fixture
def own_redis(tmp_path: Path, environment: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A Redis that a test may set as it likes, which keeps the ledger; no API answers."""
    need_redis()
    with RedisServer(tmp_path, *DISKLESS) as server:
        environment.setenv("LEDGER_URL", server.url)
        environment.setenv("TRTC_ENDPOINT", f"http://127.0.0.1:{pick_port()}")
        yield server


def test_deployment_that_works_is_told_so(
    scene: Scene, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("ARCHIVE_URL", f"file://{tmp_path}/archive")
    answer = run()
    findings = read_findings(answer)
    assert {check: level for check, (level, _, _) in findings.items()} == {
        "ledger": "ok",
        "API": "ok",
        "archive": "ok",
        "events": "ok",
    }
    assert findings["archive"][1].endswith("a probe was written, read and deleted")
    assert not list((tmp_path / "archive").rglob("*"))
    assert answer["version"] == VERSION
    assert abs(answer["now_ms"] - scene.cloud.cloud.clock.now_ms()) < 60_000
    assert scene.cloud.list_tasks() == []


def test_lease_is_given_back(scene: Scene, room_ledger_url: str) -> None:
    run()
    assert open_ledger(room_ledger_url).take_lease("roomscribe-doctor", "another", 0, 1_000)


def test_archive_that_is_not_set_is_no_failure(scene: Scene) -> None:
    assert find("archive") == ("ok", "ARCHIVE_URL: not set", "")


@pytest.mark.parametrize(
    ("url", "private", "level", "text", "remedy"),
    [
        ("", "false", "ok", "EVENTS_URL: not set", ""),
        ("https://127.0.0.1:9/a", "true", "ok", "EVENTS_URL: every host is found, and nothing", ""),
        (
            *("https://127.0.0.1:9/a", "false", "FAIL"),
            *(
                "address 1 of EVENTS_URL leads to a network that no event is sent to",
                "name a public",
            ),
        ),
        (
            *(f"https://127.0.0.1:9/a https://{'a' * 64}.test/token", "true", "FAIL"),
            *("address 2 of EVENTS_URL: its host is not found here", "correct it"),
        ),
    ],
)
def test_addresses_of_events_are_looked_up(
    scene: Scene,
    environment: pytest.MonkeyPatch,
    url: str,
    private: str,
    level: str,
    text: str,
    remedy: str,
) -> None:
    environment.setenv("EVENTS_URL", url)
    environment.setenv(
        "EVENTS_SECRET", "whsec_c2VjcmV0IG9mIHRoaXMgdGVzdCwgYW5kIGxvbmc=" if url else ""
    )
    environment.setenv("EVENTS_ALLOW_PRIVATE", private)
    found = find("events")
    assert found[0] == level
    assert found[1].startswith(text)
    assert found[2].startswith(remedy)
    assert "token" not in found[1]


CLASS = 'room = "class-*"\nai = { region = "ap-tokyo", language = "16k_zh_en" }\n'


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ('room = "*"\nservice = "none"\n', "DescribeCloudTranscription in ap-guangzhou: accepted"),
        (f'{CLASS}service = "ai"\n', "DescribeAITranscription in ap-tokyo: accepted"),
    ],
    ids=["nothing starts", "1.0 in some rooms"],
)
def test_service_that_the_rules_start_is_asked(
    scene: Scene, rules_file: Path, rules: str, words: str
) -> None:
    defaults = '[defaults.cloud]\nregion = "ap-guangzhou"\nlanguage = "bigmodel-en"\n'
    rules_file.write_text(f'{defaults}[[rules]]\nname = "a"\n{rules}')
    assert find("API") == ("ok", words, "")


def test_what_is_wrong_is_told_with_its_code(
    scene: Scene, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    environment.setenv("ARCHIVE_URL", f"file://{tmp_path}/file")
    environment.setenv(CREDENTIAL_NAMES[1][1], "wrong")
    findings = read_findings(run())
    assert findings["ledger"][0] == "ok"
    assert findings["API"][:1] == ("FAIL",)
    assert findings["API"][1].startswith("AuthFailure.SignatureFailure (RequestId ")
    assert (findings["archive"][0], "file://" in findings["archive"][1]) == ("FAIL", True)


def test_credentials_that_are_missing_are_a_finding(
    scene: Scene, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv(CREDENTIAL_NAMES[1][0])
    level, text, remedy = find("API")
    assert (level, "not set" in text) == ("FAIL", True)
    assert "attach a run role" in remedy


def test_ledger_that_cannot_be_reached_is_a_finding_beside_the_others(
    scene: Scene, environment: pytest.MonkeyPatch
) -> None:
    port = pick_port()
    environment.setenv("LEDGER_URL", f"redis://:{PASSWORD}@127.0.0.1:{port}/0")
    answer = run()
    level, text, remedy = read_findings(answer)["ledger"]
    assert level == "FAIL"
    assert text == f"LEDGER_URL: Redis at 127.0.0.1:{port} cannot be reached: Connection refused"
    assert remedy == "see that it runs"
    assert read_findings(answer)["API"][0] == "ok"


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"TRTC_CALLBACK_KEY": "not letters"}, "settings"), ({"RULES_FILE": "/none"}, "rules")],
)
def test_settings_and_rules_that_are_wrong_are_answered_in_words(
    scene: Scene, environment: pytest.MonkeyPatch, changes: dict[str, str], code: str
) -> None:
    for name, value in changes.items():
        environment.setenv(name, value)
    answer = run()
    assert (answer["outcome"], answer["error_code"]) == ("error", code)
    assert next(iter(changes)) in answer["message"]


def test_nobody_asks_over_http(scene: Scene) -> None:
    assert run({"httpMethod": "GET", "path": "/"})["error_code"] == "bad_request"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "share", "level", "remedy"),
    [
        ("noeviction", 0, "ok", ""),
        ("allkeys-lru", 0, "ok", ""),  # without a limit nothing is ever evicted
        ("noeviction", 0.5, "ok", ""),
        ("noeviction", 0.8, "warn", "give it more memory"),
        ("noeviction", 0.95, "FAIL", "give it more memory"),
        ("allkeys-lru", 0.5, "FAIL", "set maxmemory-policy to noeviction"),
        ("volatile-ttl", 0.5, "FAIL", "set maxmemory-policy to noeviction"),
    ],
)
def test_redis_that_forgets_or_is_full_is_told(
    own_redis: RedisServer, policy: str, share: float, level: str, remedy: str
) -> None:
    with connect(own_redis) as client:
        client.setrange("ballast", BALLAST, "x")
        used = int(client.info("memory")["used_memory"])
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", int(used / share) if share else 0)
    found = find("ledger")
    assert (found[0], found[2]) == (level, remedy)
    assert policy in found[1]


def test_looking_at_redis_opens_no_connection_of_its_own(own_redis: RedisServer) -> None:
    run()
    with connect(own_redis) as client:
        before = client.info("stats")["total_connections_received"]
        run()
        assert client.info("stats")["total_connections_received"] == before


@pytest.mark.slow
def test_redis_that_may_not_be_asked_leaves_it_unknown(
    own_redis: RedisServer, environment: pytest.MonkeyPatch
) -> None:
    """A user as docs/deploy.md makes one may do nothing dangerous, and INFO counts as that."""
    with connect(own_redis) as client:
        rules = (f">{PASSWORD}", "~{roomscribe:*", "+@all", "-@dangerous")
        client.execute_command("ACL", "SETUSER", "roomscribe", "on", *rules)
    url = own_redis.url.replace("redis://", f"redis://roomscribe:{PASSWORD}@")
    environment.setenv("LEDGER_URL", url)
    level, text, remedy = find("ledger")
    assert (level, text) == ("warn", "Redis tells neither memory nor policy")
    assert "+info" in remedy
    with connect(own_redis) as client:
        client.execute_command("ACL", "SETUSER", "roomscribe", "+info")
    assert find("ledger")[0] == "ok"


@pytest.mark.slow
def test_read_only_replica_is_told(own_redis: RedisServer, redis_server: RedisServer) -> None:
    with connect(own_redis) as client:
        client.execute_command("REPLICAOF", "127.0.0.1", redis_server.port)
    level, text, remedy = find("ledger")
    assert (level, "read-only replica" in text, remedy) == ("FAIL", True, "name the primary")


def test_no_secret_is_answered_or_logged(
    scene: Scene, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("LEDGER_URL", f"redis://:{PASSWORD}@127.0.0.1:{pick_port()}/0")
    environment.setenv(
        "ARCHIVE_URL",
        "cos://roomscribe-1250000000/x?region=ap-singapore&endpoint=http://127.0.0.1:9",
    )
    said = json.dumps(run()) + "".join(capsys.readouterr())
    for secret in (PASSWORD, SECRET_KEY, SDK_SECRET_KEY):
        assert secret not in said
