"""How a room's book lies in Redis: one value, replaced only by somebody who has seen it as it is."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import Struct

from shared.ledger import agenda
from shared.ledger.book import SESSIONS_LOADED, RoomBook
from shared.ledger.records import Room, Session
from shared.ledger.redis_keys import (
    AGENDA,
    name_living,
    name_room,
    room_key,
    session_keys,
)
from shared.ledger.redis_scripts import SAVE_BOOK
from shared.ledger.redis_server import Command, script
from shared.rules import Rule

OPEN_KEPT_S = 30 * 86_400  # longer: what belongs to an open session, of which nothing is heard
OLDER_KEPT = 48  # sessions of a room besides those in its book


class Stored(Struct, omit_defaults=True):
    """The value of a book's key."""

    sessions: list[Session] = []
    tombstone_ms: int = 0
    plan: Rule | None = None


@dataclass
class Page:
    """A book as it was read: its bytes, those of a numeric room's twin, its look and living tasks.

    `opened` are the ids of the sessions that were open.
    """

    book: RoomBook
    opened: set[str]
    seen_ms: int | None
    raw: bytes
    twin: bytes
    before: bytes
    living: set[str]

    @property
    def is_changed(self) -> bool:
        """Whether the book says something else than when it was read."""
        return _encode(self.book) != self.before


def load_commands(room: Room) -> list[Command]:
    """What reads a room's page: its look, its book, and the book of its twin if that counts.

    The look comes first: one that is still the same later is no newer than the book.
    """
    rooms = (room, room.twin) if _heeds_twin(room) else (room,)
    books = (("GET", room_key(known, "book")) for known in rooms)
    return [("ZSCORE", AGENDA, name_room(room)), *books]


def load_page(room: Room, score: float | None, raw: bytes | None, twin: bytes | None) -> Page:
    """The page in the replies to `load_commands`."""
    stored = _decode(raw)
    tombstone_ms = max(stored.tombstone_ms, _decode(twin).tombstone_ms)
    book = RoomBook(room, stored.sessions, tombstone_ms, stored.plan)
    seen_ms = None if score is None else int(score)
    opened = {session.id for session in stored.sessions if session.closed_ms is None}
    return Page(book, opened, seen_ms, raw or b"", twin or b"", _encode(book), list_living(book))


def load_book(room: Room, raw: bytes | None) -> RoomBook:
    """The sessions in a book's value; enough to know what is due and what lives."""
    return RoomBook(room, _decode(raw).sessions)


def save_command(page: Page, keep_s: int) -> Command:
    """What replaces the book if it is still as it was read; its reply is 1 when it was."""
    room, book = page.book.room, page.book
    keys = [room_key(room, "book"), room_key(room, "older")]
    if _heeds_twin(room):
        keys.append(room_key(room.twin, "book"))
    leaving = [
        msgspec.json.encode(session) for session in reversed(book.sessions[SESSIONS_LOADED:])
    ]
    kept_s = find_kept_s(book.open_now, keep_s) if _is_over(book) else ""
    args = (page.raw, _encode(book), kept_s, keep_s, page.twin, *leaving)
    return script(SAVE_BOOK, *keys, args=args)


def date_closed(page: Page, keep_s: int) -> list[Command]:
    """What must be written once a book is: how long what belongs to its just closed sessions is kept."""
    return [
        ("EXPIRE", key, keep_s)
        for session in page.book.sessions
        if session.id in page.opened and session.closed_ms is not None
        for key in session_keys(session)
    ]


def find_kept_s(session: Session | None, keep_s: int) -> int:
    """How long what belongs to a session, or to none, is kept when nothing more is heard of it."""
    is_open = session is not None and session.closed_ms is None
    return keep_s + (OPEN_KEPT_S if is_open else 0)


def list_living(book: RoomBook) -> set[str]:
    """The room's living tasks as members of the application's set."""
    return {name_living(book.room, item) for item in agenda.list_living(book)}


def _heeds_twin(room: Room) -> bool:
    # TRTC has sent a numeric room's 102 with a string id, so a string's tombstone counts for both.
    return room.room_id_type == 0


def _is_over(book: RoomBook) -> bool:
    return not (book.plan or list_living(book) or agenda.find_next_look(book) is not None)


def _encode(book: RoomBook) -> bytes:
    sessions = book.sessions[:SESSIONS_LOADED]
    return msgspec.json.encode(Stored(sessions, book.tombstone_ms, book.plan))


def _decode(raw: bytes | None) -> Stored:
    return msgspec.json.decode(raw, type=Stored) if raw else Stored()
