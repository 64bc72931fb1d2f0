"""The SQLite ledger: one winner whatever happens at once, and a clear error for a file that is none."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest

from shared.errors import LedgerError, SettingsError
from shared.ledger import Room, Session, open_ledger
from shared.ledger.records import Task
from shared.ledger.sqlite import SqliteLedger
from shared.ledger.transitions import is_older, judge_opening
from shared.rules import Rule

ROOM = Room(1400000000, "lobby", 1)
RULE = Rule(name="everything else", room=["*"], cloud={"region": "ap-singapore"})
T = 1_700_000_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> SqliteLedger:
    return SqliteLedger(str(tmp_path / "deep" / "ledger.db"))


def open_session(ledger: SqliteLedger, at_ms: int = T) -> Session:
    _, session = ledger.open_session(ROOM, at_ms, RULE)
    assert session
    return session


def claim(
    ledger: SqliteLedger, session: Session, token: str = "a", now_ms: int = T
) -> tuple[bool, Task]:
    return ledger.claim_start(
        session, "*", "cloud", trigger="101", token=token, now_ms=now_ms, lease_ms=9_000
    )


def run(ledger: SqliteLedger, session: Session, task_id: str = "task-1") -> Task:
    _, task = claim(ledger, session)
    assert ledger.finish_start(task, task_id, "ap-singapore", T) == "running"
    return ledger.list_tasks(session)[0]


def test_session_and_rule_come_back_as_they_went(ledger: SqliteLedger) -> None:
    session = open_session(ledger)
    assert ledger.list_sessions(ROOM, 5) == [session]
    assert session.rule == RULE
    assert session.id == f"1400000000/1/lobby/{T}"


def test_newest_session_comes_first_and_most_is_kept(ledger: SqliteLedger) -> None:
    for number in range(3):
        open_session(ledger, T + 10 * number)
        ledger.close_session(ROOM, T + 10 * number + 5)
    assert [session.opened_ms for session in ledger.list_sessions(ROOM, 2)] == [T + 20, T + 10]


def test_lost_claim_cannot_finish(ledger: SqliteLedger) -> None:
    session = open_session(ledger)
    _, first = claim(ledger, session, "a")
    won, second = claim(ledger, session, "b", T + 9_000)
    assert (won, second.unsure) == (True, True)
    assert ledger.finish_start(second, "task-2", "ap-singapore", T) == "running"
    assert ledger.finish_start(first, "task-1", "ap-singapore", T) == "stopping"
    assert {i.task_id for i in ledger.list_tasks(session)[0].task_ids} == {"task-1", "task-2"}


def test_lost_claim_that_found_the_same_task_leaves_it_running(ledger: SqliteLedger) -> None:
    session = open_session(ledger)
    _, first = claim(ledger, session, "a")
    _, second = claim(ledger, session, "b", T + 9_000)
    ledger.finish_start(second, "task-1", "ap-singapore", T)
    assert ledger.finish_start(first, "task-1", "ap-singapore", T) == "running"


def test_every_task_id_is_kept_until_it_has_ended(ledger: SqliteLedger) -> None:
    session = open_session(ledger)
    run(ledger, session)
    task = ledger.list_tasks(session)[0]
    ledger.close_session(ROOM, T + 1)
    assert [t.task_id for t in ledger.begin_stops(session, T)] == ["task-1"]
    assert not ledger.finish_stop(task, [], T)
    assert [t.task_id for t in ledger.begin_stops(session, T)] == ["task-1"]
    assert ledger.finish_stop(task, ["task-1"], T)
    assert ledger.begin_stops(session, T) == []
    assert ledger.list_tasks(session)[0].state == "stopped"


def test_claim_held_meanwhile_is_for_its_starter_to_stop(ledger: SqliteLedger) -> None:
    session = open_session(ledger)
    _, task = claim(ledger, session)
    assert ledger.hold_tasks(session, T) == []
    assert ledger.finish_start(task, "task-1", "ap-singapore", T) == "stopping"
    assert ledger.list_tasks(session)[0].state == "held"


def test_closed_session_is_never_claimed(ledger: SqliteLedger) -> None:
    session = open_session(ledger)
    ledger.close_session(ROOM, T + 1)
    assert not claim(ledger, session)[0]


def test_person_who_left_stays_gone_when_an_old_event_arrives(ledger: SqliteLedger) -> None:
    session = open_session(ledger)
    ledger.note_person(session, "ann", T + 5, present=True, microphone=True)
    ledger.note_person(session, "ann", T + 9, present=False, microphone=False)
    ledger.note_person(session, "ann", T + 7, present=True, microphone=None)
    (ann,) = ledger.list_people(session)
    assert (ann.present, ann.microphone, ann.event_ms) == (False, False, T + 9)


def test_plan_is_used_once(ledger: SqliteLedger) -> None:
    planned = Rule(name="planned", room=["*"], service="none")
    ledger.plan_room(ROOM, planned)
    assert open_session(ledger).rule == planned
    ledger.close_session(ROOM, T + 1)
    assert open_session(ledger, T + 2).rule == RULE


def test_everything_survives_a_new_connection(ledger: SqliteLedger, tmp_path: Path) -> None:
    session = open_session(ledger)
    task = run(ledger, session)
    again = SqliteLedger(str(tmp_path / "deep" / "ledger.db"))
    assert again.list_tasks(session) == [task]


def compete(path: str, token: str, results: multiprocessing.Queue[str]) -> None:
    ledger = SqliteLedger(path)
    _, session = ledger.open_session(ROOM, T, RULE)
    assert session
    won, _ = claim(ledger, session, token)
    results.put(token if won else "")


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
    assert len(winners) == 1
    task = SqliteLedger(path).list_tasks(SqliteLedger(path).list_sessions(ROOM, 1)[0])[0]
    assert (task.token, task.attempts) == (winners[0], 1)


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


def test_path_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be opened"):
        SqliteLedger(str(tmp_path / "file" / "ledger.db"))


@pytest.mark.parametrize("url", ["", "ledger.db", "mysql://host/db", "sqlite://", "sqlite:///"])
def test_url_that_names_no_ledger_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="LEDGER_URL"):
        open_ledger(url)


@pytest.mark.parametrize(
    ("event_ms", "than_ms", "precise", "older"),
    [
        (9_999, 10_000, True, True),
        (10_000, 10_000, True, False),
        (10_000, 10_700, False, False),
        (9_000, 10_000, False, True),
    ],
)
def test_event_known_to_the_second_is_compared_by_seconds(
    event_ms: int, than_ms: int, precise: bool, older: bool
) -> None:
    assert is_older(event_ms, than_ms, precise=precise) is older


@pytest.mark.parametrize(
    ("opened_ms", "closed_ms", "tombstone_ms", "event_ms", "creates", "opening"),
    [
        (None, None, 0, 100, True, "opened"),
        (None, None, 100, 100, True, "gone"),
        (None, None, 100, 101, False, "opened"),
        (100, None, 0, 100, True, "open"),
        (100, None, 0, 90, True, "stale"),
        (100, None, 0, 110, True, "newer"),
        (100, None, 0, 90, False, "open"),
        (100, None, 95, 90, False, "gone"),
        (100, 200, 0, 150, True, "gone"),
        (100, 200, 0, 201, True, "opened"),
    ],
)
def test_opening_is_judged_by_event_time(
    opened_ms: int | None,
    closed_ms: int | None,
    tombstone_ms: int,
    event_ms: int,
    creates: bool,
    opening: str,
) -> None:
    last = None
    if opened_ms is not None:
        last = Session("s", ROOM, opened_ms, opened_ms, closed_ms, RULE)
    assert judge_opening(last, tombstone_ms, event_ms, precise=True, creates=creates) == opening
