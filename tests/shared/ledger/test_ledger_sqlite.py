"""The SQLite ledger's file: other versions' and other people's are left alone, damage is named."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.errors import LedgerError
from shared.ledger import Ledger, Session
from shared.ledger.ledger import PIECE, Forgotten
from shared.ledger.sqlite_file import SCHEMA_VERSION
from shared.room import Room
from tests.support.ledger_steps import (
    APP,
    ROOM,
    T,
    close_room,
    hear,
    note_person,
    open_session,
    open_sqlite,
)

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with contextlib.closing(open_sqlite(str(path))) as ledger:
        yield ledger


def test_corrupt_file_is_named(path: Path) -> None:
    path.write_bytes(b"this is no database, but long enough to be taken for one" * 100)
    with pytest.raises(LedgerError, match=r"LEDGER_URL: .*ledger\.db cannot be opened"):
        open_sqlite(str(path))


def test_file_that_became_corrupt_is_named(ledger: Ledger, path: Path) -> None:
    open_session(ledger)
    ledger.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with pytest.raises(LedgerError, match=r"LEDGER_URL: .*ledger\.db"):
        write_to(path)


def write_to(path: Path) -> None:
    with contextlib.closing(open_sqlite(str(path))) as ledger:
        open_session(ledger, T + 1)


def test_record_that_cannot_be_read_is_named(ledger: Ledger, path: Path) -> None:
    open_session(ledger)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE cells SET value = CAST('{\"id\": 1}' AS BLOB)")
    with pytest.raises(LedgerError, match=r"LEDGER_URL: .*ledger\.db does not answer"):
        ledger.read(ROOM)


def test_foreign_database_is_left_alone(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="another program's database; name a new file"):
        open_sqlite(str(path))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_new_file_is_nobody_elses_however_many_open_it_at_once(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def open_and_close(path: Path) -> None:
        start.wait()
        open_sqlite(str(path)).close()

    with ThreadPoolExecutor(8) as threads:
        for number in range(60):
            path = tmp_path / f"{number}.db"
            list(threads.map(open_and_close, [path] * 8))


def date_file(path: Path, version: int) -> bytes:
    """Make a ledger's file one of another version, and tell what is in it then."""
    open_sqlite(str(path)).close()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {version}")
    return path.read_bytes()


def list_modes(path: Path) -> dict[str, int]:
    """The permissions of the ledger's files, by the ends of their names."""
    files = path.parent.glob("ledger.db*")
    return {file.name.removeprefix("ledger.db"): file.stat().st_mode & 0o777 for file in files}


def test_files_are_their_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.db"
    usual = os.umask(0)
    try:
        with contextlib.closing(open_sqlite(str(path))) as ledger:
            open_session(ledger)
            assert list_modes(path) == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
    finally:
        os.umask(usual)
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_files_that_others_could_read_are_closed_to_them(path: Path) -> None:
    open_sqlite(str(path)).close()
    for file in path.parent.glob("ledger.db*"):
        file.chmod(0o644)
    with contextlib.closing(open_sqlite(str(path))) as ledger:
        open_session(ledger)
        assert set(list_modes(path).values()) == {0o600}


def test_file_from_before_the_first_release_is_named_and_left_alone(path: Path) -> None:
    before = date_file(path, SCHEMA_VERSION - 1)
    with pytest.raises(
        LedgerError, match=r"before Roomscribe 1\.0\.0; name a new file, or delete it"
    ):
        open_sqlite(str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, 99])
def test_file_of_a_newer_version_is_named_and_left_alone(path: Path, version: int) -> None:
    before = date_file(path, version)
    with pytest.raises(LedgerError, match="by a newer version of Roomscribe; finish the deploy"):
        open_sqlite(str(path))
    assert path.read_bytes() == before


def test_path_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be opened"):
        open_sqlite(str(tmp_path / "file" / "ledger.db"))
    with pytest.raises(LedgerError, match="cannot be opened"):
        open_sqlite(str(tmp_path))


@pytest.mark.slow
def test_file_somebody_else_holds_is_named_in_time(ledger: Ledger, path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="does not answer: database is locked"):
            open_session(ledger)
        other.execute("ROLLBACK")
    open_session(ledger)


