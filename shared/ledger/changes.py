"""What follows from a change of a room's document: lines of indexes, counts, whose people are whose. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from shared.ledger import claims
from shared.ledger.document import Half, Session
from shared.ledger.due import find_next_look, list_living
from shared.ledger.engine import Change, Ended, Line, Older
from shared.ledger.names import name_ended, name_room
from shared.ledger.sessions import SESSIONS_LOADED, RoomBook

DUE = "due"  # an index of rooms, by the ms at which something of them is due
OVER = "over"  # an index of sessions of which nothing lives, by the ms they closed
BURIED = "buried"  # an index of rooms, by their tombstone
LIVING = "living/"  # begins the counters of living tasks; the state follows
OPEN_KEPT_S = 30 * 86_400  # longer: what belongs to an open session, of which nothing is heard
EMPTY = msgspec.json.encode((Half(), Half()))

Places = dict[tuple[str, str], int]  # the score by index and member


class Keeping(NamedTuple):
    """For how many seconds what is over is kept; `by_index`: it does not end by itself."""

    keep_s: int
    by_index: bool

    def find_s(self, session: Session | None) -> int:
        """For how long to keep what belongs to a session, if nothing more is heard of it."""
        is_open = session is not None and session.closed_ms is None
        return self.keep_s + (OPEN_KEPT_S if is_open else 0)


def encode_document(book: RoomBook) -> bytes:
    """The bytes of a book's document; b"" when it says nothing."""
    document = msgspec.json.encode(book.document)
    return b"" if document == EMPTY else document


def compose_change(former: RoomBook, book: RoomBook, keeping: Keeping) -> Change:
    """All that must be written so that a document which said what `former` says will say what `book` says.

    Sessions that are too many leave the book.
    """
    lines: list[Line] = []
    moves: list[tuple[str, str]] = []
    ended: list[Ended] = []
    older: list[Older] = []
    counts: dict[str, int] = {}
    for before, after in ((former, book), (former.twin, book.twin)):
        if before.half != after.half:
            lines += _compare_places(_find_places(before, keeping), _find_places(after, keeping))
            moves += _list_moves(before, after)
            ended += _list_ended(before, after)
            older += _take_older(after)
            _add_living(counts, before, -1)
            _add_living(counts, after, 1)
    return Change(
        document=encode_document(book),
        moves=moves,
        older=older,
        ended=ended,
        lines=lines,
        counts={name: count for name, count in counts.items() if count},
        keep_s=None if keeping.by_index else _find_keep_s(book, keeping),
        ended_keep_s=keeping.keep_s,
    )


def _find_keep_s(book: RoomBook, keeping: Keeping) -> int | None:
    """For how long to keep the document: for ever (None) while anything is due, lives, or is planned."""
    books = (book, book.twin)
    if any(one.plan or find_next_look(one) is not None or list_living(one) for one in books):
        return None
    return keeping.find_s(book.open_now or book.twin.open_now)


def _find_places(book: RoomBook, keeping: Keeping) -> Places:
    """Where a room and its sessions stand in the indexes."""
    places: Places = {}
    look_ms = find_next_look(book)
    if look_ms is not None:
        places[DUE, name_room(book.room)] = look_ms
    if keeping.by_index:
        places.update(_find_ends(book))
    return places


def _find_ends(book: RoomBook) -> Iterator[tuple[tuple[str, str], int]]:
    """When what may be deleted some day was over."""
    for place, session in enumerate(book.sessions):
        # Of a session that leaves the document nobody can finish anything any more.
        is_over = place >= SESSIONS_LOADED or not claims.is_unfinished(session)
        if session.closed_ms is not None and is_over:
            yield (OVER, session.id), session.closed_ms
    if book.half.tombstone_ms and not book.plan:
        yield (BURIED, name_room(book.room)), book.half.tombstone_ms


def _compare_places(before: Places, after: Places) -> list[Line]:
    return [
        Line(*key, after.get(key))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]


def _add_living(counts: dict[str, int], book: RoomBook, times: int) -> None:
    for task in list_living(book):
        name = LIVING + task.state
        counts[name] = counts.get(name, 0) + times


def _list_ended(before: RoomBook, after: RoomBook) -> Iterator[Ended]:
    closed = {session.id for session in before.sessions if session.closed_ms is not None}
    for place, session in enumerate(after.sessions):
        if session.closed_ms is not None and session.id not in closed:
            owner = name_ended(session.id) if place else name_room(after.room)
            yield Ended(session.id, owner)


def _list_moves(before: RoomBook, after: RoomBook) -> Iterator[tuple[str, str]]:
    """People go with their session: the room owns those of the newest one only."""
    old, new = (book.latest.id if book.latest else "" for book in (before, after))
    if old == new:
        return
    yield name_room(after.room), name_ended(old) if old else ""
    if any(session.id == new for session in before.sessions):
        yield name_ended(new), name_room(after.room)


def _take_older(book: RoomBook) -> Iterator[Older]:
    while len(book.sessions) > SESSIONS_LOADED:
        session = book.sessions.pop()
        yield Older(book.room, session.id, msgspec.json.encode(session))
