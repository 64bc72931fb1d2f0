"""Numeric room 7 and string room "7" side by side: each with people, a session and a task of its own."""

from __future__ import annotations

import pytest

from shared.ledger import Ledger
from shared.room import NUMERIC_ROOM, STRING_ROOM, Room
from shared.scf import now_ms
from shared.signer import bot_user_id
from tests.support.emulator import APPLICATION, SDK_APP_ID
from tests.support.signed_callbacks import Scene

CREATED, DISMISSED, ENTERED = 101, 102, 103
HOUR_MS = 3_600_000
NUMERIC, STRING = Room(SDK_APP_ID, "7", NUMERIC_ROOM), Room(SDK_APP_ID, "7", STRING_ROOM)
ROOMS: dict[Room, int | str] = {NUMERIC: 7, STRING: "7"}  # as their callbacks name them
VISITORS = {NUMERIC: "ann", STRING: "bob"}


@pytest.fixture
def room_ledger_url(ledger_url: str) -> str:
    """The LEDGER_URL of the handler's ledger, of each engine in turn."""
    return ledger_url


def find_visitor(ledger: Ledger, room: Room) -> str:
    """The one person who is present in the room's only session."""
    (session,) = ledger.read(room).sessions
    (person,) = (person for person in ledger.list_people(session) if person.present)
    return person.user_id


def list_open(ledger: Ledger) -> list[Room]:
    """Which of the two rooms is open."""
    return [room for room in ROOMS if ledger.read(room).open_now]


def list_running(scene: Scene) -> list[Room]:
    """The room of every task that the API runs."""
    bots = {name_bot(room): room for room in ROOMS}
    return sorted(bots[str(task["bot_user_id"])] for task in scene.tasks())


def name_bot(room: Room) -> str:
    """The UserId of the bot of a room's task."""
    return bot_user_id(room, APPLICATION.secret_key)


def open_both(scene: Scene, first: Room) -> None:
    """Create both rooms, that one before the other, and let its visitor enter each."""
    for event_type in (CREATED, ENTERED):
        for room in (first, first.twin):
            assert scene.send(event_type, ROOMS[room], VISITORS[room]) == 200


@pytest.mark.parametrize("first", ROOMS)
def test_both_are_open_with_their_own_people_and_task(
    scene: Scene, ledger: Ledger, first: Room
) -> None:
    open_both(scene, first)
    assert list_open(ledger) == [NUMERIC, STRING]
    assert {room: find_visitor(ledger, room) for room in ROOMS} == VISITORS
    assert list_running(scene) == [NUMERIC, STRING]
    assert ledger.count_living(SDK_APP_ID) == 2
    assert set(ledger.list_due(now_ms() + HOUR_MS, 9)) == {NUMERIC, STRING}


@pytest.mark.parametrize("room", ROOMS)
def test_dismissal_in_its_own_type_leaves_the_other_room_as_it_was(
    scene: Scene, ledger: Ledger, room: Room
) -> None:
    open_both(scene, room)
    assert scene.send(DISMISSED, ROOMS[room]) == 200
    assert list_open(ledger) == [room.twin]
    assert find_visitor(ledger, room.twin) == VISITORS[room.twin]
    assert list_running(scene) == [room.twin]
    assert ledger.count_living(SDK_APP_ID) == 1
    assert ledger.list_due(now_ms() + HOUR_MS, 9) == [room.twin]


@pytest.mark.parametrize("room", ROOMS)
def test_dismissal_in_the_other_type_closes_the_room_that_is_left(
    scene: Scene, ledger: Ledger, room: Room
) -> None:
    """Its twin was closed later, so the dismissal cannot be the twin's."""
    open_both(scene, room)
    dismissed_ms = scene.now_ms()
    scene.send(DISMISSED, ROOMS[room.twin])
    assert scene.send(DISMISSED, ROOMS[room.twin], event_ms=dismissed_ms) == 200
    assert list_open(ledger) == []
    (session,) = ledger.read(room).sessions
    assert session.closed_ms == dismissed_ms
    assert list_running(scene) == []
    assert ledger.count_living(SDK_APP_ID) == 0
    assert ledger.list_due(now_ms() + HOUR_MS, 9) == []
