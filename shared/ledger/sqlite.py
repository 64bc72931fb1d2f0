"""A ledger's store in an SQLite file: shared by the processes of one machine, by nobody else.

The file is in WAL mode, so readers never wait for other processes. The threads of one process take
turns.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from shared.errors import LedgerError
from shared.ledger.engine import LONGEST_LEASE_MS, Change, LastChanges, Line, Seen, Told
from shared.ledger.names import name_document, name_room
from shared.ledger.rate_limit import take_slot
from shared.ledger.sqlite_file import BUSY_TIMEOUT_S, empty_log, open_file
from shared.room import Room

# An upsert leaves the row where it is; REPLACE would write every index of it anew.
WRITE_DOCUMENT = """
INSERT INTO documents VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body
"""
WRITE_PRESENCE = """
INSERT INTO people VALUES (?, ?, ?)
ON CONFLICT (owner, user_id) DO UPDATE SET presence = excluded.presence
"""
WRITE_LINE = """
INSERT INTO lines VALUES (?, ?, ?)
ON CONFLICT (index_name, member) DO UPDATE SET score = excluded.score
"""
ADD_COUNT = """
INSERT INTO counters VALUES (?, ?, ?)
ON CONFLICT (sdk_app_id, name) DO UPDATE SET total = total + excluded.total
"""
READ_ROOM = """
SELECT (SELECT body FROM documents WHERE name = ?),
       (SELECT presence FROM people WHERE owner = ? AND user_id = ?)
"""
READ_SENTENCE = """
SELECT (SELECT body FROM sentences WHERE session_id = ? AND key = ?),
       (SELECT body FROM deletions WHERE session_id = ?)
