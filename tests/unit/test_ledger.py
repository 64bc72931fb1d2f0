"""The SQLite ledger: what went in comes out, one at a time, and a clear error for a file that is none."""

from __future__ import annotations

import contextlib
import multiprocessing
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.errors import LedgerError, SettingsError
from shared.ledger import Room, RoomBook, Session, claims, open_ledger
from shared.ledger.sqlite import SqliteLedger
from shared.rules import Rule

ROOM = Room(1400000000, "lobby", 1)
RULE = Rule(name="everything else", room=["*"], cloud={"region": "ap-singapore"})
T = 1_700_000_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    with contextlib.closing(SqliteLedger(str(tmp_path / "deep" / "ledger.db"))) as ledger:
        yield ledger


def open_session(ledger: SqliteLedger, at_ms: int = T) -> Session:
    _, session = ledger.change(ROOM, lambda book: book.open_session(at_ms, RULE))
    assert session
    return session


def test_book_comes_back_as_it_went(ledger: SqliteLedger, tmp_path: Path) -> None:
    def fill(book: RoomBook) -> None:
        book.plan = RULE
        book.bury(T - 5)
        _, session = book.open_session(T, RULE)
        assert session
        _, claim = claims.claim_start(session, "*", "cloud", trigger="e", token="t", now_ms=T)
        claims.finish_start(session, claim, "task-1", "ap-singapore", T + 1)
        book.plan = RULE

    ledger.change(ROOM, fill)
    book = ledger.read(ROOM)
    assert (book.tombstone_ms, book.plan) == (T - 5, RULE)
    assert book.sessions[0].tasks["*"].task_ids[0].task_id == "task-1"
    with contextlib.closing(SqliteLedger(str(tmp_path / "deep" / "ledger.db"))) as again:
        assert again.read(ROOM) == book
    assert ledger.read(ROOM.twin).sessions == []


def test_change_that_fails_changes_nothing(ledger: SqliteLedger) -> None:
    def fail(book: RoomBook) -> None:
        book.open_session(T, RULE)
        raise KeyError

    with pytest.raises(KeyError):
        ledger.change(ROOM, fail)
    assert ledger.read(ROOM).sessions == []
    open_session(ledger)


def test_newest_sessions_come_first(ledger: SqliteLedger) -> None:
    for number in range(3):
        open_session(ledger, T + 10 * number)
        ledger.change(ROOM, lambda book, n=number: book.close_session(T + 10 * n + 5))  # type: ignore[misc]  # default binds n
    assert [s.opened_ms for s in ledger.list_sessions(ROOM, 5)] == [T + 20, T + 10, T]
    assert [s.opened_ms for s in ledger.read(ROOM).sessions] == [T + 20, T + 10]


def test_string_tombstone_counts_for_the_numeric_room_and_not_the_other_way(
    ledger: SqliteLedger,
) -> None:
    numeric = Room(1400000000, "123", 0)
    ledger.change(numeric.twin, lambda book: book.bury(T))
    assert ledger.read(numeric).tombstone_ms == T
    ledger.change(numeric, lambda book: book.bury(T + 5))
    assert ledger.read(numeric.twin).tombstone_ms == T


@pytest.mark.parametrize("precise", [True, False])
def test_person_who_left_stays_gone_when_an_old_event_arrives(
    ledger: SqliteLedger, precise: bool
) -> None:
    session = open_session(ledger)

    def note(at_ms: int, **said: bool | None) -> None:
        ledger.note_person(session, "ann", at_ms, precise=precise, **said)  # type: ignore[arg-type]  # two switches

    note(T + 5_000, present=True, microphone=True)
    note(T + 9_000, present=False, microphone=False)
    note(T + 7_000, present=True, microphone=None)
    (ann,) = ledger.list_people(session)
    assert (ann.present, ann.microphone, ann.event_ms) == (False, False, T + 9_000)


def test_microphone_stays_as_it_was_unless_said(ledger: SqliteLedger) -> None:
    session = open_session(ledger)
    ledger.note_person(session, "ann", T, present=True, microphone=True)
    ledger.note_person(session, "ann", T + 1, present=True, microphone=None)
    assert ledger.list_people(session)[0].microphone


def compete(path: str, token: str, results: multiprocessing.Queue[str]) -> None:
    ledger = SqliteLedger(path)

    def claim(book: RoomBook) -> bool:
        _, session = book.open_session(T, RULE)
        assert session
        return claims.claim_start(session, "*", "cloud", trigger="e", token=token, now_ms=T)[0]

    results.put(token if ledger.change(ROOM, claim) else "")
    ledger.close()


def test_eight_processes_at_once_have_one_winner(tmp_path: Path) -> None:
    path = str(tmp_path / "ledger.db")
    spawn = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = spawn.Queue()
    processes = [spawn.Process(target=compete, args=(path, f"p{n}", results)) for n in range(8)]
    for process in processes:
        process.start()
    winners = [winner for _ in processes if (winner := results.get(timeout=60))]
    for process in processes:
        process.join()
    with contextlib.closing(SqliteLedger(path)) as ledger:
        task = ledger.read(ROOM).sessions[0].tasks["*"]
    assert (winners, task.attempts) == ([task.token], 1)


def test_corrupt_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is no database, but long enough to be taken for one" * 100)
    with pytest.raises(LedgerError, match=r"LEDGER_URL: .*ledger\.db cannot be opened"):
        SqliteLedger(str(path))


def test_foreign_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    other.close()
    with pytest.raises(LedgerError, match="another program's database; name a new file"):
        SqliteLedger(str(path))


def test_file_of_another_version_is_named(ledger: SqliteLedger, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "ledger.db"
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="another version of Roomscribe; name a new file"):
        SqliteLedger(str(path))


def test_path_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be opened"):
        SqliteLedger(str(tmp_path / "file" / "ledger.db"))


def test_file_somebody_else_holds_is_named_in_time(ledger: SqliteLedger, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "deep" / "ledger.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="does not answer: database is locked"):
        open_session(ledger)
    other.execute("ROLLBACK")
    other.close()
    open_session(ledger)


@pytest.mark.parametrize("url", ["", "ledger.db", "mysql://host/db", "sqlite://", "sqlite:///"])
def test_url_that_names_no_ledger_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="LEDGER_URL"):
        open_ledger(url)
