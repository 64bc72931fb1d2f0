"""Deleting from the SQLite ledger what is over, a piece at a time; the caller holds the transaction."""

from __future__ import annotations

import sqlite3

from shared.ledger.contract import Forgotten

PIECE = 500  # rows in one transaction, so that events never wait for long


def forget_piece(connection: sqlite3.Connection, before_ms: int) -> Forgotten:
    """Delete at most a piece of the sessions that were over before then; when none is left, of rooms."""
    over = connection.execute(
        "SELECT id FROM sessions WHERE over_ms < ? ORDER BY over_ms LIMIT ?", (before_ms, PIECE)
    ).fetchall()
    left, sessions, sentences, people = PIECE, 0, 0, 0
    for (session_id,) in over:
        said = _delete_of(connection, "sentences", session_id, left)
        seen = _delete_of(connection, "people", session_id, left - said)
        left, sentences, people = left - said - seen, sentences + said, people + seen
        if left <= 0:
            break
        connection.execute("DELETE FROM deletions WHERE session_id = ?", (session_id,))
        connection.execute("DELETE FROM sessions WHERE id = ?", (session_id,))
        left, sessions = left - 1, sessions + 1
    return Forgotten(sessions, sentences, people, _delete_rooms(connection, before_ms, left))


def _delete_of(connection: sqlite3.Connection, table: str, session_id: str, most: int) -> int:
    rows = f"SELECT rowid FROM {table} WHERE session_id = ? LIMIT ?"  # noqa: S608  a constant
    return connection.execute(
        f"DELETE FROM {table} WHERE rowid IN ({rows})",  # noqa: S608  likewise
        (session_id, most),
    ).rowcount


def _delete_rooms(connection: sqlite3.Connection, before_ms: int, most: int) -> int:
    """Rooms that are only remembered because of a 102 of long ago; a plan is kept until it is used."""
    rows = "SELECT rowid FROM rooms WHERE plan IS NULL AND tombstone_ms < ? LIMIT ?"
    return connection.execute(
        f"DELETE FROM rooms WHERE rowid IN ({rows})",  # noqa: S608  a constant
        (before_ms, most),
    ).rowcount
