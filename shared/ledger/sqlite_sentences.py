"""Sentences in the SQLite ledger: one row each, numbered by when it last changed."""

from __future__ import annotations

import sqlite3

import msgspec

from shared.transcripts.merging import merge_sentence
from shared.transcripts.records import SentenceNews


def keep(connection: sqlite3.Connection, session_id: str, news: SentenceNews) -> bool:
    """Merge news into what is known of its sentence; whether that changed anything."""
    row = connection.execute(
        "SELECT body FROM sentences WHERE session_id = ? AND key = ?", (session_id, news.key)
    ).fetchone()
    known = msgspec.json.decode(row["body"], type=SentenceNews) if row else None
    merged = merge_sentence(known, news)
    if merged is known:
        return False
    version = read_version(connection, session_id) + 1
    merged = msgspec.structs.replace(merged, version=version)
    values = (session_id, news.key, version, msgspec.json.encode(merged).decode())
    connection.execute("REPLACE INTO sentences VALUES (?, ?, ?, ?)", values)
    return True


def read_version(connection: sqlite3.Connection, session_id: str) -> int:
    """How often anything in the session's transcript has changed."""
    row = connection.execute(
        "SELECT max(version) AS version FROM sentences WHERE session_id = ?", (session_id,)
    ).fetchone()
    return int(row["version"] or 0)


def list_since(connection: sqlite3.Connection, session_id: str, since: int) -> list[SentenceNews]:
    """The sentences that changed after that version."""
    rows = connection.execute(
        "SELECT body FROM sentences WHERE session_id = ? AND version > ? ORDER BY version",
        (session_id, since),
    )
    return [msgspec.json.decode(row["body"], type=SentenceNews) for row in rows]


def forget(connection: sqlite3.Connection, session_id: str) -> int:
    """Delete the session's sentences; how many there were."""
    deleted = connection.execute("DELETE FROM sentences WHERE session_id = ?", (session_id,))
    return deleted.rowcount
