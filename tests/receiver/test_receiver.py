"""The local receiver: it verifies by the specification alone, keeps what arrived, and has faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.development import EVENTS_SECRET
from local.receiver.signature import find_fault
from shared.errors import SettingsError
from shared.settings import read_settings
from tests.support.event_endpoints import NEW_SECRET, OLD_SECRET, sign
from tests.support.instance import SETTINGS
from tests.support.local_commands import Running, run_local, serve_local

pytestmark = pytest.mark.slow

BODY = json.dumps({"type": "roomscribe.test", "timestamp": "t", "data": {"room_id": "class-7"}})
T_S = 1_700_000_000


def test_what_the_official_package_signs_is_verified() -> None:
    headers = sign(NEW_SECRET, T_S, BODY)
    assert find_fault(headers, BODY.encode(), [NEW_SECRET], T_S) is None
    assert find_fault(headers, BODY.encode(), [OLD_SECRET, NEW_SECRET], T_S + 300) is None
    both = sign(OLD_SECRET, T_S, BODY)["webhook-signature"] + " " + headers["webhook-signature"]
    rotating = {**headers, "webhook-signature": f"v1a,abc {both}"}
    assert find_fault(rotating, BODY.encode(), [NEW_SECRET], T_S) is None


@pytest.mark.parametrize(
    ("changed", "at_s", "body", "problem"),
    [
        ({"webhook-id": ""}, T_S, BODY, "webhook-id is missing"),
        ({"webhook-id": "msg_2"}, T_S, BODY, "another message"),
        ({"webhook-signature": "v1,"}, T_S, BODY, "another message"),
        ({"webhook-signature": "v2,abc"}, T_S, BODY, "another message"),
        ({"webhook-timestamp": "soon"}, T_S, BODY, "five minutes"),
        ({}, T_S + 301, BODY, "five minutes"),
        ({}, T_S - 301, BODY, "five minutes"),
        ({}, T_S, BODY + " ", "another message"),
    ],
)
def test_anything_else_is_refused(
    changed: dict[str, str], at_s: int, body: str, problem: str
) -> None:
    found = find_fault(
        {**sign(NEW_SECRET, T_S, BODY), **changed}, body.encode(), [NEW_SECRET], at_s
    )
    assert problem in str(found)


def test_another_secret_is_refused() -> None:
    assert find_fault(sign(OLD_SECRET, T_S, BODY), BODY.encode(), [NEW_SECRET], T_S)


def test_development_secret_is_refused_on_scf() -> None:
    events = {"EVENTS_URL": "https://events.test/", "EVENTS_SECRET": EVENTS_SECRET}
    assert read_settings({**SETTINGS, **events}).endpoints
    with pytest.raises(SettingsError, match="EVENTS_SECRET: holds a development key"):
        read_settings({**SETTINGS, **events, "TENCENTCLOUD_RUNENV": "SCF"})


@pytest.fixture
def up() -> Iterator[Running]:
    """The local cloud, on a clock that stands still."""
    with serve_local("cloud", "--port", "0", environ={"ROOMSCRIBE_CLOCK": "manual"}) as running:
        yield running


class Sender:
    def __init__(self, url: str, name: str) -> None:
        self.url, self.name = url, name

    def send(self, **changed: str) -> int | None:
        """The status of the answer; None when there was none."""
        now_ms = httpx.get(f"{self.url}/_local/clock").json()["now_ms"]
        headers = {**sign(EVENTS_SECRET, now_ms // 1000, BODY), **changed}
        try:
            return httpx.post(
                f"{self.url}/_local/receiver/{self.name}", content=BODY, headers=headers
            ).status_code
        except httpx.RemoteProtocolError:
            return None

    def fault(self, **fault: Any) -> int:
        asked = {"where": "endpoint", "receiver": self.name, **fault}
        answer = httpx.post(f"{self.url}/_local/faults", json=asked)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def list(self) -> list[dict[str, Any]]:
        asked = {"receiver": self.name}
        found: list[dict[str, Any]] = httpx.get(f"{self.url}/_local/events", params=asked).json()[
            "events"
        ]
        return found


def test_what_arrived_is_listed_newest_first(up: Running) -> None:
    sender = Sender(up.url, "first")
    assert [sender.send(), sender.send(), sender.send(**{"webhook-id": "msg_9"})] == [204, 204, 401]
    newest, second, first = sender.list()
    assert (first["id"], first["type"], first["attempt"], first["verified"]) == (
        "msg_1",
        "roomscribe.test",
        1,
        True,
    )
    assert first["data"] == {"room_id": "class-7"}
    assert second["attempt"] == 2
    assert (newest["id"], newest["verified"], newest["answered"]) == ("msg_9", False, 401)


def test_status_is_a_fault(up: Running) -> None:
    sender = Sender(up.url, "status")
    sender.fault(what="status", times=1)
    sender.fault(what="status", status=410, times=1)
    sender.fault(what="status", status=503, room="another")
    assert [sender.send(), sender.send(), Sender(up.url, "other").send()] == [500, 204, 204]
    assert [one["answered"] for one in sender.list()] == [204, 500]


def test_dropped_answer_has_arrived_and_being_away_has_not(up: Running) -> None:
    sender = Sender(up.url, "away")
    sender.fault(what="drop", times=1)
    assert sender.send() is None
    assert [one["answered"] for one in sender.list()] == ["dropped"]
    number = sender.fault(what="away")
    assert [sender.send(), sender.send(), len(sender.list())] == [None, None, 1]
    httpx.delete(f"{up.url}/_local/faults/{number}")
    assert sender.send() == 204


def test_slow_answer_comes_when_its_time_has(up: Running) -> None:
    sender = Sender(up.url, "slow")
    sender.fault(what="slow", ms=60_000, times=1)

    async def play() -> list[int]:
        async with httpx.AsyncClient(timeout=30) as http:
            now_ms = (await http.get(f"{up.url}/_local/clock")).json()["now_ms"]
            headers = sign(EVENTS_SECRET, now_ms // 1000, BODY)
            address = f"{up.url}/_local/receiver/slow"
            answering = asyncio.ensure_future(http.post(address, content=BODY, headers=headers))
            while not (await http.get(f"{up.url}/_local/events?receiver=slow")).json()["events"]:
                assert not answering.done()
            assert not answering.done()
            await http.post(f"{up.url}/_local/clock", json={"advance_s": 60})
            return [(await answering).status_code]

    assert asyncio.run(play()) == [204]


def test_fault_that_makes_no_sense_is_refused(up: Running) -> None:
    refused: list[tuple[dict[str, object], str]] = [
        ({"what": "slow"}, "ms is needed"),
        ({"what": "away", "ms": 5}, "ms does not go with away"),
        ({"what": "drop", "status": 500}, "status does not go with drop"),
        ({"what": "gone"}, "away, drop, slow, status"),
    ]
    for fault, says in refused:
        answer = httpx.post(f"{up.url}/_local/faults", json={"where": "endpoint", **fault})
        assert answer.status_code == 400
        assert says in answer.json()["error"]


@pytest.mark.slow
def test_deliveries_are_tended_from_the_command_line(tmp_path: Any) -> None:
    environ = {"LEDGER_URL": f"sqlite:///{tmp_path}/ledger.db", "ROOMSCRIBE_CLOCK": "manual"}
    with serve_local("up", "--port", "0", environ=environ) as up:

        def run(*arguments: str) -> tuple[int, str]:
            done = run_local("deliveries", *arguments, "--url", up.url)
            return done.returncode, done.stdout + done.stderr

        assert run("test") == (0, run("test")[1])
        (event, _) = httpx.get(f"{up.url}/_local/events").json()["events"]
        assert (event["type"], event["verified"]) == ("roomscribe.test", True)
        code, output = run()
        assert (code, output) == (0, "Every event has been taken.\n0 dead, 0 waiting\n")
        httpx.post(f"{up.url}/_local/faults", json={"where": "endpoint", "what": "status"})
        code, output = run("test")
        assert (code, "NOT taken (500)" in output) == (1, True)
        room = {"room_id": "class-1", "room_id_type": 1, "user_id": "amy"}
        assert httpx.post(f"{up.url}/_local/rooms", json=room).is_success
        code, output = run("--json", "--state", "waiting")
        waiting = json.loads(output)["waiting"]
        assert [one["type"] for one in waiting] == ["transcription.started"]
        code, output = run()
        assert (code, waiting[0]["id"] in output, "class-1" in output) == (0, True, True)
        assert '"reference"' in run("show", waiting[0]["id"])[1]
        assert run("retry", waiting[0]["id"])[0] == 0
        assert "no such event" in run("show", "msg_9")[1]
        assert "which event" in run("show")[1]
        by_scf = run_local(
            *("deliveries", "--stage", "prod", "--region", "ap-singapore", "--json"),
            environ={
                "INVOKE_ENDPOINT": up.url,
                "TENCENT_SECRET_ID": "NotASecretId",
                "TENCENT_SECRET_KEY": "NotASecretKey",
            },
        )
        assert by_scf.returncode == 1
        assert "Invoke of roomscribe-prod-deliveries: ResourceNotFound" in by_scf.stderr
