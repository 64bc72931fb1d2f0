"""Deleting what is over, a piece at a time, from a store whose records do not end by themselves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from shared.ledger.changes import BURIED, OVER
from shared.ledger.engine import Change, Engine, Line, Seen
from shared.ledger.names import name_ended, name_room, parse_room
from shared.ledger.sessions import RoomBook
from shared.room import find_room

if TYPE_CHECKING:
    from shared.ledger.ledger import Ledger

PIECE = 500  # records in one transaction, so that events never wait for long


class Forgotten(NamedTuple):
    """How many records were deleted because their time was over."""

    sessions: int = 0
    sentences: int = 0
    people: int = 0
    rooms: int = 0


def forget_piece(ledger: Ledger, engine: Engine, before_ms: int) -> Forgotten:
    """Delete at most a piece of what was over before then: sessions, and with what is left, tombstones."""
    left, sessions, sentences, people = PIECE, 0, 0, 0
    for session_id, _ in engine.list_index(OVER, before_ms - 1, PIECE):
        said, seen = _forget_session(ledger, engine, session_id, left)
        left, sentences, people = left - said - seen, sentences + said, people + seen
        if left <= 0:
            break
        left, sessions = left - 1, sessions + 1
    buried = engine.list_index(BURIED, before_ms - 1, left)
    for name, _ in buried:
        ledger.change(parse_room(name), RoomBook.drop_tombstone)
    return Forgotten(sessions, sentences, people, len(buried))


def _forget_session(ledger: Ledger, engine: Engine, session_id: str, most: int) -> tuple[int, int]:
    """Delete at most so many sentences and people of a session; then the session itself, if none is left."""
    room = find_room(session_id)
    assert room  # noqa: S101  only sessions are in that index
    latest = ledger.read(room).latest
    owner = name_room(room) if latest and latest.id == session_id else name_ended(session_id)
    said, seen = engine.forget_session(session_id, owner, most)
    if said + seen < most:
        ledger.change(room, partial(RoomBook.drop_session, session_id=session_id))
        engine.save(room, Seen(), Change(lines=[Line(OVER, session_id, None)]))
    return said, seen
