"""Opening the SQLite ledger's file: what another program, or a newer version, wrote is not touched."""

from __future__ import annotations

import select
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

from shared.errors import LedgerError, NewerError

APPLICATION_ID = 0x526F6F6D  # "Room": tells our file from anybody else's
SCHEMA_VERSION = 5  # that of 1.0.0, which whatever follows can read: docs/decisions/0012
BUSY_TIMEOUT_S = 1.0
OPEN_PAUSE_S = 0.04  # switching to WAL does not wait for a lock by itself
SCHEMA = Path(__file__).parent / "schema.sql"
TEMPORARY = Path("/tmp")  # noqa: S108  where a function's only disk is, which dies with its instance
# Of writes, 16 MB, that one checkpoint brings into the file: it waits for the disk twice.
LOG_PAGES = 4_000


def open_file(path: str) -> sqlite3.Connection:
    """A connection that several threads may use, one at a time; LedgerError when there is none."""
    # Whoever was kept waiting in the first turn has a second.
    deadline_s = time.monotonic() + 1.5 * BUSY_TIMEOUT_S
    while True:
        try:
            return _open(path)
        except (sqlite3.Error, OSError) as error:
            if "locked" not in str(error) or time.monotonic() > deadline_s:
                raise LedgerError(
                    f"LEDGER_URL: {path} cannot be opened: {explain(error)}"
                ) from error
        # Real time, also where `time.sleep` follows a clock that somebody moves by hand.
        select.select([], [], [], OPEN_PAUSE_S)


def explain(error: Exception) -> str:
    """What SQLite says, and what to do about a full disk."""
    return str(error).replace("disk is full", "disk is full; free space on it")


def empty_log(connection: sqlite3.Connection) -> bool:
    """Bring the log of writes (WAL) into the file, so that nothing stays in it; False: it is being read."""
    is_busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not is_busy


def _open(path: str) -> sqlite3.Connection:
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = not Path(path).exists()
    _close_to_others(Path(path))
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        version = _find_version_alone(connection, path)
        # A new file has nothing to lose: not to wait for the disk saves 15 of 25 ms of a first start.
        connection.execute(f"PRAGMA synchronous = {'OFF' if is_new else 'NORMAL'}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        if version is None:
            _lay_out(connection, path)
        # Unless checkpoints wait for the disk, a power cut may corrupt the file; a killed process never does.
        lasts = TEMPORARY not in Path(path).resolve().parents
        connection.execute(f"PRAGMA synchronous = {'NORMAL' if lasts else 'OFF'}")
    except BaseException:
        connection.close()
        raise
    return connection


def _close_to_others(path: Path) -> None:
    """Let its owner alone read and write the file, and what SQLite makes beside it, of the same mode."""
    if str(path) == ":memory:":  # what SQLite calls no file
        return
    path.touch(mode=0o600)
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with suppress(PermissionError, FileNotFoundError):
            file.chmod(0o600)


def _find_version_alone(connection: sqlite3.Connection, path: str) -> int | None:
    """What `_find_version` says, all of one moment, though somebody may be laying out the file meanwhile."""
    connection.execute("BEGIN")
    try:
        return _find_version(connection, path)
    finally:
        connection.rollback()


def _find_version(connection: sqlite3.Connection, path: str) -> int | None:
    """The version of the schema, None for an empty file; LedgerError for another, or for a file not ours."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise LedgerError(f"LEDGER_URL: {path} is another program's database; name a new file")
        return None
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise NewerError(path)
    if version < SCHEMA_VERSION:
        raise LedgerError(
            f"LEDGER_URL: {path} was written before Roomscribe 1.0.0; name a new file, or delete it"
        )
    return version


def _lay_out(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if _find_version(connection, path) is None:  # else somebody else was quicker
        for statement in SCHEMA.read_text(encoding="utf-8").split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("COMMIT")
