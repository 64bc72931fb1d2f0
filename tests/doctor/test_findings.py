"""What the doctor makes of the API's answers and of clocks, without a configuration."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from local.doctor.api import PLACES, explain_answer, find_services
from local.doctor.clock import check_clock
from local.doctor.deployment import check_policy
from local.doctor.functions import check_limits, check_log
from local.doctor.functions import explain_error as explain_function_error
from local.doctor.ledger import check_ledger, judge_disk
from local.redis_server import RedisServer
from shared.errors import ApiError
from shared.remedies import TABLE, find_advice
from shared.rules.file import parse_rules
from shared.services.kinds import VERDICTS
from shared.settings import read_settings
from tests.support.instance import SETTINGS
from tests.support.redis_servers import connect, empty, need_redis


@contextmanager
def serving_date(make_date: Callable[[], str]) -> Iterator[str]:
    """A server whose answers have that Date."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.send_header("Date", make_date())
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing is written."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("behind_s", "level", "words"),
    [
        (0, "ok", " the API's"),
        (65, "warn", " s ahead of the API's"),
        (-65, "warn", " s behind the API's"),
        (650, "FAIL", " s ahead of the API's; signatures are refused"),
    ],
)
def test_clock_is_compared_with_the_api_s(behind_s: int, level: str, words: str) -> None:
    with serving_date(lambda: formatdate(time.time() - behind_s, usegmt=True)) as url:
        finding = check_clock(read_settings({**SETTINGS, "TRTC_ENDPOINT": url}))
    assert (finding.level, finding.text.endswith(words)) == (level, True)
    assert int(finding.text.partition(" ")[0]) == pytest.approx(abs(behind_s), abs=5)


def test_answer_without_a_date_leaves_the_clock_unknown() -> None:
    with serving_date(lambda: "yesterday") as url:
        finding = check_clock(read_settings({**SETTINGS, "TRTC_ENDPOINT": url}))
    assert (finding.level, finding.text) == ("warn", "unknown: no answer with a date")


def test_every_code_of_signature_and_permission_is_a_failure_with_a_remedy() -> None:
    codes = [code for code in VERDICTS if code.startswith(("AuthFailure", "UnauthorizedOperation"))]
    assert codes
    for code in codes:
        finding = explain_answer("ai", ApiError(code, "what the server said", "r-1"), "Describe")
        assert finding.level == "FAIL"
        assert finding.remedy
        assert "what the server said" not in str(finding)
        assert code in str(finding)
        assert "RequestId r-1" in str(finding)


def test_every_failure_is_about_a_documented_code_that_has_advice() -> None:
    assert PLACES.keys() <= VERDICTS.keys() & TABLE.keys()


def test_doctor_says_of_the_api_s_answers_what_the_log_says() -> None:
    for code in (
        "RequestLimitExceeded",
        "ClientNetworkError.TimeoutError",
        "AuthFailure.Brand.New",
    ):
        advice, finding = find_advice(code), explain_answer("cloud", ApiError(code), "Describe")
        assert advice
        assert (finding.text, finding.remedy) == (
            f"Describe: {code}: {advice.reason}",
            advice.remedy,
        )


@pytest.mark.parametrize(
    ("service", "code", "level"),
    [
        ("ai", "FailedOperation.TaskNotExist", "ok"),
        ("cloud", "ResourceNotFound", "ok"),
        ("cloud", "ResourceNotFound.ResourceNotFound", "ok"),
        ("cloud", "FailedOperation.TaskNotExist", "warn"),
        ("ai", "ResourceNotFound", "warn"),
        ("ai", "InvalidParameter.TaskId", "ok"),
        ("cloud", "InvalidParameter.TaskId", "warn"),
        ("cloud", "InvalidParameter.SdkAppId", "FAIL"),
        ("cloud", "Something.New", "warn"),
        ("cloud", "ClientNetworkError.TimeoutError", "FAIL"),
        ("ai", "FailedOperation.SdkAppIdNotExist", "FAIL"),
        ("ai", "FailedOperation.NotAbility", "FAIL"),
    ],
)
def test_answers_are_told_apart(service: str, code: str, level: str) -> None:
    assert explain_answer(service, ApiError(code), "Describe").level == level


def test_services_that_the_rules_may_start_are_asked_each_once() -> None:
    rules = parse_rules(
        """
        [defaults.cloud]
        region = "ap-guangzhou"
        language = "bigmodel-en"
        [defaults.ai]
        region = "ap-tokyo"
        language = "16k_zh_en"
        [[rules]]
        name = "a"
        room = "a"
        fallback = "ai"
        [[rules]]
        name = "b"
        room = "b"
        service = "none"
        [[rules]]
        name = "c"
        room = "c"
        """
    )
    assert find_services(rules) == [("ai", "ap-tokyo"), ("cloud", "ap-guangzhou")]
    assert find_services(None) == [("cloud", "ap-singapore")]


POLICY = """{"resource": ["qcs::trtc::uin/100000000002:sdkappid/1400000000", "*",
"qcs::scf:ap-singapore:uin/100000000002:namespace/default/function/roomscribe-prod-drain_starts"]}"""


