"""All meetings of an application, piece by piece, the same on every engine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.ledger import Ledger
from shared.ledger.deliveries import Deliveries, Delivery
from shared.ledger.engine import Score
from shared.ledger.layout import RoomKeys
from shared.ledger.meetings import SAME_MS, Place, walk_meetings
from shared.room import Room
from shared.transcripts.records import FOR_EVER_MS
from tests.support.ledger_steps import APP, ROOM, T, close_room, open_session

START = Place(FOR_EVER_MS)
APPS = count(1_500_000_000)  # a new application for each example


def walk(
    ledger: Ledger, after: Place = START, from_ms: int = 0, piece: int = 3, app: int = APP
) -> list[str]:
    return [place.session_id for place, *_ in walk_meetings(ledger, app, after, from_ms, piece)]


def name_rooms(number: int, app: int = APP) -> list[Room]:
    """Rooms in the order of their sessions' ids, if all open at once: of both id types."""
    rooms = [Room(app, str(1000 + i), i % 2) for i in range(number)]
    return sorted(rooms, key=lambda room: (room.room_id_type, room.room_id))


def test_the_newest_is_first_in_pieces_of_any_size(ledger: Ledger) -> None:
    opened = [open_session(ledger, T + i, room).id for i, room in enumerate(name_rooms(7))]
    for piece in (1, 2, 3, 7, 50):
        assert walk(ledger, piece=piece) == opened[::-1]
    assert walk(ledger, Place(T + 4), T + 2) == opened[4:1:-1]
    assert walk(ledger, Place(T + 4, opened[4]), T + 2) == opened[3:1:-1]
    assert walk(ledger, Place(T + 1), T + 2) == []


def test_sessions_of_one_ms_stand_in_the_order_of_their_ids(ledger: Ledger) -> None:
    rooms = name_rooms(4 * SAME_MS)
    opened = [open_session(ledger, T, room).id for room in rooms]
    before = open_session(ledger, T - 1, ROOM).id
    after = open_session(ledger, T + 1, ROOM.twin).id
    for piece in (1, 5, 100):
        assert walk(ledger, piece=piece) == [after, *opened, before]


def test_meeting_is_read_from_the_document_and_from_what_has_left_it(ledger: Ledger) -> None:
    sessions = []
    for number in range(4):
        sessions.append(open_session(ledger, T + 10 * number))
        close_room(ledger, T + 10 * number + 5)
    numeric = open_session(ledger, T + 100, ROOM.twin)
    delivery = Delivery(version=3, sentences=2, speakers=["ann"], languages=["en"])
    deliveries = Deliveries(ledger)
    deliveries.note(sessions[0].id, deliveries.read(sessions[0].id), delivery, None)
    found = [(one, told) for _, one, told in walk_meetings(ledger, APP, START, 0, 50) if one]
    assert [one.id for one, _ in found] == [numeric.id, *(s.id for s in sessions[::-1])]
    assert [one.room for one, _ in found] == [ROOM.twin, *[ROOM] * 4]
    assert [one.closed_ms for one, _ in found] == [None, T + 35, T + 25, T + 15, T + 5]
    assert [told for _, told in found] == [Delivery()] * 4 + [delivery]


def test_applications_never_see_each_other(ledger: Ledger) -> None:
    other = Room(APP + 1, ROOM.room_id, ROOM.room_id_type)
    own, theirs = open_session(ledger), open_session(ledger, T + 1, other)
    assert walk(ledger) == [own.id]
    assert walk(ledger, app=APP + 1) == [theirs.id]
    assert walk(ledger, Place(T + 2, theirs.id)) == [own.id]
    assert walk(ledger, app=APP + 2) == []


def test_forgotten_session_leaves_the_list_and_moves_no_place(ledger: Ledger) -> None:
    rooms = name_rooms(3)
    opened = [open_session(ledger, T + i, room).id for i, room in enumerate(rooms)]
    close_room(ledger, T + 10, rooms[1])
    walking = walk_meetings(ledger, APP, START, 0, 1)
    newest = next(walking)[0]
    ledger.forget_old(T + 11)
    assert [place.session_id for place, *_ in walking] == [opened[0]]
    assert walk(ledger, newest) == [opened[0]]


def test_session_forgotten_between_list_and_read_is_none(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.change(ROOM, lambda book: book.sessions.clear())
    keys = RoomKeys(ROOM)
    with ledger.engine.changing():
        ledger.engine.swap(keys.tag, {}, [Score(keys.opened, session.id, -T)])
    found = [*walk_meetings(ledger, APP, START, 0, 50)]
    assert found == [(Place(T, session.id), None, Delivery())]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from("ab*é😀 "), st.integers(0, 1)), max_size=12
    ),
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from("ab*é😀 "), st.integers(0, 1)), max_size=6
    ),
    st.integers(1, 4),
    st.integers(0, 6),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_is_met_twice_and_nobody_is_missed(
    ledger: Ledger,
    first: list[tuple[int, str, int]],
    meanwhile: list[tuple[int, str, int]],
    piece: int,
    after: int,
) -> None:
    """Whoever was there at the beginning is met once, though others open and close meanwhile."""
    app = next(APPS)

    def open_all(sessions: list[tuple[int, str, int]]) -> Iterator[str]:
        for ms, name, id_type in sessions:
            yield open_session(ledger, T + ms, Room(app, f"{name}{ms}", id_type)).id

    here = {*open_all(first)}
    met: list[Place] = []
    place = START
    for _ in range(after):
        step = next(walk_meetings(ledger, app, place, 0, piece), None)
        if step is None:
            break
        place = step[0]
        met.append(place)
    added = {*open_all(meanwhile)}
    for ms, name, id_type in first[::2]:
        close_room(ledger, T + ms + 1_000, Room(app, f"{name}{ms}", id_type))
    met += [place for place, *_ in walk_meetings(ledger, app, place, 0, piece)]
    ids = [place.session_id for place in met]
    assert len(ids) == len({*ids})
    assert here <= {*ids} <= here | added
    assert met == sorted(met, key=lambda place: (-place.opened_ms, place.session_id))
