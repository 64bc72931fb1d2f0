"""Opening the SQLite ledger's file: a new one is laid out, an older one upgraded, no other touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from shared.errors import LedgerError
from shared.ledger.book import SESSIONS_LOADED
from shared.ledger.patience import take_turns
from shared.ledger.sqlite_book import (
    list_books,
    load_book,
    load_sessions,
    save_session,
    write_agenda,
)

APPLICATION_ID = 0x526F6F6D  # "Room": tells our file from anybody else's
SCHEMA_VERSION = 3
BUSY_TIMEOUT_S = 1.0
OPEN_PAUSE_S = 0.04  # switching to WAL does not wait for a lock by itself
SCHEMA = Path(__file__).parent / "schema.sql"


def open_file(path: str) -> sqlite3.Connection:
    """A connection that several threads may use, one at a time; LedgerError when there is none."""
    failure: Exception | None = None
    for _ in take_turns(BUSY_TIMEOUT_S, OPEN_PAUSE_S):
        try:
            return _connect(path)
        except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
            failure = error
            if "locked" not in str(error):
                break
    raise LedgerError(f"LEDGER_URL: {path} cannot be opened: {failure}") from failure


def empty_log(connection: sqlite3.Connection) -> bool:
    """Bring the log of writes (WAL) into the file, so that nothing stays in it; False: it is being read."""
    is_busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not is_busy


def _connect(path: str) -> sqlite3.Connection:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    is_new = not Path(path).exists()
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        is_laid_out = _read_version_alone(connection, path) == SCHEMA_VERSION
        # A new file has nothing to lose: not to wait for the disk saves 15 of 25 ms of a first start.
        connection.execute(f"PRAGMA synchronous = {'OFF' if is_new else 'NORMAL'}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        if not is_laid_out:
            _lay_out(connection, path)
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _read_version_alone(connection: sqlite3.Connection, path: str) -> int:
    """What `_read_version` says, all of one moment, though somebody may be laying out the file meanwhile."""
    connection.execute("BEGIN")
    try:
        return _read_version(connection, path)
    finally:
        connection.rollback()


def _lay_out(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    version = _read_version(connection, path)  # somebody else may have been quicker
    if version != SCHEMA_VERSION:
        _add_columns(connection, version)
        for statement in SCHEMA.read_text(encoding="utf-8").split(";"):
            connection.execute(statement)
        _look_through(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _add_columns(connection: sqlite3.Connection, version: int) -> None:
    """Version 1 had one time for a person's presence and microphone together; 2 did not say what is over."""
    if version == 1:
        connection.execute("ALTER TABLE people ADD COLUMN microphone_ms INTEGER NOT NULL DEFAULT 0")
        connection.execute("UPDATE people SET microphone_ms = event_ms")
    if version in (1, 2):
        connection.execute("ALTER TABLE sessions ADD COLUMN over_ms INTEGER")


def _look_through(connection: sqlite3.Connection) -> None:
    """Write what older versions had not: version 1 no agenda, 2 no time when a session was over."""
    connection.execute("DELETE FROM agenda")
    for room in list_books(connection):
        for place, session in enumerate(load_sessions(connection, room, -1)):
            save_session(connection, session, is_left=place >= SESSIONS_LOADED)
        write_agenda(connection, load_book(connection, room))


def _read_version(connection: sqlite3.Connection, path: str) -> int:
    """0 for an empty file; LedgerError for one that is not ours, or not of a version we know."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise LedgerError(f"LEDGER_URL: {path} is another program's database; name a new file")
        return 0
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if not 1 <= version <= SCHEMA_VERSION:
        raise LedgerError(
            f"LEDGER_URL: {path} was written by another version of Roomscribe; "
            "name a new file, or delete it when no room is open"
        )
    return version
