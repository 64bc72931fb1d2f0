"""How a room's book lies in Redis: one value, replaced only by somebody who has seen it as it is.

When the room must be looked at, and which of its tasks live, is written in the same step.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from msgspec import Struct

from shared.ledger import due as agenda
from shared.ledger.document import Session
from shared.ledger.redis_keys import (
    AGENDA,
    name_living,
    name_room,
    room_key,
    session_keys,
    shared_key,
)
from shared.ledger.redis_scripts import SAVE_BOOK
from shared.ledger.redis_server import Command, script
from shared.ledger.sessions import SESSIONS_LOADED, RoomBook
from shared.room import Room
from shared.rules.decision import Rule

OPEN_KEPT_S = 30 * 86_400  # longer: what belongs to an open session, of which nothing is heard
OLDER_KEPT = 48  # sessions of a room besides those in its book


class Stored(Struct, omit_defaults=True):
    """The value of a book's key."""

    sessions: list[Session] = []
    tombstone_ms: int = 0
    plan: Rule | None = None


@dataclass
class Page:
    """A book as it was read: its bytes, those of a numeric room's twin, and its living tasks.

    `opened` are the ids of the sessions that were open.
    """

    book: RoomBook
    opened: set[str]
    raw: bytes
    twin: bytes
    before: bytes
    living: set[str]

    @property
    def is_changed(self) -> bool:
        """Whether the book says something else than when it was read."""
        return _encode(self.book) != self.before


def load_commands(room: Room) -> list[Command]:
    """What reads a room's page: its book, and the book of its twin if that counts."""
    rooms = (room, room.twin) if _heeds_twin(room) else (room,)
    return [("GET", room_key(known, "book")) for known in rooms]


def load_page(room: Room, raw: bytes | None, twin: bytes | None = None) -> Page:
    """The page in the replies to `load_commands`."""
    stored = _decode(raw)
    tombstone_ms = max(stored.tombstone_ms, _decode(twin).tombstone_ms)
    book = RoomBook(room, stored.sessions, tombstone_ms, stored.plan)
    opened = {session.id for session in stored.sessions if session.closed_ms is None}
    return Page(book, opened, raw or b"", twin or b"", _encode(book), _list_living(book))


def load_sessions(raw: bytes | None) -> list[Session]:
    """The sessions in a book's value, newest first."""
    return _decode(raw).sessions


def save_command(page: Page, keep_s: int) -> Command:
    """What replaces the book, its look and its living tasks if it is still as it was read.

    The reply is 1 when it was.
    """
    book, room = page.book, page.book.room
    look_ms, living = agenda.find_next_look(book), _list_living(book)
    is_over = look_ms is None and not living and not book.plan
    kept_s = find_kept_s(book.open_now, keep_s) if is_over else ""
    begun, ended = sorted(living - page.living), sorted(page.living - living)
    args: tuple[str | bytes | int, ...] = (
        *(page.raw, _encode(book), kept_s, page.twin),
        *(name_room(room), "" if look_ms is None else look_ms),
        *(msgspec.json.encode(begun), msgspec.json.encode(ended), keep_s),
        *(msgspec.json.encode(left) for left in reversed(book.sessions[SESSIONS_LOADED:])),
    )
    return script(SAVE_BOOK, *_list_keys(room), args=args)


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


def _heeds_twin(room: Room) -> bool:
    # TRTC has sent a numeric room's 102 with a string id, so a string's tombstone counts for both.
    return room.room_id_type == 0


def _list_keys(room: Room) -> list[str]:
    living = shared_key("living", room.sdk_app_id)
    keys = [room_key(room, "book"), room_key(room, "older"), AGENDA, living]
    return [*keys, room_key(room.twin, "book")] if _heeds_twin(room) else keys


def _list_living(book: RoomBook) -> set[str]:
    return {name_living(book.room, item) for item in agenda.list_living(book)}


def _encode(book: RoomBook) -> bytes:
    sessions = book.sessions[:SESSIONS_LOADED]
    return msgspec.json.encode(Stored(sessions, book.tombstone_ms, book.plan))


def _decode(raw: bytes | None) -> Stored:
    return msgspec.json.decode(raw, type=Stored) if raw else Stored()