def test_ledger_that_was_closed_says_so(ledger: Ledger) -> None:
    ledger.close()
    with pytest.raises(LedgerError, match="does not answer"):
        ledger.read(ROOM)


READ_ONLY = """
import os, sys
import shared.ledger.sqlite
from shared.errors import LedgerError
from tests.support.ledger_steps import open_sqlite
if os.getuid() == 0:
    os.setuid(65534)
try:
    open_sqlite(sys.argv[1])
except LedgerError as error:
    print(error)
"""


@pytest.mark.parametrize("exists", [True, False])
def test_read_only_folder_is_named(tmp_path: Path, exists: bool) -> None:
    for folder in (*tmp_path.parents[:2], tmp_path):  # pytest's own are its user's alone
        folder.chmod(0o755)
    path = tmp_path / "disk" / "ledger.db"
    path.parent.mkdir()
    if exists:
        open_sqlite(str(path)).close()
        path.chmod(0o444)
    path.parent.chmod(0o555)
    done = run(READ_ONLY, path)
    assert f"LEDGER_URL: {path} cannot be opened" in done


FULL_DISK = """
import resource, sys
from shared.errors import LedgerError
from tests.support.ledger_steps import open_sqlite
from tests.support.ledger_steps import ROOM, T, note_person, open_session
ledger = open_sqlite(sys.argv[1])
session = open_session(ledger)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
accepted = 0
try:
    while True:
        note_person(ledger, session, f"user-{accepted}", T, present=True, microphone=None)
        accepted += 1
except LedgerError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert accepted > 100
assert len(ledger.list_people(session)) == accepted
note_person(ledger, session, "zoe", T, present=True, microphone=None)
ledger.close()
ledger = open_sqlite(sys.argv[1])
assert len(ledger.list_people(session)) == accepted + 1
print("nothing lost")
"""


def test_full_disk_is_named_and_nothing_accepted_is_lost(path: Path) -> None:
    refused, lost = run(FULL_DISK, path).splitlines()
    assert f"LEDGER_URL: {path} does not answer" in refused
    assert lost == "nothing lost"


def run(code: str, path: Path) -> str:
    """What a program says of the ledger at a path, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read_bytes(path: Path) -> bytes:
    """All that lies on the disk for a ledger."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def speak(ledger: Ledger, session: Session, count: int) -> None:
    for number in range(count):
        ledger.keep_sentence(session, hear(number))
        ledger.keep_sentence(session, hear(number, translated="zh"))


def test_no_byte_of_a_deleted_sentence_stays_on_the_disk(ledger: Ledger, path: Path) -> None:
    session = open_session(ledger)
    speak(ledger, session, 200)
    assert b"sentence 1" in read_bytes(path)
    with contextlib.closing(open_sqlite(str(path))) as another:  # of another process
        another.read(ROOM)
        ledger.forget_sentences(session.id, T + 5_000)
        assert ledger.erase_traces()
        assert b"sentence" not in read_bytes(path).replace(b"sentences", b"")


def test_what_is_over_is_deleted_piece_by_piece_and_leaves_no_trace(
    ledger: Ledger, path: Path
) -> None:
    for room in (ROOM, ROOM.twin):
        session = open_session(ledger, room=room)
        speak(ledger, session, 300)
        note_person(ledger, session, "ann", T, present=True, microphone=True)
        close_room(ledger, T + 9_000, room)
    later = open_session(ledger, T + 10_000)
    ledger.keep_sentence(later, hear(7))
    ledger.change(Room(APP, "buried", 1), lambda book: book.bury(T))
    ledger.change(Room(APP, "buried late", 1), lambda book: book.bury(T + 10_000))
    pieces = list(iter(lambda: ledger.forget_old(T + 9_001), Forgotten()))
    assert ledger.erase_traces()
    assert all(sum(piece) <= PIECE for piece in pieces)
    assert [sum(counts) for counts in zip(*pieces, strict=True)] == [2, 600, 2, 1]
    assert ledger.list_sessions(ROOM, 9) == [later]
    assert ledger.list_sessions(ROOM.twin, 9) == []
    assert ledger.read(Room(APP, "buried late", 1)).tombstone_ms == T + 10_000
    assert re.findall(rb"sentence \d+", read_bytes(path)) == [b"sentence 7"]
