"""One change of a document: both id types, one user's presence, and what was known of it before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.ledger import Ledger, Person, RoomBook, claims
from shared.room import Room
from tests.support.ledger_steps import (
    APP,
    ROOM,
    RULE,
    T,
    another_instance,
    claim,
    close_room,
    finish,
    note_person,
    open_session,
)

LATER = T + 10_000_000


def enter(book: RoomBook) -> None:
    """Ann is there, and talks."""
    book.note_presence(T + 1, present=True, microphone=True)


def see(ledger: Ledger, user_id: str = "ann") -> bool:
    return ledger.read(ROOM, user_id).presence.present


def test_presence_is_read_and_saved_with_the_document(ledger: Ledger) -> None:
    def create(book: RoomBook) -> None:
        book.open_session(T, RULE)
        enter(book)

    ledger.change(ROOM, create, user_id="ann")
    (session,) = ledger.read(ROOM).sessions
    assert ledger.list_people(session) == [Person("ann", True, True, T + 1, T + 1)]
    assert (see(ledger, "ann"), see(ledger, "bob"), see(ledger, "")) == (True, False, False)


def test_presence_alone_leaves_the_document_as_it_was(ledger: Ledger) -> None:
    open_session(ledger)
    known = ledger.read(ROOM)
    ledger.change(ROOM, enter, user_id="ann")
    assert see(ledger)
    assert ledger.read(ROOM).seen == known.seen


def test_nobody_is_present_in_a_room_without_a_session(ledger: Ledger) -> None:
    ledger.change(ROOM, enter, user_id="ann")
    assert not see(ledger)
    open_session(ledger)
    assert not see(ledger)


def test_people_stay_with_their_session_when_the_next_one_begins(ledger: Ledger) -> None:
    sessions = []
    for number, user_id in enumerate(["ann", "bob", "zoe"]):
        sessions.append(open_session(ledger, T + 10 * number))
        ledger.change(ROOM, enter, user_id=user_id)
        close_room(ledger, T + 10 * number + 5)
    names = [[person.user_id for person in ledger.list_people(one)] for one in sessions]
    assert names == [["ann"], ["bob"], ["zoe"]]
    assert [see(ledger, user_id) for user_id in ("ann", "bob", "zoe")] == [False, False, True]


def test_session_that_begins_in_a_change_starts_with_nobody(ledger: Ledger) -> None:
    first = open_session(ledger)
    ledger.change(ROOM, enter, user_id="ann")
    seen = []

    def reopen(book: RoomBook) -> None:
        book.reopen_session(first.id, T + 10, RULE)
        seen.append(book.presence.present)
        book.note_presence(T + 20, present=True, microphone=None)

    ledger.change(ROOM, reopen, user_id="ann")
    second = ledger.read(ROOM).sessions[0]
    assert seen == [False]
    assert ledger.list_people(first) == [Person("ann", True, True, T + 1, T + 1)]
    assert ledger.list_people(second) == [Person("ann", True, False, T + 20)]


def test_person_of_an_earlier_session_is_not_noted_in_a_later_one(ledger: Ledger) -> None:
    first = open_session(ledger)
    close_room(ledger, T + 5)
    second = open_session(ledger, T + 10)
    note_person(ledger, first, "ann", T + 1, present=True, microphone=None)
    assert (ledger.list_people(first), ledger.list_people(second)) == ([], [])


def test_one_change_may_close_the_twin(ledger: Ledger) -> None:
    numeric = Room(APP, "7", 0)
    claim(ledger, room=numeric)
    finish(ledger, room=numeric)

    def close(book: RoomBook) -> int | None:
        book.bury(T + 5)
        book.twin.close_session(T + 5)
        stops, _ = claims.begin_stops(book.twin.sessions[0], T + 5)
        claims.note_ended(stops[0], [stops[0].task_id], T + 5)
        return book.living

    assert ledger.change(numeric.twin, close) is None
    assert ledger.read(numeric).sessions[0].closed_ms == T + 5
    assert ledger.read(numeric.twin).sessions == []
    assert ledger.read(numeric.twin).tombstone_ms == T + 5
    assert (ledger.list_due(LATER, 9), ledger.count_living(APP)) == ([], 0)


def test_change_tells_how_many_tasks_live_after_it(ledger: Ledger) -> None:
    for number in range(3):
        claim(ledger, room=Room(APP, f"room-{number}", 1))
    assert ledger.change(ROOM, lambda book: book).living is None
    assert ledger.change(ROOM, bury).living == 3
    finish(ledger, room=Room(APP, "room-0", 1))
    close_room(ledger, T + 5, Room(APP, "room-0", 1))
    assert ledger.change(ROOM, bury).living == 2


def bury(book: RoomBook) -> RoomBook:
    book.bury(book.tombstone_ms + 1)
    return book


def test_known_book_is_worked_on_as_long_as_it_is_what_the_ledger_says(ledger: Ledger) -> None:
    known = ledger.read(ROOM)
    for number in range(1, 4):
        known = ledger.change(ROOM, bury, known=known)
        assert known.tombstone_ms == number
        assert ledger.read(ROOM).tombstone_ms == number


def test_known_book_is_not_changed_itself(ledger: Ledger) -> None:
    known = ledger.read(ROOM)
    ledger.change(ROOM, bury, known=known)
    assert known.tombstone_ms == 0


@pytest.mark.parametrize("work", [bury, lambda book: book])
def test_known_book_that_is_stale_is_loaded_again_also_to_change_nothing(
    ledger: Ledger, work: Callable[[RoomBook], RoomBook]
) -> None:
    known = ledger.read(ROOM)
    open_session(ledger)
    book = ledger.change(ROOM, work, known=known)
    assert book.open_now
    assert ledger.read(ROOM).document == book.document


def test_known_book_whose_user_came_meanwhile_is_loaded_again(ledger: Ledger) -> None:
    open_session(ledger)
    known = ledger.read(ROOM, "ann")
    ledger.change(ROOM, enter, user_id="ann")

    def leave(book: RoomBook) -> bool:
        was_present = book.presence.present
        book.note_presence(T + 2, present=False, microphone=False)
        return was_present

    assert ledger.change(ROOM, leave, user_id="ann", known=known)
    assert not see(ledger)


def test_known_book_of_another_user_tells_nothing_of_this_one(ledger: Ledger) -> None:
    open_session(ledger)
    ledger.change(ROOM, enter, user_id="ann")
    known = ledger.read(ROOM, "bob")
    assert ledger.change(ROOM, lambda book: book.presence.present, user_id="ann", known=known)


def test_known_book_serves_for_its_twin(ledger: Ledger) -> None:
    open_session(ledger)
    known = ledger.read(ROOM, "ann")
    assert ledger.change(ROOM.twin, bury, known=known.twin).tombstone_ms == 1
    assert ledger.read(ROOM).open_now
    assert ledger.read(ROOM.twin).tombstone_ms == 1


def test_twin_is_as_another_instance_reads_it(ledger: Ledger, ledger_url: str) -> None:
    open_session(ledger)
    open_session(ledger, room=ROOM.twin)
    book = ledger.read(ROOM)
    with another_instance(ledger_url) as other:
        assert other.read(ROOM.twin).document == book.document
        assert other.read(ROOM).half == book.twin.twin.half


def test_work_that_fails_on_a_stale_book_is_done_again_on_a_fresh_one(ledger: Ledger) -> None:
    stale = ledger.read(ROOM)
    session = open_session(ledger)
    found = ledger.change(ROOM, lambda book: book.get(session.id).id, known=stale)
    assert found == session.id