@pytest.mark.parametrize(
    ("policy", "about"),
    [
        (POLICY, []),
        (POLICY.replace("100000000002", "100000000001"), []),
        (POLICY.replace("sdkappid/1400000000", "sdkappid/*"), []),
        (POLICY.replace("-prod-", "-test-"), ["stage"]),
        (POLICY.replace("ap-singapore", "ap-tokyo"), ["region"]),
        (POLICY.replace("1400000000", "14000000001"), ["1400000000"]),
        (POLICY.replace("-prod-", "-").replace("ap-singapore", "*"), ["region", "stage"]),
    ],
    ids=["right", "not filled in", "any application", "stage", "region", "application", "two"],
)
def test_policy_that_is_filled_in_is_about_these_settings(
    policy: str, about: list[str], tmp_path: Path
) -> None:
    (tmp_path / "policy.json").write_text(policy)
    environ = {"REGION": "ap-singapore", "DRAIN_FUNCTION": "roomscribe-prod-drain_starts"}
    settings = read_settings({**SETTINGS, **environ})
    found = list(check_policy(settings, environ, tmp_path / "policy.json"))
    assert [one.text.split()[-1] for one in found] == about
    assert {one.level for one in found} <= {"FAIL"}


def test_policy_that_is_not_there_is_nothing_to_check(tmp_path: Path) -> None:
    settings = read_settings(SETTINGS)
    assert list(check_policy(settings, {}, tmp_path / "none.json")) == []


def test_older_versions_keys_in_redis_are_named(redis_server: RedisServer) -> None:
    empty(redis_server)
    settings = read_settings({**SETTINGS, "LEDGER_URL": redis_server.url})
    assert [one.level for one in check_ledger(settings)] == ["ok", "ok"]
    with connect(redis_server) as client:
        client.set("roomscribe:{ledger}:agenda", "")
    finding, _ = check_ledger(settings)
    assert finding.level == "warn"
    assert "an older version's ledger, roomscribe:*, lies beside it and is not read" in finding.text


@pytest.mark.parametrize(
    ("code", "level", "words"),
    [
        ("ResourceNotFound.Function", "ok", "not deployed yet"),
        ("ResourceNotFound.FunctionName", "ok", "not deployed yet"),
        (
            "UnauthorizedOperation.CAM",
            "warn",
            "unknown: SCF's API answered UnauthorizedOperation.CAM",
        ),
        ("ClientNetworkError", "warn", "unknown"),
    ],
)
def test_why_limits_are_unknown_is_told(code: str, level: str, words: str) -> None:
    found = explain_function_error(ApiError(code, "words of the API", "r-1"))
    assert (found.level, found.check) == (level, "limits")
    assert words in found.text
    assert "words of the API" not in str(found)


def test_function_without_a_limit_is_warned_of() -> None:
    found = list(check_limits({"trtc_callback": 12_800, "read_transcript": None}))
    assert [one.level for one in found] == ["ok", "warn"]
    assert found[1].text.startswith("read_transcript: none")


@pytest.mark.parametrize(
    ("own", "level", "words"),
    [
        ("topic-1", "warn", "shares a topic with trtc_callback"),
        ("topic-2", "ok", "a topic of its own"),
        ("", "ok", "no topic"),
        (None, "ok", "no topic"),
    ],
)
def test_log_topic_that_all_read_is_warned_of(own: str | None, level: str, words: str) -> None:
    found = check_log({"read_transcript": own, "trtc_callback": "topic-1"})
    assert (found.level, found.check) == (level, "log")
    assert words in found.text


@pytest.mark.parametrize(
    ("free_mb", "level"),
    [(63, "FAIL"), (64, "warn"), (1023, "warn"), (1024, "ok"), (500_000, "ok")],
)
def test_disk_of_the_sqlite_file_needs_room(free_mb: int, level: str) -> None:
    finding = judge_disk(free_mb * 1024 * 1024)
    assert (finding.level, finding.check) == (level, "memory")
    assert finding.text == f"{free_mb:,} MB are free on the disk of the SQLite file"
    assert bool(finding.remedy) == (level != "ok")


def test_disk_of_the_sqlite_file_is_looked_at(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/ledger.db"
    written, memory = check_ledger(read_settings({**SETTINGS, "LEDGER_URL": url}))
    assert written.level == "ok"
    told = int(memory.text.partition(" MB")[0].replace(",", ""))
    assert told == pytest.approx(shutil.disk_usage(tmp_path).free / 1024 / 1024, rel=0.1)


def test_policy_of_redis_that_forgets_fails(tmp_path: Path) -> None:
    need_redis()
    options = ("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    with RedisServer(tmp_path, *options) as server:
        _, memory = check_ledger(read_settings({**SETTINGS, "LEDGER_URL": server.url}))
    assert (memory.level, memory.check) == ("FAIL", "memory")
    assert "allkeys-lru" in memory.text
    assert memory.remedy == "set maxmemory-policy to noeviction"
