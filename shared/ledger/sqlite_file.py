"""Opening the SQLite ledger's file: a new one is laid out, no other program's or version's touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from shared.errors import LedgerError
from shared.ledger.retry import take_turns

APPLICATION_ID = 0x526F6F6D  # "Room": tells our file from anybody else's
SCHEMA_VERSION = 4
BUSY_TIMEOUT_S = 1.0
OPEN_PAUSE_S = 0.04  # switching to WAL does not wait for a lock by itself
SCHEMA = Path(__file__).parent / "schema.sql"


def open_file(path: str) -> sqlite3.Connection:
    """A connection that several threads may use, one at a time; LedgerError when there is none."""
    failure: Exception | None = None
    for _ in take_turns(BUSY_TIMEOUT_S, OPEN_PAUSE_S):
        try:
            return _connect(path)
        except (sqlite3.Error, OSError) as error:
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
        is_laid_out = _is_laid_out_alone(connection, path)
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


def _is_laid_out_alone(connection: sqlite3.Connection, path: str) -> bool:
    """What `_is_laid_out` says, all of one moment, though somebody may be laying out the file meanwhile."""
    connection.execute("BEGIN")
    try:
        return _is_laid_out(connection, path)
    finally:
        connection.rollback()


def _lay_out(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if not _is_laid_out(connection, path):  # somebody else may have been quicker
        for statement in SCHEMA.read_text(encoding="utf-8").split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")


def _is_laid_out(connection: sqlite3.Connection, path: str) -> bool:
    """False for an empty file; LedgerError for one that is not ours, or not of this version."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise LedgerError(f"LEDGER_URL: {path} is another program's database; name a new file")
        return False
    if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
        raise LedgerError(
            f"LEDGER_URL: {path} was written by another version of Roomscribe; "
            "name a new file, or delete it when no room is open"
        )
    return True
