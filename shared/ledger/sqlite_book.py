"""How a room's book lies in the tables of the SQLite ledger; the caller holds the transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from shared.ledger import claims
from shared.ledger import due as agenda
from shared.ledger.document import Session
from shared.ledger.sessions import SESSIONS_LOADED, RoomBook
from shared.room import Room
from shared.rules.decision import Rule

# REPLACE would write every index of the row anew, and each is a page more in the log.
WRITE_SESSION = """
INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET body = excluded.body, over_ms = excluded.over_ms
"""
WRITE_AGENDA = """
INSERT INTO agenda VALUES (?, ?, ?, ?, ?)
ON CONFLICT (sdk_app_id, room_id, room_id_type)
DO UPDATE SET look_ms = excluded.look_ms, living = excluded.living
"""
# The sum of the agenda's column: counting its rows would take longer the more of them live.
ADD_LIVING = """
INSERT INTO living VALUES (?, ?)
ON CONFLICT (sdk_app_id) DO UPDATE SET total = total + excluded.total
"""
THIS_ROOM = "sdk_app_id = ? AND room_id = ? AND room_id_type = ?"

Row = Mapping[str, Any]  # a column holds text or a number


def load_book(connection: sqlite3.Connection, room: Room) -> RoomBook:
    """A room's book; an empty one for a room never heard of."""
    # TRTC has sent a numeric room's 102 with a string id, so a string's tombstone counts for both.
    rows: list[Row] = connection.execute(
        "SELECT * FROM rooms WHERE sdk_app_id = ? AND room_id = ? AND room_id_type IN (?, 1)", room
    ).fetchall()
    own = next((row for row in rows if row["room_id_type"] == room.room_id_type), None)
    return RoomBook(
        room,
        load_sessions(connection, room, SESSIONS_LOADED),
        max((row["tombstone_ms"] for row in rows), default=0),
        msgspec.json.decode(own["plan"], type=Rule) if own and own["plan"] else None,
    )


def load_sessions(connection: sqlite3.Connection, room: Room, most: int) -> list[Session]:
    """A room's sessions, newest first, at most `most`."""
    rows = connection.execute(
        f"SELECT body FROM sessions WHERE {THIS_ROOM} ORDER BY opened_ms DESC LIMIT ?",  # noqa: S608  a constant
        (*room, most),
    )
    return [msgspec.json.decode(row["body"], type=Session) for row in rows]


def save_book(connection: sqlite3.Connection, book: RoomBook, before: RoomBook) -> None:
    """Write what became of a book, and its place in the agenda, where they differ from before."""
    known = {session.id: session for session in before.sessions}
    for place, session in enumerate(book.sessions):
        leaves = place >= SESSIONS_LOADED  # nobody can finish anything of it any more
        if leaves or known.get(session.id) != session:
            _save_session(connection, session, is_left=leaves)
    if (book.tombstone_ms, book.plan) != (before.tombstone_ms, before.plan):
        row = (*book.room, book.tombstone_ms, _encode(book.plan) if book.plan else None)
        connection.execute("REPLACE INTO rooms VALUES (?, ?, ?, ?, ?)", row)
    if book != before:
        _write_agenda(connection, book)


def _save_session(connection: sqlite3.Connection, session: Session, *, is_left: bool) -> None:
    """Write a session, and when it was over: it is not while anything of it may live, unless left."""
    is_over = is_left or not claims.is_unfinished(session)
    over_ms = session.closed_ms if is_over else None
    values = (session.id, *session.room, session.opened_ms, _encode(session), over_ms)
    connection.execute(WRITE_SESSION, values)


def _write_agenda(connection: sqlite3.Connection, book: RoomBook) -> None:
    """Note when a room must be looked at next, and how many of its tasks live."""
    look_ms, living = agenda.find_next_look(book), len(agenda.list_living(book))
    find = f"SELECT living FROM agenda WHERE {THIS_ROOM}"  # noqa: S608  a constant
    row: Row | None = connection.execute(find, book.room).fetchone()
    more = living - (row["living"] if row else 0)
    if more:
        connection.execute(ADD_LIVING, (book.room.sdk_app_id, more))
    if look_ms is not None or living:
        connection.execute(WRITE_AGENDA, (*book.room, look_ms, living))
    elif row:
        connection.execute(f"DELETE FROM agenda WHERE {THIS_ROOM}", book.room)  # noqa: S608  a constant


def _encode(record: Session | Rule) -> str:
    return msgspec.json.encode(record).decode()
