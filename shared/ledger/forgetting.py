"""Deleting what is over: sessions with all that belongs to them, and tombstones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from shared.ledger.changes import list_ended
from shared.ledger.document import Session
from shared.ledger.engine import Cell, Engine, Put, Score, Write
from shared.ledger.keys import BURIED, OVER, RoomKeys, SaidKeys, ended_key, parse_room
from shared.ledger.sessions import RoomBook
from shared.room import Room, find_room

PIECE = 500  # records in one transaction, so that events never wait for long
SESSIONS_KEPT = 50  # of a room, in a store whose records end by themselves
ALL = 1_000_000  # more than any room or session has of anything


class Rooms(Protocol):
    """The methods of a ledger that deleting needs; see `ledger.Ledger`."""

    def read(self, room: Room) -> RoomBook: ...

    def change(self, room: Room, work: Callable[[RoomBook], None]) -> None: ...

    def list_sessions(self, room: Room, most: int) -> list[Session]: ...


class Forgotten(NamedTuple):
    """How many records were deleted because their time was over."""

    sessions: int = 0
    sentences: int = 0
    people: int = 0
    rooms: int = 0


def forget_piece(ledger: Rooms, engine: Engine, before_ms: int) -> Forgotten:
    """Delete at most a piece of what was over before then: sessions, and with what is left, tombstones."""
    left, sessions, sentences, people = PIECE, 0, 0, 0
    for session_id, _ in engine.list_scores(None, OVER, 0, before_ms - 1, PIECE):
        said, seen = _forget_session(ledger, engine, session_id, left)
        left, sentences, people = left - said - seen, sentences + said, people + seen
        if left <= 0:
            break
        left, sessions = left - 1, sessions + 1
    buried = engine.list_scores(None, BURIED, 0, before_ms - 1, left)
    for name, _ in buried:
        ledger.change(parse_room(name), RoomBook.drop_tombstone)
    return Forgotten(sessions, sentences, people, len(buried))


def settle(ledger: Rooms, engine: Engine, former: RoomBook, book: RoomBook, keep_s: int) -> None:
    """Once a room is saved where records end by themselves: say when what lies under other tags will.

    Of a room with too many sessions the oldest are deleted.
    """
    for before, after in ((former, book), (former.twin, book.twin)):
        for session in list_ended(before, after):
            keys = SaidKeys(session.id)
            engine.swap(keys.tag, {}, keys.keep(keep_s))
        kept = [session.id for session in after.sessions]
        if any(session.id not in kept for session in before.sessions):
            for session in ledger.list_sessions(after.room, ALL)[SESSIONS_KEPT:]:
                _forget_session(ledger, engine, session.id, ALL)


def _forget_session(ledger: Rooms, engine: Engine, session_id: str, most: int) -> tuple[int, int]:
    """Delete at most so many sentences and people of a session; then the session itself, if none is left."""
    room = find_room(session_id)
    assert room  # noqa: S101  it has been a session's id
    keys, said = RoomKeys(room), SaidKeys(session_id)
    latest = ledger.read(room).latest
    people = keys.people if latest and latest.id == session_id else ended_key(session_id)
    engine.drop(said.tag, said.versions, most)
    sentences = engine.drop(said.tag, said.sentences, most)
    seen = engine.drop(keys.tag, people, most - sentences)
    if sentences + seen < most:
        engine.drop(said.tag, said.deletion.key, most)
        ledger.change(room, partial(RoomBook.drop_session, session_id=session_id))
        left: list[Write] = [
            Put(Cell(keys.older, session_id), b""),
            Score(OVER, session_id, None),
        ]
        engine.swap(keys.tag, {}, left)
    return sentences, seen
