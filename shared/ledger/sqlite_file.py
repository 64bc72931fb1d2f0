"""Opening the SQLite ledger's file: a new one is laid out, an older one upgraded, no other touched."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from shared.errors import LedgerError
from shared.ledger.sqlite_book import list_books, load_book, write_agenda

APPLICATION_ID = 0x526F6F6D  # "Room": tells our file from anybody else's
SCHEMA_VERSION = 2
BUSY_TIMEOUT_S = 1.0
OPEN_RETRY_S = 0.02  # switching to WAL does not wait for a lock by itself
SCHEMA = Path(__file__).parent / "schema.sql"


def open_file(path: str) -> sqlite3.Connection:
    """A connection that several threads may use, one at a time; LedgerError when there is none."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            return _connect(path)
        except (sqlite3.Error, OSError) as error:
            if "locked" not in str(error) or time.monotonic() > deadline_s:
                raise LedgerError(f"LEDGER_URL: {path} cannot be opened: {error}") from error
        time.sleep(OPEN_RETRY_S)


def _connect(path: str) -> sqlite3.Connection:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    is_new = not Path(path).exists()
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        # A new file has nothing to lose: not to wait for the disk saves 15 of 25 ms of a first start.
        connection.execute(f"PRAGMA synchronous = {'OFF' if is_new else 'NORMAL'}")
        connection.execute("PRAGMA journal_mode = WAL")
        _prepare(connection, path)
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    if _read_version(connection, path) == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    version = _read_version(connection, path)  # somebody else may have been quicker
    if version != SCHEMA_VERSION:
        for statement in SCHEMA.read_text(encoding="utf-8").split(";"):
            connection.execute(statement)
        if version == 1:
            _upgrade_first(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _upgrade_first(connection: sqlite3.Connection) -> None:
    """Version 1 had no agenda, and one time for a person's presence and microphone together."""
    connection.execute("ALTER TABLE people ADD COLUMN microphone_ms INTEGER NOT NULL DEFAULT 0")
    connection.execute("UPDATE people SET microphone_ms = event_ms")
    for room in list_books(connection):
        write_agenda(connection, load_book(connection, room))


def _read_version(connection: sqlite3.Connection, path: str) -> int:
    """0 for an empty file; LedgerError for one that is not ours, or not of a version we know."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise LedgerError(f"LEDGER_URL: {path} is another program's database; name a new file")
        return 0
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (1, SCHEMA_VERSION):
        raise LedgerError(
            f"LEDGER_URL: {path} was written by another version of Roomscribe; "
            "name a new file, or delete it when no room is open"
        )
    return version
