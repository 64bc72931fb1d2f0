"""The example receivers, in Python and in Node, take what Roomscribe sends once, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.delivery.payloads import compose
from shared.delivery.sending import send
from shared.scf import now_ms
from tests.support.event_endpoints import (
    NEW_SECRET,
    OLD_SECRET,
    find_endpoint,
    read_event_settings,
    sign,
    write_event,
)

FOLDER = Path(__file__).parents[2] / "examples" / "receiver"
BODY = '{"type":"roomscribe.test","timestamp":"2026-11-26T09:30:00Z","data":{"text":"中文 🎧"}}'
STRANGE = "whsec_c3RyYW5nZXIgc3RyYW5nZXIgc3RyYW5nZXIgc3RyYW5nZXI="

Serve = Callable[[], AbstractContextManager[str]]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture(params=["python", "node"])
def command(request: pytest.FixtureRequest) -> list[str]:
    """What starts the receiver of each language in turn."""
    if request.param == "python":
        return [sys.executable, str(FOLDER / "receiver.py")]
    if shutil.which("node") is None:
        pytest.skip("node is missing: tests/setup.sh says what to install")
    return ["node", str(FOLDER / "receiver.mjs")]


@pytest.fixture
def serve(command: list[str], inbox: Path) -> Serve:
    """Starts a receiver; its URL."""

    @contextmanager
    def run() -> Iterator[str]:
        environ = {"PATH": os.environ["PATH"], "EVENTS_SECRET": f"{NEW_SECRET},{OLD_SECRET}"}
        process = subprocess.Popen(
            [*command, "0", str(inbox)], env=environ, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout
            first = process.stdout.readline()
            assert first.startswith("ready http://127.0.0.1:"), first
            yield first.split()[1]
        finally:
            process.kill()
            process.communicate()

    return run


def read(inbox: Path) -> list[dict[str, Any]]:
    """What the receiver has kept."""
    return [json.loads(line) for line in inbox.read_text(encoding="utf-8").splitlines()]


def post(url: str, headers: dict[str, str], body: str = BODY) -> int:
    return httpx.post(url, content=body.encode(), headers=headers).status_code


@pytest.mark.parametrize(
    ("arguments", "secret"),
    [([], NEW_SECRET), (["0"], NEW_SECRET), (["port", "file"], NEW_SECRET), (["0", "file"], "")],
)
def test_who_starts_it_wrongly_is_told_how(
    command: list[str], arguments: list[str], secret: str, tmp_path: Path
) -> None:
    environ = {"PATH": os.environ["PATH"], **({"EVENTS_SECRET": secret} if secret else {})}
    done = subprocess.run(
        [*command, *arguments],
        env=environ,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: EVENTS_SECRET=whsec_")
    assert len(done.stderr.splitlines()) == 1


def test_what_roomscribe_sends_is_taken(serve: Serve, inbox: Path) -> None:
    event = write_event(facts={"languages": ["中文", "🎧"]})
    with serve() as url:
        settings = read_event_settings(url)
        attempt = send(find_endpoint(settings), event.id, compose(event), now_ms(), settings)
    assert attempt.word == "204"
    assert read(inbox) == [{"id": event.id, **json.loads(compose(event))}]


def test_repeated_id_is_taken_once_also_by_a_receiver_that_was_restarted(
    serve: Serve, inbox: Path
) -> None:
    now_s = int(time.time())
    with serve() as url:
        assert [post(url, sign(NEW_SECRET, now_s, BODY)) for _ in range(2)] == [204, 204]
    with inbox.open("ab") as file:
        file.write(b'{"id": "msg_2", "ty')  # half a line, as a crash leaves it
    with serve() as url:
        assert post(url, sign(OLD_SECRET, now_s, BODY)) == 204
        assert post(url, sign(OLD_SECRET, now_s, BODY, "msg_2")) == 204
    assert read(inbox) == [{"id": name, **json.loads(BODY)} for name in ("msg_1", "msg_2")]


@pytest.mark.parametrize(
    ("secret", "age_s", "changed"),
    [
        (STRANGE, 0, {}),
        (NEW_SECRET, 400, {}),
        (NEW_SECRET, -400, {}),
        (NEW_SECRET, 0, {"webhook-id": "msg_2"}),
        (NEW_SECRET, 0, {"webhook-id": ""}),
        (NEW_SECRET, 0, {"webhook-timestamp": "soon"}),
        (NEW_SECRET, 0, {"webhook-signature": "v1,"}),
        (NEW_SECRET, 0, {"webhook-signature": "v2,abc v1"}),
    ],
)
def test_what_is_not_signed_now_is_refused(
    serve: Serve, inbox: Path, secret: str, age_s: int, changed: dict[str, str]
) -> None:
    headers = sign(secret, int(time.time()) - age_s, BODY)
    with serve() as url:
        assert post(url, {**headers, **changed}) == 401
    assert read(inbox) == []


def test_empty_id_is_refused_although_it_is_signed(serve: Serve, inbox: Path) -> None:
    with serve() as url:
        assert post(url, sign(NEW_SECRET, int(time.time()), BODY, "")) == 401
    assert read(inbox) == []


def test_changed_body_is_refused(serve: Serve, inbox: Path) -> None:
    headers = sign(NEW_SECRET, int(time.time()), BODY)
    with serve() as url:
        assert post(url, headers, BODY.replace("test", "text")) == 401
        assert post(url, headers, BODY + " ") == 401
    assert read(inbox) == []


def test_body_that_is_too_large_is_refused_before_it_comes(serve: Serve) -> None:
    with serve() as url, closing(HTTPConnection(url.removeprefix("http://"))) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", "300000")
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_one_good_signature_among_others_is_enough(serve: Serve, inbox: Path) -> None:
    headers = sign(OLD_SECRET, int(time.time()), BODY)
    strange = sign(STRANGE, int(time.time()), BODY)["webhook-signature"]
    several = f"{strange} v2,abc {headers['webhook-signature']}"
    with serve() as url:
        assert post(url, {**headers, "webhook-signature": several}) == 204
    assert [event["id"] for event in read(inbox)] == ["msg_1"]
