"""The ledger in an SQLite file: shared by the processes of one machine, by nobody else.

Every method is one transaction; the file is in WAL mode, so readers never wait for other
processes. The threads of one process take turns.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from shared.errors import LedgerError
from shared.ledger import sqlite_sentences
from shared.ledger.contract import LONGEST_LEASE_MS, Forgotten, Version
from shared.ledger.document import Person, Session
from shared.ledger.people import Presence
from shared.ledger.rate_limit import take_slot
from shared.ledger.sessions import RoomBook
from shared.ledger.sqlite_book import (
    Row,
    load_book,
    load_sessions,
    save_book,
)
from shared.ledger.sqlite_file import BUSY_TIMEOUT_S, empty_log, open_file
from shared.ledger.sqlite_tidying import forget_piece
from shared.room import Room
from shared.transcripts.records import SentenceNews

Result = TypeVar("Result")


class SqliteLedger:
    """Keeps the ledger's contract in one file; see `contract`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._turn = threading.Lock()
        self._connection = open_file(path)

    def close(self) -> None:
        """Let go of the file."""
        with self._turn:
            self._connection.close()

    def read(self, room: Room) -> RoomBook:
        """A room's book as it is now; an empty one for a room never heard of."""
        with self._transaction("DEFERRED") as connection:
            return load_book(connection, room)

    def change(self, room: Room, work: Callable[[RoomBook], Result]) -> Result:
        """Let `work` change a room's book, alone: nobody else reads or writes it meanwhile."""
        with self._transaction() as connection:
            book = load_book(connection, room)
            before = msgspec.json.decode(msgspec.json.encode(book), type=RoomBook)
            result = work(book)
            save_book(connection, book, before)
            return result

    def list_sessions(self, room: Room, most: int) -> list[Session]:
        """The room's sessions, newest first, at most `most`."""
        with self._transaction("DEFERRED") as connection:
            return load_sessions(connection, room, most)

    def note_person(
        self,
        session: Session,
        user_id: str,
        event_ms: int,
        *,
        present: bool,
        microphone: bool | None,
        precise: bool = True,
    ) -> None:
        """Remember what the newest event about somebody says; None leaves the microphone as it was."""
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT * FROM people WHERE session_id = ? AND user_id = ?", (session.id, user_id)
            ).fetchone()
            known = _read_presence(row) if row else Presence()
            noted = known.note(event_ms, present=present, microphone=microphone, precise=precise)
            if noted != known:
                values = (session.id, user_id, *msgspec.structs.astuple(noted))
                connection.execute("REPLACE INTO people VALUES (?, ?, ?, ?, ?, ?)", values)

    def list_people(self, session: Session) -> list[Person]:
        """Everybody seen in a session, by name."""
        with self._transaction("DEFERRED") as connection:
            rows: list[Row] = connection.execute(
                "SELECT * FROM people WHERE session_id = ? ORDER BY user_id", (session.id,)
            ).fetchall()
        return [_read_presence(row).show(row["user_id"]) for row in rows]

    def find_session(self, session_id: str) -> Session | None:
        """The session with that id; None for one that is not kept, or never was."""
        with self._transaction("DEFERRED") as connection:
            row = connection.execute(
                "SELECT body FROM sessions WHERE id = ?", (session_id,)
            ).fetchone()
            return msgspec.json.decode(row["body"], type=Session) if row else None

    def keep_sentence(self, session: Session, news: SentenceNews) -> bool:
        """Merge what a callback told of a sentence into what is known of it; whether it was new."""
        with self._transaction() as connection:
            return sqlite_sentences.keep(connection, session.id, news)

    def read_version(self, session: Session) -> Version:
        """How often anything in the session's transcript has changed so far."""
        with self._transaction("DEFERRED") as connection:
            return sqlite_sentences.read_version(connection, session.id)

    def list_sentences(self, session: Session, since: int) -> list[SentenceNews]:
        """What is known of each sentence that changed after version `since`."""
        with self._transaction("DEFERRED") as connection:
            return sqlite_sentences.list_since(connection, session.id, since)

    def forget_sentences(self, session: Session, until_ms: int) -> int:
        """Delete what was said in a session; how many sentences there were."""
        with self._transaction() as connection:
            return sqlite_sentences.forget(connection, session.id, until_ms)

    def forget_old(self, before_ms: int) -> Forgotten:
        """Delete one piece of what was over before then."""
        with self._transaction() as connection:
            return forget_piece(connection, before_ms)

    def erase_traces(self) -> bool:
        """Empty the log of writes; False: another program reads there."""
        with self._alone() as connection:
            return empty_log(connection)

    def list_due(self, now_ms: int, most: int) -> list[Room]:
        """The rooms whose next look has come, the longest waiting first."""
        with self._transaction("DEFERRED") as connection:
            rows = connection.execute(
                "SELECT sdk_app_id, room_id, room_id_type FROM agenda "
                "WHERE look_ms <= ? ORDER BY look_ms LIMIT ?",
                (now_ms, most),
            )
            return [Room(*row) for row in rows]

    def find_next_due(self) -> int | None:
        """The ms at which the next room must be looked at; None when none must."""
        with self._transaction("DEFERRED") as connection:
            row: Row = connection.execute("SELECT min(look_ms) AS look_ms FROM agenda").fetchone()
            look_ms: int | None = row["look_ms"]
            return look_ms

    def count_living(self, sdk_app_id: int) -> int:
        """How many tasks of an application hold, or are about to hold, a place of the quota."""
        with self._alone() as connection:
            row: Row | None = connection.execute(
                "SELECT total FROM living WHERE sdk_app_id = ?", (sdk_app_id,)
            ).fetchone()
            return row["total"] if row else 0

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when one more call of that name may go out now, else the ms after which to ask again."""
        with self._transaction() as connection:
            row = connection.execute("SELECT given FROM slots WHERE name = ?", (name,)).fetchone()
            given = msgspec.json.decode(row["given"], type=list[int]) if row else []
            wait_ms, given = take_slot(given, per_s, now_ms)
            if not wait_ms:
                values = (name, msgspec.json.encode(given).decode())
                connection.execute("REPLACE INTO slots VALUES (?, ?)", values)
            return wait_ms

    def take_lease(self, name: str, token: str, now_ms: int, lease_ms: int) -> bool:
        """Whether `token` now holds the lease of that name, new, renewed, or because it had run out."""
        with self._transaction() as connection:
            row = connection.execute("SELECT * FROM leases WHERE name = ?", (name,)).fetchone()
            is_held = row and now_ms < row["until_ms"] <= now_ms + LONGEST_LEASE_MS
            if is_held and row["token"] != token:
                return False
            values = (name, token, now_ms + lease_ms)
            connection.execute("REPLACE INTO leases VALUES (?, ?, ?)", values)
            return True

    def drop_lease(self, name: str, token: str) -> None:
        """Give a lease back, if `token` still holds it."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM leases WHERE name = ? AND token = ?", (name, token))

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with self._alone() as connection:
            connection.execute(f"BEGIN {kind}")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def _alone(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time."""
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_S):
            raise LedgerError(f"LEDGER_URL: {self._path} does not answer: too many threads wait")
        try:
            yield self._connection
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise LedgerError(f"LEDGER_URL: {self._path} does not answer: {error}") from error
        finally:
            self._turn.release()


def _read_presence(row: Row) -> Presence:
    return Presence(
        bool(row["present"]), bool(row["microphone"]), row["event_ms"], row["microphone_ms"]
    )
