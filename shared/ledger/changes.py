"""All that must be written when a room's document changes: pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.json import encode

from shared.ledger import claims
from shared.ledger.document import Half, Session
from shared.ledger.due import find_next_look, list_living
from shared.ledger.engine import Add, Cell, Keep, Move, Put, Score, Write
from shared.ledger.keys import BURIED, DUE, OVER, RoomKeys, ended_key
from shared.ledger.sessions import SESSIONS_LOADED, RoomBook

OPEN_KEPT_S = 30 * 86_400  # longer: what belongs to an open session, of which nothing is heard
EMPTY = encode((Half(), Half()))


class Keeping(NamedTuple):
    """For how many seconds what is over is kept; `expires`: the engine sees to it."""

    keep_s: int
    expires: bool

    def find_s(self, session: Session | None) -> int:
        """For how long to keep what belongs to a session, if nothing more is heard of it."""
        is_open = session is not None and session.closed_ms is None
        return self.keep_s + (OPEN_KEPT_S if is_open else 0)


def encode_document(book: RoomBook) -> bytes:
    """The bytes of a book's document; b"" when it says nothing."""
    document = encode(book.document)
    return b"" if document == EMPTY else document


def list_writes(former: RoomBook, book: RoomBook, keeping: Keeping) -> list[Write]:
    """All that must be written so that what said what `former` says will say what `book` says.

    Sessions that are too many leave the book.
    """
    writes: list[Write] = []
    for before, after in ((former, book), (former.twin, book.twin)):
        if before.half != after.half:
            keys = RoomKeys(after.room)
            writes += _move_scores(keys, before, after, keeping)
            writes += _count_living(keys, before, after)
            writes += _move_people(keys, before, after)
            writes += _list_keeps(keys, before, after, keeping)
            writes += _take_older(keys, after)
    document = RoomKeys(book.room).document
    return [
        Put(document, encode_document(book)),
        *([Keep(document.key, _find_keep_s(book, keeping))] if keeping.expires else []),
        *writes,
    ]


def list_ended(before: RoomBook, after: RoomBook) -> list[Session]:
    """The sessions that are closed now and were not before."""
    closed = [session.id for session in before.sessions if session.closed_ms is not None]
    return [one for one in after.sessions if one.closed_ms is not None and one.id not in closed]


def _find_keep_s(book: RoomBook, keeping: Keeping) -> int | None:
    """For how long to keep the document: for ever (None) while anything is due, lives, or is planned."""
    books = (book, book.twin)
    if any(one.plan or find_next_look(one) is not None or list_living(one) for one in books):
        return None
    return keeping.find_s(book.open_now or book.twin.open_now)


def _move_scores(
    keys: RoomKeys, before: RoomBook, after: RoomBook, keeping: Keeping
) -> Iterator[Score]:
    old, new = (dict(_find_places(keys, book, keeping)) for book in (before, after))
    for place in {**old, **new}:
        if old.get(place) != new.get(place):
            yield Score(*place, new.get(place))


def _find_places(
    keys: RoomKeys, book: RoomBook, keeping: Keeping
) -> Iterator[tuple[tuple[str, str], int]]:
    """Where the room and its sessions stand in the indexes: what is due, and what is over."""
    look_ms = find_next_look(book)
    if look_ms is not None:
        yield (DUE, keys.name), look_ms
    if keeping.expires:
        return
    for place, session in enumerate(book.sessions):
        # Of a session that leaves the document nobody can finish anything any more.
        is_over = place >= SESSIONS_LOADED or not claims.is_unfinished(session)
        if session.closed_ms is not None and is_over:
            yield (OVER, session.id), session.closed_ms
    if book.half.tombstone_ms and not book.plan:
        yield (BURIED, keys.name), book.half.tombstone_ms


def _count_living(keys: RoomKeys, before: RoomBook, after: RoomBook) -> Iterator[Add]:
    counts: dict[str, int] = {}
    for book, times in ((before, -1), (after, 1)):
        for task in list_living(book):
            counts[task.state] = counts.get(task.state, 0) + times
    return (Add(keys.living, state, more) for state, more in counts.items() if more)


def _move_people(keys: RoomKeys, before: RoomBook, after: RoomBook) -> Iterator[Move]:
    """People go with their session: under the room's key are those of the newest one only."""
    old, new = (book.latest.id if book.latest else "" for book in (before, after))
    if old != new:
        yield Move(keys.people, ended_key(old) if old else "")
        if any(session.id == new for session in before.sessions):
            yield Move(ended_key(new), keys.people)


def _list_keeps(
    keys: RoomKeys, before: RoomBook, after: RoomBook, keeping: Keeping
) -> Iterator[Keep]:
    for session in list_ended(before, after):
        key = keys.people if session is after.latest else ended_key(session.id)
        yield Keep(key, keeping.keep_s)
    if len(after.sessions) > SESSIONS_LOADED:
        yield Keep(keys.older, keeping.keep_s)


def _take_older(keys: RoomKeys, book: RoomBook) -> Iterator[Write]:
    while len(book.sessions) > SESSIONS_LOADED:
        session = book.sessions.pop()
        yield Put(Cell(keys.older, session.id), encode(session))