"""
WRITE_SENTENCE = """
REPLACE INTO sentences
SELECT ?1, ?2, 1 + coalesce(max(version), ?3), ?4 FROM sentences WHERE session_id = ?1
"""
LIST_SENTENCES = """
SELECT version, body FROM sentences WHERE session_id = ? AND version > ? ORDER BY version
"""
LIST_LAST = """
SELECT key, version FROM sentences WHERE session_id = ? ORDER BY version DESC LIMIT ?
"""


LIST_LINES = """
SELECT member, score FROM lines WHERE index_name = ? AND score <= ? ORDER BY score LIMIT ?
"""
DELETE_LINE = "DELETE FROM lines WHERE index_name = ? AND member = ?"
MOVE_PEOPLE = "UPDATE OR REPLACE people SET owner = ?2 WHERE owner = ?1"
WRITE_OLDER = "INSERT INTO older (room, session_id, body) VALUES (?, ?, ?)"
FORGET_SENTENCES = """
DELETE FROM sentences WHERE session_id = ? AND key IN
(SELECT key FROM sentences WHERE session_id = ? LIMIT ?)
"""
FORGET_PEOPLE = """
DELETE FROM people WHERE owner = ? AND user_id IN
(SELECT user_id FROM people WHERE owner = ? LIMIT ?)
"""


class SqliteEngine:
    """Keeps `Engine` in one file."""

    expires = False
    is_exclusive = True
    garbage = "does not answer: a record cannot be read"

    def __init__(self, path: str) -> None:
        self.place = path
        self._turn = _Turn(path, open_file(path))

    def close(self) -> None:
        """Let go of the file."""
        with self._turn as connection:
            connection.close()

    def changing(self) -> AbstractContextManager[None]:
        """One transaction, in which nobody else writes; inside of another it is that one."""
        return self._transaction("IMMEDIATE")

    def load(self, room: Room, user_id: str) -> Seen:
        """The document of a room, and a user's presence if `user_id` is not ""."""
        names = (name_document(room), name_room(room), user_id)
        ((document, presence),) = self._ask(READ_ROOM, *names)
        return Seen(document or b"", user_id, presence or b"")

    def save(self, room: Room, seen: Seen, change: Change) -> Mapping[str, int]:
        """Make a change; since `changing` began nobody can have been quicker."""
        with self._turn as connection:
            _write_document(connection, name_document(room), change.document)
            _move_people(connection, change.moves)
            if change.presence:
                values = (name_room(room), seen.user_id, change.presence)
                connection.execute(WRITE_PRESENCE, values)
            for one in change.older:
                connection.execute(WRITE_OLDER, (name_room(one.room), one.session_id, one.body))
            _write_lines(connection, change.lines)
            for count in change.counts.items():
                connection.execute(ADD_COUNT, (room.sdk_app_id, *count))
            return self.read_counters(room.sdk_app_id)

    def load_history(self, room: Room, most: int) -> tuple[bytes, list[bytes]]:
        """A room's document, and at most `most` of the room's older sessions, newest first."""
        query = "SELECT body FROM older WHERE room = ? ORDER BY id DESC LIMIT ?"
        with self._transaction("DEFERRED"):
            older = self._ask(query, name_room(room), max(most, 0))
            return self.load(room, "").document, [body for (body,) in older]

    def load_people(
        self, room: Room, owners: Sequence[str]
    ) -> tuple[bytes, list[Mapping[str, bytes]]]:
        """A room's document, and for each owner the presence of all its people, by user."""
        query = "SELECT user_id, presence FROM people WHERE owner = ?"
        with self._transaction("DEFERRED"):
            document = self.load(room, "").document
            return document, [dict(self._ask(query, owner)) for owner in owners]

    def list_index(self, index: str, until: int, most: int) -> list[tuple[str, int]]:
        """The members of an index with scores up to `until`: the lowest first."""
        return self._ask(LIST_LINES, index, until, most)

    def read_counters(self, sdk_app_id: int) -> Mapping[str, int]:
        """An application's counters by name."""
        return dict(self._ask("SELECT name, total FROM counters WHERE sdk_app_id = ?", sdk_app_id))

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when a slot of the sliding window is given, else the ms to wait."""
        with self.changing():
            found = self._ask("SELECT given FROM slots WHERE name = ?", name)
            wait_ms, given = take_slot(json.loads(found[0][0]) if found else [], per_s, now_ms)
            if not wait_ms:
                self._ask("REPLACE INTO slots VALUES (?, ?)", name, json.dumps(given))
            return wait_ms

    def take_lease(self, name: str, token: str, now_ms: int, lease_ms: int) -> bool:
        """Whether the token now holds the lease: it did, nobody does, or the lease has run out."""
        with self.changing():
            found = self._ask("SELECT token, until_ms FROM leases WHERE name = ?", name)
            holder, until_ms = found[0] if found else (token, 0)
            if holder != token and now_ms < until_ms <= now_ms + LONGEST_LEASE_MS:
                return False
            self._ask("REPLACE INTO leases VALUES (?, ?, ?)", name, token, now_ms + lease_ms)
            return True

    def drop_lease(self, name: str, token: str) -> None:
        """End a lease that the token holds."""
        self._ask("DELETE FROM leases WHERE name = ? AND token = ?", name, token)

    def load_sentence(self, session_id: str, key: str) -> Told:
        """A sentence of a session, and the session's deletion."""
        ((sentence, deletion),) = self._ask(READ_SENTENCE, session_id, key, session_id)
        return Told(sentence or b"", deletion or b"")

    def save_sentence(
        self,
        session_id: str,
        key: str,
        told: Told,  # noqa: ARG002  what was told is so since `changing` began
        sentence: bytes,
        least: int,
        keep_s: int,  # noqa: ARG002  the ledger deletes what is over
    ) -> bool:
        """Replace a sentence, and number it."""
        self._ask(WRITE_SENTENCE, session_id, key, least, sentence)
        return True

    def list_sentences(self, session_id: str, since: int) -> list[tuple[int, bytes]]:
        """The sentences of a session with a version above `since`, with it, the lowest first."""
        return self._ask(LIST_SENTENCES, session_id, since)

    def read_last_changes(self, session_id: str, most: int) -> LastChanges:
        """The deletion of a session's transcript, and its `most` last sentences."""
        with self._transaction("DEFERRED"):
            found = self._ask("SELECT body FROM deletions WHERE session_id = ?", session_id)
            deletion = found[0][0] if found else b""
            return LastChanges(deletion, self._ask(LIST_LAST, session_id, most))

    def forget_sentences(
        self,
        session_id: str,
        last: LastChanges,  # noqa: ARG002  what was read is so since `changing` began
        deletion: bytes,
        keep_s: int,  # noqa: ARG002  the ledger deletes what is over
    ) -> int:
        """Delete a session's sentences, and keep the deletion: how many there were."""
        with self._turn as connection:
            connection.execute("REPLACE INTO deletions VALUES (?, ?)", (session_id, deletion))
            delete = "DELETE FROM sentences WHERE session_id = ?"
            return connection.execute(delete, (session_id,)).rowcount

    def forget_session(self, session_id: str, owner: str, most: int) -> tuple[int, int]:
        """Delete what is kept of a session outside its document: at most `most` rows at a time."""
        with self._turn as connection:
            values = (session_id, session_id, most)
            said = connection.execute(FORGET_SENTENCES, values).rowcount
            seen = connection.execute(FORGET_PEOPLE, (owner, owner, most - said)).rowcount
            if said + seen < most:
                connection.execute("DELETE FROM deletions WHERE session_id = ?", (session_id,))
                connection.execute("DELETE FROM older WHERE session_id = ?", (session_id,))
            return said, seen

    def erase_traces(self) -> bool:
        """Empty the log of writes; False: another program reads there."""
        with self._turn as connection:
            return empty_log(connection)

    def _ask(self, query: str, *values: str | bytes | int) -> list[Any]:
        """All that one statement finds."""
        with self._turn as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self, kind: str) -> Iterator[None]:
        with self._turn as connection:
            if connection.in_transaction:
                yield
                return
            connection.execute(f"BEGIN {kind}")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise


class _Turn:
    """The connection, for one thread at a time: within a turn the same thread may have another."""

    def __init__(self, path: str, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._lock = threading.RLock()

    def __enter__(self) -> sqlite3.Connection:
        if not self._lock.acquire(timeout=BUSY_TIMEOUT_S):
            raise LedgerError(f"LEDGER_URL: {self._path} does not answer: too many threads wait")
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._lock.release()
        if isinstance(error, sqlite3.Error):
            raise LedgerError(f"LEDGER_URL: {self._path} does not answer: {error}") from error


def _write_document(connection: sqlite3.Connection, name: str, document: bytes | None) -> None:
    if document:
        connection.execute(WRITE_DOCUMENT, (name, document))
    elif document is not None:
        connection.execute("DELETE FROM documents WHERE name = ?", (name,))


def _move_people(connection: sqlite3.Connection, moves: Sequence[tuple[str, str]]) -> None:
    for owner, heir in moves:
        if heir:  # else the room had no session, and so nobody here was in it
            connection.execute(MOVE_PEOPLE, (owner, heir))


def _write_lines(connection: sqlite3.Connection, lines: Sequence[Line]) -> None:
    for line in lines:
        if line.score is None:
            connection.execute(DELETE_LINE, line[:2])
        else:
            connection.execute(WRITE_LINE, line)
