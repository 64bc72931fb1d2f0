"""A ledger's store in an SQLite file: shared by the processes of one machine, by nobody else.

Tags count for nothing here. The file is in WAL mode, so readers never wait for other processes. The
threads of one process take turns.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partialmethod

from msgspec.json import Decoder, encode

from shared.errors import LedgerError
from shared.ledger.engine import WINDOW_MS, Add, Cell, Keep, Move, Number, Put, Score, Scores, Write
from shared.ledger.sqlite_file import BUSY_TIMEOUT_S, empty_log, explain, open_file

TIMES = Decoder(list[int])  # made here, once: msgspec 0.22 crashes when two threads learn a type
READ = "SELECT value FROM cells WHERE key = ? AND field = ?"
LIST_CELLS = "SELECT field, value FROM cells WHERE key = ?"
LIST_SCORES = """
SELECT member, score FROM scores WHERE key = ? AND score > ? AND score <= ?
ORDER BY score, member LIMIT ?
"""
LIST_ALL_SCORES = "SELECT member, score FROM scores WHERE key = ?"
# An upsert leaves the row where it is; REPLACE would write every index of it anew.
PUT = "INSERT INTO cells VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
SCORE = "INSERT INTO scores VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET score = excluded.score"
ADD = "INSERT INTO scores VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET score = score + excluded.score"
DROP_CELLS = """
DELETE FROM cells WHERE key = ?1 AND field IN (SELECT field FROM cells WHERE key = ?1 LIMIT ?2)
"""


class SqliteEngine:
    """Keeps `Engine` in one file."""

    is_exclusive = True
    garbage = "does not answer: a record cannot be read"

    def __init__(self, path: str) -> None:
        self.place = path
        self._connection = open_file(path)
        self._lock = threading.RLock()

    def close(self) -> None:
        """Let go of the file."""
        with self._using() as connection:
            connection.close()

    def read(self, _tag: str, cells: Sequence[Cell]) -> list[bytes]:
        """What the cells hold."""
        with self._using("DEFERRED") as connection:
            rows = [connection.execute(READ, cell).fetchone() for cell in cells]
        return [row[0] if row else b"" for row in rows]

    def list_cells(self, _tag: str, keys: Sequence[str]) -> list[Mapping[str, bytes]]:
        """For each key what its cells hold, by field."""
        with self._using("DEFERRED") as connection:
            return [dict(connection.execute(LIST_CELLS, (key,)).fetchall()) for key in keys]

    def list_scores(self, _tag: str | None, key: str, above: int, until: int, most: int) -> Scores:
        """At most so many members of an index with scores above `above` and up to `until`."""
        with self._using() as connection:
            return connection.execute(LIST_SCORES, (key, above, until, most)).fetchall()

    def swap(
        self, _tag: str, _seen: Mapping[Cell, bytes], writes: Sequence[Write], told: str = ""
    ) -> Scores:
        """Write; since `changing` began nobody can have been quicker."""
        for write in writes:
            _write(self._connection, write)
        return self._connection.execute(LIST_ALL_SCORES, (told,)).fetchall() if told else []

    def drop(self, _tag: str, key: str, most: int) -> int:
        """Delete at most so many of a key's cells: how many it were."""
        with self.changing() as connection:
            return connection.execute(DROP_CELLS, (key, most)).rowcount

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when a slot of the sliding window is given, else the ms to wait."""
        cell = Cell("slots", name)
        with self.changing() as connection:
            row = connection.execute(READ, cell).fetchone()
            given = TIMES.decode(row[0]) if row else []  # when, the newest first
            if given and given[0] > now_ms + WINDOW_MS:
                given = []
            at_ms = max(now_ms, given[0]) if given else now_ms
            while given and given[-1] + WINDOW_MS <= at_ms:
                given.pop()
            if len(given) >= per_s:
                return given[per_s - 1] + WINDOW_MS - now_ms
            _write(connection, Put(cell, encode([at_ms, *given])))
            return 0

    def erase_traces(self) -> bool:
        """Empty the log of writes; False: another program reads there."""
        with self._using() as connection:
            return empty_log(connection)

    @contextmanager
    def _using(self, kind: str = "") -> Iterator[sqlite3.Connection]:
        """The connection, for one thread at a time, in a transaction of that kind, if any is asked for.

        Within a transaction the same thread stays in it.
        """
        if not self._lock.acquire(timeout=BUSY_TIMEOUT_S):
            raise LedgerError(f"LEDGER_URL: {self.place} does not answer: too many threads wait")
        begins = False
        try:
            begins = bool(kind) and not self._connection.in_transaction
            if begins:
                self._connection.execute(f"BEGIN {kind}")
            yield self._connection
            if begins:
                self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise LedgerError(
                f"LEDGER_URL: {self.place} does not answer: {explain(error)}"
            ) from error
        finally:
            if begins:
                self._connection.rollback()  # unless it is committed
            self._lock.release()

    changing = partialmethod(_using, "IMMEDIATE")  # in it nobody else writes


def _write(connection: sqlite3.Connection, write: Write) -> None:
    match write:
        case Put(cell, b""):
            connection.execute("DELETE FROM cells WHERE key = ? AND field = ?", cell)
        case Put(cell, value):
            connection.execute(PUT, (*cell, value))
        case Move(key, ""):
            connection.execute("DELETE FROM cells WHERE key = ?", (key,))
            connection.execute("DELETE FROM scores WHERE key = ?", (key,))
        case Move(key, heir):
            connection.execute("UPDATE cells SET key = ? WHERE key = ?", (heir, key))
        case Score(key, member, None):
            connection.execute("DELETE FROM scores WHERE key = ? AND member = ?", (key, member))
        case Score():
            connection.execute(SCORE, write)
        case Add():
            connection.execute(ADD, write)
        case Number(cell, key, member):
            row = connection.execute(READ, cell).fetchone()
            number = int(row[0] if row else 0) + 1
            connection.execute(PUT, (*cell, b"%d" % number))
            connection.execute(SCORE, (key, member, number))
        case Keep():
            pass  # the ledger deletes what is over
