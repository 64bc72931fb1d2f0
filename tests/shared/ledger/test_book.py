"""What an event makes of a room's sessions: event time decides, never arrival."""

from __future__ import annotations

import pytest

from shared.errors import LedgerError
from shared.ledger import RoomBook, Session
from shared.ledger.document import Half
from shared.ledger.sessions import compare_times
from shared.room import Room
from shared.rules.decision import Rule

ROOM = Room(1400000000, "lobby", 1)
RULE = Rule(name="everything else", room=["*"])
PLANNED = Rule(name="planned", room=["*"], service="none")
S = 1000


def make_book(*spans: tuple[int, int | None], tombstone_ms: int = 0) -> RoomBook:
    """A book with sessions (opened_ms, closed_ms), the newest last."""
    sessions = [Session(f"s{o}", ROOM, o, o, RULE, closed_ms=c) for o, c in reversed(spans)]
    return RoomBook(ROOM, (Half(), Half(sessions, tombstone_ms)))


@pytest.mark.parametrize(
    ("event_ms", "than_ms", "precise", "order"),
    [
        (9_999, 10_000, True, -1),
        (10_000, 10_000, True, 0),
        (10_001, 10_000, True, 1),
        (10_000, 10_700, False, 0),
        (9_000, 10_000, False, -1),
        (11_000, 10_999, False, 1),
    ],
)
def test_event_known_to_the_second_is_compared_by_seconds(
    event_ms: int, than_ms: int, precise: bool, order: int
) -> None:
    assert compare_times(event_ms, than_ms, precise=precise) == order


@pytest.mark.parametrize(
    ("book", "event_ms", "creates", "opening"),
    [
        (make_book(), 100, True, "opened"),
        (make_book(tombstone_ms=100), 100, True, "gone"),
        (make_book(tombstone_ms=100), 101, False, "opened"),
        (make_book((100, None)), 100, True, "open"),
        (make_book((100, None)), 90, True, "stale"),
        (make_book((100, None)), 110, True, "newer"),
        (make_book((100, None)), 90, False, "open"),
        (make_book((100, None), tombstone_ms=95), 90, True, "stale"),
        (make_book((100, None), tombstone_ms=95), 90, False, "stale"),
        (make_book((10, 50), (100, None)), 50, False, "stale"),
        (make_book((10, 50), (100, None)), 60, False, "open"),
        (make_book((100, 200)), 150, True, "gone"),
        (make_book((100, 200)), 201, True, "opened"),
    ],
)
def test_opening_is_judged_by_event_time(
    book: RoomBook, event_ms: int, creates: bool, opening: str
) -> None:
    assert book.open_session(event_ms, RULE, creates=creates)[0] == opening


@pytest.mark.parametrize(
    ("event_ms", "opening"), [(4 * S, "stale"), (5 * S, "open"), (6 * S, "newer")]
)
def test_creation_known_to_the_second_is_judged_by_seconds(event_ms: int, opening: str) -> None:
    book = make_book((5 * S + 160, None))
    assert book.open_session(event_ms, RULE, precise=False)[0] == opening


def test_plan_is_used_up_by_the_next_session() -> None:
    book = make_book()
    book.half.plan = PLANNED
    _, first = book.open_session(100, RULE)
    book.close_session(200)
    _, second = book.open_session(300, RULE)
    assert first
    assert second
    assert (first.rule, second.rule) == (PLANNED, RULE)


@pytest.mark.parametrize(
    ("span", "event_ms", "closing"),
    [
        ((100, None), 99, "stale"),
        ((100, None), 100, "closed"),
        ((100, 200), 200, "already_closed"),
        ((100, 200), 150, "stale"),
        ((100, 200), 250, "unknown"),
    ],
)
def test_closing_is_judged_by_event_time(
    span: tuple[int, int | None], event_ms: int, closing: str
) -> None:
    assert make_book(span).close_session(event_ms) == closing


def test_closing_of_a_room_never_seen_is_unknown() -> None:
    assert make_book().close_session(100) == "unknown"


def test_closing_known_to_the_second_lasts_that_second() -> None:
    book = make_book((5 * S + 100, None))
    assert book.close_session(5 * S, precise=False) == "closed"
    assert book.sessions[0].closed_ms == 5 * S + 999
    assert book.open_session(5 * S + 500, RULE, creates=False)[0] == "gone"
    assert book.close_session(5 * S, precise=False) == "already_closed"


def test_session_whose_end_was_lost_is_closed_before_the_next() -> None:
    book = make_book((100, None))
    session = book.reopen_session("s100", 300, RULE)
    assert session
    assert (book.sessions[1].closed_ms, session.opened_ms) == (299, 300)
    assert book.latest is session


def test_nothing_is_reopened_or_redated_that_closed_meanwhile() -> None:
    for book in (make_book((100, 200)), make_book((100, 150), (160, None))):
        assert book.reopen_session("s100", 300, RULE) is None
        assert book.redate_session("s100", 300) is None
    assert make_book((100, None)).reopen_session("s100", 100, RULE) is None


def test_redating_only_moves_forward() -> None:
    book = make_book((100, None))
    book.redate_session("s100", 300)
    book.redate_session("s100", 200)
    assert book.sessions[0].dated_ms == 300
    assert book.close_session(250) == "stale"


def test_session_that_is_no_longer_here_is_an_error() -> None:
    with pytest.raises(LedgerError):
        make_book().get("s100")


def test_latest_unseen_closing_counts() -> None:
    book = make_book()
    book.bury(200)
    book.bury(100)
    assert book.tombstone_ms == 200
