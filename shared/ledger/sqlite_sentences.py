"""Sentences in the SQLite ledger: one row each, numbered by when it last changed.

What was deleted leaves one row for the session, without a word of it.
"""

from __future__ import annotations

import sqlite3

import msgspec

from shared.ledger.contract import Version
from shared.transcripts.deletion import KEYS_KEPT, Deletion
from shared.transcripts.merging import merge_sentence
from shared.transcripts.records import SentenceNews


def keep(connection: sqlite3.Connection, session_id: str, news: SentenceNews) -> bool:
    """Merge news into what is known of its sentence; whether that changed anything."""
    if _read_deletion(connection, session_id).covers(news):
        return False
    row = connection.execute(
        "SELECT body FROM sentences WHERE session_id = ? AND key = ?", (session_id, news.key)
    ).fetchone()
    known = msgspec.json.decode(row["body"], type=SentenceNews) if row else None
    merged = merge_sentence(known, news)
    if merged is known:
        return False
    version = read_version(connection, session_id).latest + 1
    merged = msgspec.structs.replace(merged, version=version)
    values = (session_id, news.key, version, msgspec.json.encode(merged).decode())
    connection.execute("REPLACE INTO sentences VALUES (?, ?, ?, ?)", values)
    return True


def read_version(connection: sqlite3.Connection, session_id: str) -> Version:
    """How often anything in the session's transcript has changed."""
    deleted = _read_deletion(connection, session_id).version
    row = connection.execute(
        "SELECT max(version) AS version FROM sentences WHERE session_id = ?", (session_id,)
    ).fetchone()
    return Version(max(int(row["version"] or 0), deleted), deleted)


def list_since(connection: sqlite3.Connection, session_id: str, since: int) -> list[SentenceNews]:
    """The sentences that changed after that version."""
    rows = connection.execute(
        "SELECT body FROM sentences WHERE session_id = ? AND version > ? ORDER BY version",
        (session_id, since),
    )
    return [msgspec.json.decode(row["body"], type=SentenceNews) for row in rows]


def forget(connection: sqlite3.Connection, session_id: str, until_ms: int) -> int:
    """Delete the session's sentences, and note that they were; how many there were."""
    version = read_version(connection, session_id).latest
    last = connection.execute(
        "SELECT key FROM sentences WHERE session_id = ? ORDER BY version DESC LIMIT ?",
        (session_id, KEYS_KEPT),
    )
    keys = [row["key"] for row in last]
    deletion = _read_deletion(connection, session_id).follow(until_ms, version, keys)
    values = (session_id, msgspec.json.encode(deletion).decode())
    connection.execute("REPLACE INTO deletions VALUES (?, ?)", values)
    deleted = connection.execute("DELETE FROM sentences WHERE session_id = ?", (session_id,))
    return deleted.rowcount


def _read_deletion(connection: sqlite3.Connection, session_id: str) -> Deletion:
    row = connection.execute(
        "SELECT body FROM deletions WHERE session_id = ?", (session_id,)
    ).fetchone()
    return msgspec.json.decode(row["body"], type=Deletion) if row else Deletion()
