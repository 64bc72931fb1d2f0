"""Two builds of Roomscribe share one ledger, as they do for minutes while functions are updated one by one.

The newer build is this one with changes of its source, because nothing older was ever released; once 1.0.0
is, its recorded zip takes the older one's place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from shared.ledger import open_ledger
from shared.room import Room
from shared.scf import now_ms
from shared.signer import sign_callback
from tests.support.builds import Build, add_fields, leave, raise_generation
from tests.support.emulator import APPLICATION, SDK_APP_ID, RunningCloud
from tests.support.stored_cells import Store, read_store
from tests.support.stored_fields import find_added

pytestmark = pytest.mark.slow

LOBBY = Room(SDK_APP_ID, "lobby", 1)
GONE_MS = 600_000  # all of it happened so long ago that what closed is to be delivered


@dataclass
class House:
    """Two builds over one ledger; after each step of the older, what the newer has added is still there."""

    newer: Build
    older: Build
    url: str
    cloud: RunningCloud
    lost: list[str] = field(default_factory=list)
    _clock: Iterator[int] = field(default_factory=lambda: count(now_ms() - GONE_MS))

    def step(self, build: Build, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Let a build's function run."""
        before = find_added(read_store(self.url))
        answer = build.run(function, event)
        after = find_added(read_store(self.url))
        if build is self.older:
            self.lost += [path for path, has in after.items() if before.get(path) and not has]
        return answer

    def tell(self, build: Build, event_type: int, user_id: str | None = None, **info: Any) -> int:
        """Deliver a callback about the lobby to a build; the HTTP status."""
        event_ms = next(self._clock)
        about = {"RoomId": LOBBY.room_id, "EventMsTs": event_ms, **info}
        if user_id:
            about |= {"UserId": user_id, "Role": 20}
        told = {"EventGroupId": event_type // 100, "EventType": event_type, "EventInfo": about}
        body = json.dumps({**told, "CallbackTs": now_ms()})
        headers = {
            "content-type": "application/json",
            "sign": sign_callback(APPLICATION.callback_key, body.encode()),
            "sdkappid": str(SDK_APP_ID),
        }
        event = {"httpMethod": "POST", "path": "/", "headers": headers, "body": body}
        status: int = self.step(build, "trtc_callback", event)["statusCode"]
        return status

    def say(self, build: Build, task_id: str, number: int, language: str = "") -> int:
        """TRTC tells of a sentence, or of its translation."""
        text = {"TranslationText": "hao", "TranslationLanguage": language}
        payload = {
            "UserId": "ann",
            "RoundId": str(number),
            **(text if language else {"Text": "hi"}),
        }
        event_type = 1404 if language else 1403
        return self.tell(build, event_type, RoomIdType=1, TaskId=task_id, Payload=payload)

    def list_running(self) -> list[str]:
        """The tasks that run."""
        tasks = self.cloud.list_tasks()
        return [str(one["task_id"]) for one in tasks if one["status"] not in ("Stopped", "Exited")]


@pytest.fixture
def house(make_build: Any, ledger_url: str, cloud: RunningCloud) -> House:
    return House(make_build("newer", add_fields), make_build("older", leave), ledger_url, cloud)


def meet(house: House, first: Build, second: Build) -> None:
    """A meeting of which each build is told in turn."""
    assert house.tell(first, 101, "ann") == 200
    assert house.tell(second, 101, "ann") == 200
    (task_id,) = house.list_running()
    assert house.tell(second, 1401, RoomIdType=1, TaskId=task_id, Payload={"Status": 0}) == 200
    for build, other in ((first, second), (second, first)):
        assert house.tell(build, 103, "ann") == 200
        assert house.tell(other, 203, "ann") == 200
    for number in range(4):
        build, other = (first, second) if number % 2 else (second, first)
        assert house.say(build, task_id, number) == 200
        assert house.say(other, task_id, number, "zh") == 200
    assert house.list_running() == [task_id]
    assert house.tell(second, 102) == 200
    assert house.tell(first, 102) == 200
    assert house.list_running() == []


def test_what_the_newer_build_adds_outlives_the_older_ones_writes(house: House) -> None:
    newer, older = house.newer, house.older
    for number in range(4):  # the older sessions leave the room's document
        meet(house, *((newer, older) if number % 2 == 0 else (older, newer)))
    ledger = open_ledger(house.url)
    sessions = ledger.list_sessions(LOBBY, 9)
    assert [len(ledger.list_sentences(session, 0)) for session in sessions] == [4, 4, 4, 4]
    for build, name in ((newer, "Ann"), (older, "Anna"), (newer, "Anne"), (older, "Annie")):
        people = [{"user_id": "ann", "name": name}, {"user_id": "eve", "opted_out": True}]
        assert house.step(build, "set_people", {"people": people})["set"] == 1
    for build in (older, newer, older, newer):
        for session in sessions:
            ledger.ask_delivery(session.id, 1)
        assert house.step(build, "deliver", {})["outcome"] == "delivered"
        assert house.step(build, "drain_starts", {})["outcome"] == "drained"
        deletes = {"room_id": "lobby", "room_id_type": 1, "session": sessions[-1].id}
        house.step(build, "delete_transcript", deletes)
    assert house.lost == []
    kinds = {
        path.partition(":")[0] for path, has in find_added(read_store(house.url)).items() if has
    }
    assert kinds >= {"document", "older", "people", "ended", "sentences", "deletion", "delivered"}
    assert kinds >= {"outbox", "users"}


def test_older_build_says_that_it_cannot_read_and_harms_nothing(
    make_build: Any, ledger_url: str, cloud: RunningCloud
) -> None:
    newer, older = make_build("newer", raise_generation), make_build("older", leave)
    house = House(newer, older, ledger_url, cloud)
    assert house.tell(newer, 101, "ann") == 200
    (task_id,) = house.list_running()
    assert house.say(newer, task_id, 1) == 200
    before = read_rooms(ledger_url)
    statuses = [
        house.tell(older, 101, "ann"),
        house.tell(older, 103, "bob"),
        house.say(older, task_id, 1),
        house.say(older, task_id, 2),
        house.tell(older, 102),
    ]
    assert statuses == [503] * 5
    (finding, *_) = older.run("check_deployment", {})["findings"]
    assert (finding["level"], finding["check"]) == ("FAIL", "ledger")
    assert "was written by a newer version of Roomscribe" in finding["text"]
    assert finding["remedy"] == "finish the deploy of that version, or put its package back"
    assert older.run("deliver", {})["outcome"] == "delivered"
    assert older.run("drain_starts", {})["outcome"] == "drained"
    assert read_rooms(ledger_url) == before
    assert house.list_running() == [task_id]
    assert "finish the deploy of that version" in "".join(older.printed)
    assert house.tell(newer, 102) == 200
    assert house.list_running() == []


def read_rooms(url: str) -> Store:
    """What a ledger tells of rooms; leases and counts of callbacks are no room's."""
    return {
        tag: {
            key: held
            for key, held in keys.items()
            if key.partition(":")[0]
            not in ("leases", "traffic", "reconciled", "told", "hours", "marks")
        }
        for tag, keys in read_store(url).items()
        if tag != "0"
    }
