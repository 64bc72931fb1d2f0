"""The ledger in an SQLite file: shared by the processes of one machine, by nobody else.

Every method is one transaction; the file is in WAL mode, so readers never wait.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shared.errors import LedgerError
from shared.ledger.book import SESSIONS_LOADED, RoomBook, compare_times
from shared.ledger.records import Person, Room, Session
from shared.rules import Rule

APPLICATION_ID = 0x526F6F6D  # "Room": tells our file from anybody else's
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 1.0
OPEN_RETRY_S = 0.02  # switching to WAL does not wait for a lock by itself
SCHEMA = Path(__file__).parent / "schema.sql"
THIS_ROOM = "sdk_app_id = ? AND room_id = ? AND room_id_type = ?"

Row = Mapping[str, Any]  # a column holds text or a number
Result = TypeVar("Result")


class SqliteLedger:
    """Keeps RoomBooks and people; methods raise LedgerError when the file does not answer."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection = self._connect()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def read(self, room: Room) -> RoomBook:
        """A room's book as it is now; an empty one for a room never heard of."""
        with self._transaction("DEFERRED"):
            return self._load(room)

    def change(self, room: Room, work: Callable[[RoomBook], Result]) -> Result:
        """Let `work` change a room's book, alone: nobody else reads or writes it meanwhile."""
        with self._transaction():
            book = self._load(room)
            before = {session.id: _encode(session) for session in book.sessions}
            tombstone_ms, plan = book.tombstone_ms, book.plan
            result = work(book)
            for session in book.sessions:
                body = _encode(session)
                if before.get(session.id) != body:
                    values = (session.id, *room, session.opened_ms, body)
                    self._execute("REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?)", *values)
            if (book.tombstone_ms, book.plan) != (tombstone_ms, plan):
                noted = _encode(book.plan) if book.plan else None
                row = (*room, book.tombstone_ms, noted)
                self._execute("REPLACE INTO rooms VALUES (?, ?, ?, ?, ?)", *row)
            return result

    def list_sessions(self, room: Room, most: int) -> list[Session]:
        """The room's sessions, newest first, at most `most`."""
        with self._reading():
            return self._load_sessions(room, most)

    def note_person(
        self,
        session_id: str,
        user_id: str,
        event_ms: int,
        *,
        present: bool,
        microphone: bool | None,
        precise: bool = True,
    ) -> None:
        """Remember what the newest event about somebody says; None leaves the microphone as it was."""
        with self._transaction():
            rows = self._all(
                "SELECT * FROM people WHERE session_id = ? AND user_id = ?", session_id, user_id
            )
            if rows and compare_times(event_ms, rows[0]["event_ms"], precise=precise) < 0:
                return
            was_on = bool(rows and rows[0]["microphone"])
            on = present and (was_on if microphone is None else microphone)
            values = (session_id, user_id, present, on, event_ms)
            self._execute("REPLACE INTO people VALUES (?, ?, ?, ?, ?)", *values)

    def list_people(self, session_id: str) -> list[Person]:
        """Everybody seen in a session, by name."""
        with self._reading():
            rows = self._all(
                "SELECT * FROM people WHERE session_id = ? ORDER BY user_id", session_id
            )
        return [
            Person(row["user_id"], bool(row["present"]), bool(row["microphone"]), row["event_ms"])
            for row in rows
        ]

    def _load(self, room: Room) -> RoomBook:
        # TRTC has sent a numeric room's 102 with a string id, so a string's tombstone counts for both.
        rows = self._all(
            "SELECT * FROM rooms WHERE sdk_app_id = ? AND room_id = ? AND room_id_type IN (?, 1)",
            *room,
        )
        own = next((row for row in rows if row["room_id_type"] == room.room_id_type), None)
        return RoomBook(
            room,
            self._load_sessions(room, SESSIONS_LOADED),
            max((row["tombstone_ms"] for row in rows), default=0),
            msgspec.json.decode(own["plan"], type=Rule) if own and own["plan"] else None,
        )

    def _load_sessions(self, room: Room, most: int) -> list[Session]:
        rows = self._all(
            f"SELECT body FROM sessions WHERE {THIS_ROOM} ORDER BY opened_ms DESC LIMIT ?",  # noqa: S608  a constant
            *(*room, most),
        )
        return [msgspec.json.decode(row["body"], type=Session) for row in rows]

    def _connect(self) -> sqlite3.Connection:
        deadline_s = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                return self._open_file()
            except (sqlite3.Error, OSError) as error:
                if "locked" not in str(error) or time.monotonic() > deadline_s:
                    raise LedgerError(
                        f"LEDGER_URL: {self._path} cannot be opened: {error}"
                    ) from error
            time.sleep(OPEN_RETRY_S)

    def _open_file(self) -> sqlite3.Connection:
        Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if self._is_ours(connection):
            return
        connection.execute("BEGIN IMMEDIATE")
        if not self._is_ours(connection):
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise LedgerError(
                    f"LEDGER_URL: {self._path} is another program's database; name a new file"
                )
            for statement in SCHEMA.read_text(encoding="utf-8").split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            return False
        if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            raise LedgerError(
                f"LEDGER_URL: {self._path} was written by another version of Roomscribe; "
                "name a new file, or delete it when no room is open"
            )
        return True

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        with self._reading():
            self._connection.execute(f"BEGIN {kind}")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(f"LEDGER_URL: {self._path} does not answer: {error}") from error

    def _execute(self, sql: str, *values: object) -> None:
        self._connection.execute(sql, values)

    def _all(self, sql: str, *values: object) -> list[Row]:
        return list(self._connection.execute(sql, values))


def _encode(record: Session | Rule) -> str:
    return msgspec.json.encode(record).decode()
