"""`doctor --url`: what a webhook's answers, or their absence, say; each failure has its own finding."""

from __future__ import annotations

import http.server
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from local.doctor.finding import Finding
from local.doctor.webhook import UNKNOWN_EVENT, check_webhook
from local.redis_server import pick_port
from local.remote import Where
from shared.settings import Settings, read_settings
from tests.support.instance import CALLBACK_KEY, SDK_APP_ID, SETTINGS
from tests.support.local_commands import Running, run_local, serve_local

pytestmark = pytest.mark.slow

FUNCTION = "/functions/trtc_callback"


@pytest.fixture
def host() -> Iterator[Running]:
    """The functions, with the settings of these tests, in processes of their own."""
    with serve_local("functions", "--port", "0", environ=SETTINGS) as host:
        yield host


def settle(**changes: str) -> Settings:
    """The settings that doctor has."""
    return read_settings({**SETTINGS, **changes})


def check(url: str, settings: Settings | None = None, where: Where | None = None) -> list[Finding]:
    return list(check_webhook(url, settings or settle(), where))


@contextmanager
def answering(
    status: int, body: bytes, context: ssl.SSLContext | None = None
) -> Iterator[tuple[int, list[tuple[dict[str, str], bytes]]]]:
    """A server that gives every request that answer: its port, and the requests."""
    received: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            received.append((dict(self.headers), self.rfile.read(length)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing is written."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port, received
        finally:
            server.shutdown()
            thread.join()


def test_right_webhook_proves_key_and_application(host: Running) -> None:
    findings = check(host.url + FUNCTION)
    assert [one.level for one in findings] == ["ok", "ok", "ok"]
    believed, clock, forged = (one.text for one in findings)
    assert believed.startswith(f"application {SDK_APP_ID}: callback key and SdkAppId are right")
    assert believed.endswith(" ms")
    assert clock.endswith(" this machine's")
    assert forged == "a wrong Sign is refused with 401"


def test_callbacks_are_of_no_known_type_and_of_a_room_that_nobody_uses() -> None:
    with answering(200, b'{"code": 0}') as (port, received):
        findings = check(f"http://127.0.0.1:{port}/")
    assert findings[-1].text.startswith("a wrong Sign is answered 200: whoever knows the URL")
    assert findings[-1].level == "FAIL"
    bodies = [json.loads(body) for _, body in received]
    assert {body["EventType"] for body in bodies} == {UNKNOWN_EVENT}
    rooms = {body["EventInfo"]["RoomId"] for body in bodies}
    assert len(rooms) == len(bodies)
    assert all(room.startswith("roomscribe-doctor-") for room in rooms)


@pytest.mark.parametrize(
    ("changes", "told", "setting"),
    [
        ({"TRTC_CALLBACK_KEY": "another"}, "another callback key than", "TRTC_CALLBACK_KEY as"),
        ({"TRTC_SDK_APP_ID": "1400000099"}, "another SdkAppId than", "TRTC_SDK_APP_ID as"),
    ],
    ids=["key", "application"],
)
def test_what_differs_is_told_to_one_who_may_invoke(
    host: Running, changes: dict[str, str], told: str, setting: str
) -> None:
    (finding,) = check(host.url + FUNCTION, settle(**changes), Where(host.url))
    assert finding.level == "FAIL"
    assert f"the function has {told} these settings" in finding.text
    assert setting in finding.remedy
    (finding,) = check(host.url + FUNCTION, settle(**changes))
    assert "another callback key or SdkAppId" in finding.text
    assert "--remote beside --url" in finding.remedy


@pytest.mark.parametrize(("off_s", "told"), [(650, "650 s behind"), (-650, "650 s ahead of")])
def test_clock_that_is_off_is_told_with_how_far_and_which_way(
    host: Running, monkeypatch: pytest.MonkeyPatch, off_s: int, told: str
) -> None:
    real, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() + off_s)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + off_s * 1_000_000_000)
    (finding,) = check(host.url + FUNCTION)
    assert finding.level == "FAIL"
    assert "although key and SdkAppId are right: the function's clock is " in finding.text
    number, way = told.split(" ", 1)
    words = finding.text.partition("clock is ")[2].split(" ", 1)
    assert abs(int(words[0]) - int(number)) <= 5
    assert words[1] == f"{way} this machine's"


def test_clock_that_is_a_little_off_is_warned_of(
    host: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() - 100)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() - 100_000_000_000)
    levels = [one.level for one in check(host.url + FUNCTION)]
    assert levels == ["ok", "warn", "ok"]


def find_host_without_address(_port: int) -> str:
    return "https://webhook.invalid/"


def find_closed_port(_port: int) -> str:
    return f"http://127.0.0.1:{pick_port()}/"


def speak_tls(port: int) -> str:
    return f"https://127.0.0.1:{port}/"


@pytest.mark.parametrize(
    ("find_url", "words"),
    [
        (find_host_without_address, "DNS: the name has no address"),
        (find_closed_port, "no route: ConnectError"),
        (speak_tls, "TLS: the connection is refused: "),
        (lambda _port: "roomscribe.example", "not an address of the web"),
        (lambda _port: "http://[::1", "not an address of the web"),
    ],
    ids=["DNS", "route", "TLS", "no scheme", "no URL"],
)
def test_way_in_that_is_closed_is_named(find_url: Callable[[int], str], words: str) -> None:
    with answering(200, b'{"code": 0}') as (port, _):
        (finding,) = check(find_url(port))
    assert finding.level == "FAIL"
    assert finding.text.startswith(words)
    assert finding.remedy


def test_certificate_that_nobody_trusts_is_named(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with answering(200, b'{"code": 0}', context) as (port, _):
        (finding,) = check(f"https://localhost:{port}/")
    assert (finding.level, "CERTIFICATE_VERIFY_FAILED" in finding.text) == ("FAIL", True)


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>hello</html>"), (404, b"{}"), (200, b"[]"), (403, b'{"code": 0}x')],
)
def test_server_that_is_not_ours_is_told(status: int, body: bytes) -> None:
    with answering(status, body) as (port, _):
        (finding,) = check(f"http://127.0.0.1:{port}/")
    assert finding.level == "FAIL"
    assert finding.text.startswith(f"status {status}, and not in the words of trtc_callback")


def test_function_that_fails_is_told_with_its_word() -> None:
    with answering(500, b'{"code": 500, "error": "settings"}') as (port, _):
        (finding,) = check(f"http://127.0.0.1:{port}/")
    assert finding.level == "FAIL"
    assert "the function answers 500 settings" in finding.text


def test_server_that_never_answers_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        (finding,) = check_webhook(url, settle(), timeout_s=0.2)
    assert finding.text == "connected, and no answer within 0.2 s"


def test_command_says_it_and_never_a_key(host: Running) -> None:
    options = ("--endpoint", host.url, "--url", host.url + FUNCTION)
    done = run_local("doctor", *options, environ=SETTINGS)
    assert "ok    webhook" in done.stdout
    assert "FAIL  webhook" not in done.stdout
    done = run_local("doctor", *options, environ={**SETTINGS, "TRTC_CALLBACK_KEY": "anotherKey"})
    assert (done.returncode, "FAIL  webhook" in done.stdout) == (1, True)
    for secret in (CALLBACK_KEY, "anotherKey"):
        assert secret not in done.stdout + done.stderr
