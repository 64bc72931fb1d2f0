"""`replay` as a person runs it, against a server that keeps what it is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from local.development import CALLBACK_KEY, SDK_APP_ID
from local.replay import replay
from tests.support.local_commands import ROOT, run_local

OLD_MS = 1687770730166


class Received(NamedTuple):
    """One request as the receiver got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def callback(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    def is_signed_with(self, key: str) -> bool:
        # The test's own code: a mistake in the signer must not hide itself.
        sign = hmac.new(key.encode(), self.body, hashlib.sha256).digest()
        return self.headers["sign"] == base64.b64encode(sign).decode()


class Receiver:
    """An HTTP server that answers each callback with the status its user is named after."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/functions/trtc_callback"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                received.append(Received(self.command, self.path, headers, body))
                self.send_response(_find_status(body))
                self.send_header("content-length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _find_status(body: bytes) -> int:
    try:
        return int(json.loads(body)["EventInfo"]["UserId"])
    except (ValueError, KeyError, TypeError):
        return 400


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("TRTC_", "TENCENT", "ROOMSCRIBE_")):
            monkeypatch.delenv(name)


def make_callback(room: int | str = 7, status: int = 200) -> dict[str, Any]:
    info = {"RoomId": room, "EventTs": OLD_MS // 1000, "EventMsTs": OLD_MS, "UserId": str(status)}
    return {"EventGroupId": 1, "EventType": 101, "CallbackTs": OLD_MS, "EventInfo": info}


def write(path: Path, value: object) -> str:
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str


def run(*arguments: str) -> Ran:
    app = typer.Typer()
    app.command()(replay)
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    return Ran(result.exit_code, result.stdout, result.stderr)


def test_callbacks_arrive_signed_and_fresh(receiver: Receiver, tmp_path: Path) -> None:
    before_ms = time.time_ns() // 1_000_000
    ran = run(write(tmp_path / "one.json", make_callback()), "--url", receiver.url)
    (request,) = receiver.received
    assert (ran.code, ran.stderr) == (0, "")
    assert request.method == "POST"
    assert request.path == "/functions/trtc_callback"
    assert request.headers["sdkappid"] == str(SDK_APP_ID)
    assert request.headers["content-type"] == "application/json"
    assert request.is_signed_with(CALLBACK_KEY)
    assert before_ms <= request.callback["CallbackTs"] <= time.time_ns() // 1_000_000
    assert request.callback["EventInfo"] == make_callback()["EventInfo"]


def test_summary_counts_what_was_sent(receiver: Receiver, tmp_path: Path) -> None:
    ran = run(write(tmp_path / "two.json", [make_callback()] * 2), "--url", receiver.url)
    origin, summary = ran.stdout.splitlines()
    assert origin == "read 2 saved callbacks in 1 file"
    assert summary.startswith("2 sent in ")
    assert summary.endswith(" s · 2 as expected · 0 not")


def test_mismatch_is_one_line_and_exit_code_1(receiver: Receiver, tmp_path: Path) -> None:
    file = write(tmp_path / "two.json", [make_callback(), make_callback("lobby", 503)])
    ran = run(file, "--url", receiver.url)
    assert ran.code == 1
    assert ran.stdout.splitlines()[1] == (f"{file}:2: event 101, room lobby: got 503, expected 200")
    assert ran.stdout.endswith("1 as expected · 1 not\n")


def test_statuses_of_wrappers_and_of_expect_are_compared(
    receiver: Receiver, tmp_path: Path
) -> None:
    cases = [
        {"body": make_callback(status=401), "status": 401},
        {"body": "not JSON", "status": 400, "description": "refused"},
        {"httpMethod": "GET", "headers": {}, "body": "", "status": 400},
        make_callback(status=503),
    ]
    ran = run(write(tmp_path / "cases.json", cases), "--url", receiver.url, "--expect", "503")
    assert (ran.code, "\n4 sent in " in ran.stdout) == (0, True)
    assert [request.method for request in receiver.received] == ["POST", "POST", "GET", "POST"]


def test_kept_callback_ts_arrives_as_saved(receiver: Receiver, tmp_path: Path) -> None:
    file = write(tmp_path / "one.json", make_callback())
    assert run(file, "--url", receiver.url, "--keep-callback-ts").code == 0
    assert receiver.received[0].callback == make_callback()


def test_log_lines_arrive_as_the_callbacks_they_tell_of(receiver: Receiver, tmp_path: Path) -> None:
    line = {"message": "room.opened", "event_type": 101, "event_ms": OLD_MS, "room_id": "7"}
    line |= {"room_id_type": 0, "sdk_app_id": SDK_APP_ID, "user_id": "200"}
    ran = run(write(tmp_path / "app.json", [line, {"message": "cold"}]), "--url", receiver.url)
    assert ran.stdout.splitlines()[0] == (
        "read 2 log lines in 1 file · 1 callback · 1 line without a callback of their own"
    )
    sent = receiver.received[0].callback
    assert sent.pop("SavedCallbackTs") == OLD_MS
    assert {**sent, "CallbackTs": OLD_MS} == make_callback()


def test_duplicates_and_shuffle_send_all(receiver: Receiver, tmp_path: Path) -> None:
    file = write(tmp_path / "many.json", [make_callback(room) for room in range(1, 6)])
    options = ("--duplicates", "2", "--shuffle", "--seed", "4", "--concurrency", "1")
    ran = run(file, "--url", receiver.url, *options)
    rooms = [request.callback["EventInfo"]["RoomId"] for request in receiver.received]
    assert ran.stdout.endswith("· shuffled with --seed 4\n")
    assert sorted(rooms) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    receiver.received.clear()
    run(file, "--url", receiver.url, *options)
    assert rooms == [request.callback["EventInfo"]["RoomId"] for request in receiver.received]


def test_standard_input_is_read_as_a_file_is(receiver: Receiver) -> None:
    lines = "\n".join(json.dumps(make_callback(room)) for room in (1, 2))
    ran = run_local("replay", "-", "--url", receiver.url, stdin=lines)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("read 2 saved callbacks in 1 file\n2 sent in ")
    wrong = run_local("replay", "-", "--url", receiver.url, stdin=f"{lines}\nSTART")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("replay: standard input:3: not JSON (")


def test_what_is_filtered_out_is_counted_and_not_sent(receiver: Receiver, tmp_path: Path) -> None:
    file = write(tmp_path / "three.json", [make_callback(room) for room in (7, "7", "lobby")])
    ran = run(file, "--url", receiver.url, "--room", "7", "--until", "2023-06-27T00:00Z")
    assert ran.stdout.startswith("read 3 saved callbacks in 1 file · 1 filtered out by --room\n")
    assert [one.callback["EventInfo"]["RoomId"] for one in receiver.received] == [7, "7"]
    ran = run(file, "--url", receiver.url, "--since", "2h")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(
        "replay: no callback to play in 3 saved callbacks in 1 file · 3 filt"
    )
    ran = run(file, "--url", receiver.url, "--since", "yesterday")
    assert ran.stderr.startswith("replay: --since yesterday: a time must be like ")


def test_production_is_sent_nothing_signed_with_the_development_key(tmp_path: Path) -> None:
    file = write(tmp_path / "one.json", make_callback())
    ran = run(file, "--url", "https://1400-abcd.ap-singapore.tencentscf.com")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith("replay: TRTC_CALLBACK_KEY is the development key, ")


def test_keys_come_from_the_environment(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps = [
        {"sdk_app_id": 1400000001, "secret_key": "s1", "callback_key": "first"},
        {"sdk_app_id": 1400000002, "secret_key": "s2", "callback_key": "second"},
    ]
    monkeypatch.setenv("TRTC_APPS", json.dumps(apps))
    wrapper = {"body": make_callback(), "headers": {"SdkAppId": "1400000002"}}
    assert run(write(tmp_path / "one.json", wrapper), "--url", receiver.url).code == 0
    assert receiver.received[0].is_signed_with("second")


def test_every_option_has_its_twin_in_the_environment(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROOMSCRIBE_REPLAY_URL", receiver.url)
    monkeypatch.setenv("ROOMSCRIBE_REPLAY_DUPLICATES", "3")
    assert run(write(tmp_path / "one.json", make_callback())).code == 0
    assert len(receiver.received) == 3


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[", "one.json: not JSON ("),
        ("[7]", "one.json:1: a number is no callback; expected "),
        ("[]", "no callback to play in nothing in 1 file; name another"),
        (
            '{"body": "{}", "headers": {"SdkAppId": "1400999999"}}',
            "one.json:1: no callback key for application 1400999999; set ",
        ),
    ],
)
def test_unusable_input_is_one_line_and_exit_code_2(
    receiver: Receiver, tmp_path: Path, content: str, complaint: str
) -> None:
    (tmp_path / "one.json").write_text(content)
    ran = run(str(tmp_path / "one.json"), "--url", receiver.url)
    assert (ran.code, ran.stdout, receiver.received) == (2, "", [])
    assert ran.stderr.startswith("replay: ")
    assert complaint in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_url_where_nothing_answers_is_unusable(receiver: Receiver, tmp_path: Path) -> None:
    receiver.close()
    ran = run(write(tmp_path / "one.json", make_callback()), "--url", receiver.url)
    assert ran.code == 2
    assert "nothing answers there; start the local cloud with `./roomscribe up`" in ran.stderr


@pytest.mark.parametrize("url", ["trtc_callback", "ftp://127.0.0.1/", "http://127.0.0.1:x/"])
def test_malformed_url_is_unusable(tmp_path: Path, url: str) -> None:
    ran = run(write(tmp_path / "one.json", make_callback()), "--url", url)
    assert ran.code == 2
    assert ran.stderr.startswith(f"replay: --url {url}: must be like http://127.0.0.1:8321/")


def test_wrong_settings_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRTC_APPS", "[]")
    ran = run(write(tmp_path / "one.json", make_callback()))
    assert ran.code == 2
    assert "TRTC_APPS: must be a JSON list" in ran.stderr


def test_in_process_takes_one_event_at_a_time(tmp_path: Path) -> None:
    file = write(tmp_path / "one.json", make_callback())
    ran = run(file, "--in-process", "--concurrency", "2")
    assert ran.code == 2
    assert "--concurrency: a function instance takes one event at a time" in ran.stderr


def test_progress_goes_nowhere_without_a_terminal(receiver: Receiver, tmp_path: Path) -> None:
    file = write(tmp_path / "one.json", make_callback(status=503))
    ran = run_local("replay", file, "--url", receiver.url)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.count("\n") == 3


def test_progress_shows_on_a_terminal(receiver: Receiver, tmp_path: Path) -> None:
    file = write(tmp_path / "two.json", [make_callback(), make_callback(status=503)])
    command = [sys.executable, "-m", "local", "replay", file, "--url", receiver.url]
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, check=False)
        os.close(theirs)
        shown = terminal.read(65536)
    assert b"2/2" in shown
    assert b"got 503" not in shown
    assert ran.stdout.count(b"\n") == 3
