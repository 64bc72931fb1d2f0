"""All that must be written when a room's document changes: pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.json import encode

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
    """All that must be written with a document that said what `former` says and will say what `book` says.

    Sessions that are too many leave the book.
    """
    writes: list[Write] = []
    for before, after in ((former, book), (former.twin, book.twin)):
        if before.half != after.half:
            keys = RoomKeys(after.room)
            writes += _move_scores(keys, before, after, keeping)
            writes += _move_people(keys, before, after)
            if keeping.expires:
                writes += _list_keeps(keys, before, after, keeping.keep_s)
            while len(after.sessions) > SESSIONS_LOADED:
                session = after.sessions.pop()
                writes.append(Put(Cell(keys.older, session.id), encode(session)))
    if keeping.expires:
        writes.append(Keep(RoomKeys(book.room).document.key, _find_keep_s(book, keeping)))
    return writes


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
) -> Iterator[Score | Add]:
    old, new = (_find_places(keys, book, keeping) for book in (before, after))
    for index, member in {**old, **new}:
        was, now = old.get((index, member)), new.get((index, member))
        if was != now and index == keys.living:
            yield Add(index, member, (now or 0) - (was or 0))
        elif was != now:
            yield Score(index, member, now)


def _find_places(keys: RoomKeys, book: RoomBook, keeping: Keeping) -> dict[tuple[str, str], int]:
    """The room and its sessions in the indexes: what is due, how many tasks live, what is over."""
    places: dict[tuple[str, str], int] = {}
    look_ms = find_next_look(book)
    if look_ms is not None:
        places[DUE, keys.name] = look_ms
    for task in list_living(book):
        place = (keys.living, task.state)
        places[place] = places.get(place, 0) + 1
    if not keeping.expires:
        places.update(_find_ends(keys, book))
    return places


def _find_ends(keys: RoomKeys, book: RoomBook) -> Iterator[tuple[tuple[str, str], int]]:
    for place, session in enumerate(book.sessions):
        # Of a session that leaves the document nobody can finish anything any more.
        is_over = place >= SESSIONS_LOADED or not session.is_unfinished
        if session.closed_ms is not None and is_over:
            yield (OVER, session.id), session.closed_ms
    if book.half.tombstone_ms and not book.half.plan:
        yield (BURIED, keys.name), book.half.tombstone_ms


def _move_people(keys: RoomKeys, before: RoomBook, after: RoomBook) -> Iterator[Move]:
    """People go with their session: under the room's key are those of the newest one only."""
    old, new = (book.latest.id if book.latest else "" for book in (before, after))
    if old != new:
        yield Move(keys.people, ended_key(old) if old else "")
        if any(session.id == new for session in before.sessions):
            yield Move(ended_key(new), keys.people)


def _list_keeps(keys: RoomKeys, before: RoomBook, after: RoomBook, keep_s: int) -> Iterator[Keep]:
    for session in list_ended(before, after):
        key = keys.people if session is after.latest else ended_key(session.id)
        yield Keep(key, keep_s)
    yield Keep(keys.older, keep_s)
