"""What follows from a change of a room's document: lines of indexes, counts, whose people are whose. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from shared.ledger import claims
from shared.ledger.document import Document, Half, Session
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


def compose_change(before: Document, book: RoomBook, keeping: Keeping) -> Change:
    """All that must be written so that the document, once `before`, says what the book says now.

    Sessions that are too many leave the book.
    """
    books = (book, book.twin)
    former = [RoomBook.view(one.room, before) for one in books]
    places, living = _find_places(books, keeping), _count_living(books)
    counts = Counter(living)
    counts.subtract(_count_living(former))
    ended = [one for pair in zip(former, books, strict=True) for one in _list_ended(*pair)]
    moves = [one for pair in zip(former, books, strict=True) for one in _list_moves(*pair)]
    older = [one for each in books for one in _take_older(each)]
    is_needed = living or any(one.plan for one in books) or any(key[0] == DUE for key in places)
    open_now = book.open_now or book.twin.open_now
    return Change(
        document=encode_document(book),
        moves=moves,
        older=older,
        ended=ended,
        lines=_compare_places(_find_places(former, keeping), places),
        counts={name: count for name, count in counts.items() if count},
        keep_s=None if is_needed else keeping.find_s(open_now),
        ended_keep_s=keeping.keep_s,
    )


def _find_places(books: Sequence[RoomBook], keeping: Keeping) -> Places:
    """Where rooms and sessions stand in the indexes."""
    places: Places = {}
    for book in books:
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
    own = book.document[book.room.room_id_type]
    if own.tombstone_ms and not own.plan:
        yield (BURIED, name_room(book.room)), own.tombstone_ms


def _compare_places(before: Places, after: Places) -> list[Line]:
    return [
        Line(*key, after.get(key))
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    ]


def _count_living(books: Sequence[RoomBook]) -> Counter[str]:
    return Counter(LIVING + task.state for book in books for task in list_living(book))


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
