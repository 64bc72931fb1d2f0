"""`doctor --remote`: what the deployment says of itself is told, and so is that it could not be asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from local.doctor.remote import (
    check_fleet,
    check_remotely,
    judge_there,
    judge_version,
    read_findings,
)
from local.redis_server import pick_port
from local.remote import Where
from shared import VERSION
from shared.errors import NotSharedError
from tests.support.emulator import RunningCloud, running_cloud
from tests.support.hosted_cloud import SETTINGS
from tests.support.local_commands import Running, run_local, serve_local

pytestmark = pytest.mark.slow

RULES = '[[rules]]\nname = "none"\nroom = "*"\nservice = "none"\n'


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud() as cloud:
        yield cloud


@pytest.fixture
def environ(cloud: RunningCloud, tmp_path: Path) -> dict[str, str]:
    """The settings of the functions, which keep their ledger in a file."""
    ledger = f"sqlite:///{tmp_path}/functions.db"
    return {**SETTINGS, "TRTC_ENDPOINT": cloud.url, "LEDGER_URL": ledger}


@pytest.fixture
def host(environ: dict[str, str]) -> Iterator[Running]:
    with serve_local("functions", "--port", "0", environ=environ) as host:
        yield host


def examine(host: Running, *options: str, **environ: str) -> tuple[int, dict[str, str]]:
    """The exit code, and the lines of each check that was made there, by what they are about."""
    done = run_local("doctor", "--endpoint", host.url, "--remote", *options, environ=environ)
    assert done.stderr == ""
    return done.returncode, {
        line[19:].split(":")[0].split()[0]: line
        for line in done.stdout.splitlines()
        if line[6:12] in ("remote", "clock ", "fleet ")
    }


def test_deployment_checks_itself_in_the_place_of_this_machine(
    host: Running, environ: dict[str, str], cloud: RunningCloud
) -> None:
    code, lines = examine(host, **environ)
    assert code == 0
    abouts = ("settings", "version", "ledger", "API", "there")
    assert [lines[about].split()[0] for about in abouts] == ["ok"] * 5
    assert lines["version"].endswith(f"version: {VERSION}")
    assert lines["archive"].endswith("ARCHIVE_URL: not set")
    described = [
        one for one in cloud.read_feed() if one.get("action") == "DescribeCloudTranscription"
    ]
    assert len(described) == 1


def test_fleet_is_asked_there(host: Running, environ: dict[str, str]) -> None:
    _, lines = examine(host, **environ)
    told = [line.split(maxsplit=2)[2] for line in lines.values() if " fleet " in line]
    assert "0 of 100 tasks run" in told
    assert any("was ever accepted" in line for line in told)


class Refusing(BaseHTTPRequestHandler):
    """Answers as every function does that needs a ledger which all instances share."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        answer = {"outcome": "error", "error_code": NotSharedError.code, "message": "LEDGER_URL: …"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def test_fleet_of_a_ledger_that_no_instance_shares_needs_a_redis() -> None:
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (finding,) = check_fleet(Where(f"http://127.0.0.1:{server.server_port}"))
        server.shutdown()
    assert (finding.level, finding.place) == ("warn", "redis")
    assert finding.remedy == "name a Redis in LEDGER_URL"


def test_what_fails_there_fails_here_with_its_meaning(
    environ: dict[str, str], cloud: RunningCloud
) -> None:
    wrong = {**environ, "TENCENT_SECRET_KEY": "wrong"}
    with serve_local("functions", "--port", "0", environ=wrong) as host:
        code, lines = examine(host, **environ)
    assert code == 1
    assert lines["API"].startswith(
        "FAIL  remote       API: AuthFailure.SignatureFailure (RequestId "
    )
    assert "the SecretKey does not belong to the SecretId. Remedy: " in lines["API"]
    assert lines["ledger"].startswith("ok")


def test_rules_that_are_wrong_there_are_named(environ: dict[str, str], tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES)
    given = {**environ, "RULES_FILE": str(rules)}
    with serve_local("functions", "--port", "0", environ=given) as host:
        rules.write_text(RULES.replace("room =", "roam ="))
        (finding,) = check_remotely(Where(host.url), None)
    assert finding.level == "FAIL"
    assert "ledger, API, archive and clock are unknown there" in finding.text
    assert "roam" in finding.text


def test_deployment_that_cannot_be_asked_fails_and_says_what_is_unknown() -> None:
    url = f"http://127.0.0.1:{pick_port()}"
    (finding,) = check_remotely(Where(url), None)
    assert finding.level == "FAIL"
    assert finding.text.startswith(
        "ledger, API, archive and clock are unknown there: nothing answers"
    )
    assert finding.remedy


def test_findings_of_another_version_are_read_as_far_as_they_can_be() -> None:
    answer = {"findings": [{"level": "bad", "check": "moon", "text": "is\x1b full"}, {}]}
    assert [(one.level, one.text) for one in read_findings(answer)] == [
        ("FAIL", "moon: is\\x1b full"),
        ("FAIL", "None: None"),
    ]
    assert list(read_findings({})) == []


@pytest.mark.parametrize(
    ("answer", "there"),
    [({"version": "0.9\x1b"}, "0.9\\x1b"), ({}, "unknown")],
    ids=["another", "before it was told"],
)
def test_another_version_there_is_warned_of(answer: dict[str, object], there: str) -> None:
    finding = judge_version(answer)
    assert finding.level == "warn"
    assert finding.text == f"version: {there} there, {VERSION} here"
    assert finding.remedy


@pytest.mark.parametrize(
    ("there_s", "here_s", "level", "words"),
    [
        (0, 0, "ok", "there 0 s"),
        (40, 0, "warn", "there 40 s ahead of the API's"),
        (-400, 0, "FAIL", "there 400 s behind the API's; signatures are refused"),
        (-400, 400, "ok", "there 0 s"),  # it is this machine's that is wrong
    ],
)
def test_clock_there_is_compared_with_the_api_s(
    there_s: int, here_s: int, level: str, words: str
) -> None:
    now_s = 1_700_000_000
    finding = judge_there({"now_ms": (now_s + there_s) * 1000}, now_s, here_s)
    assert (finding.level, finding.text[: len(words)]) == (level, words)


def test_clock_there_is_unknown_without_the_api_s() -> None:
    for answer, ahead_s in (({"now_ms": 1}, None), ({}, 0.0)):
        finding = judge_there(answer, time.time(), ahead_s)
        assert (finding.level, finding.text) == ("warn", "there unknown: no answer with a date")
