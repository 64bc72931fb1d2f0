"""The ledger between processes that compete and die: nothing accepted is lost, nothing given twice."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from multiprocessing.pool import Pool
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from local.redis_server import RedisServer
from shared.errors import LedgerError
from shared.ledger import Ledger, RoomBook, Session, close_ledgers, open_ledger
from shared.room import Room
from tests.support.ledger_steps import APP, ROOM, RULE, T, claim, note_person, open_session
from tests.support.redis_servers import PATIENCE, be_patient, need_redis, wait_long

ROOT = Path(__file__).resolve().parents[3]
PROCESSES = 8
CHANGES = 25
race: list[Barrier] = []  # a process's own

Work = Callable[[Ledger, int], list[int]]
ROOMS = [Room(APP, f"room-{number}", 0) for number in range(PROCESSES)]


def count(book: RoomBook) -> int:
    """One more attempt."""
    task = book.sessions[0].tasks["*"]
    task.attempts += 1
    return task.attempts


def change_often(ledger: Ledger, number: int) -> list[int]:
    return [change_in_the_end(ledger) for _ in range(CHANGES)]


def change_in_the_end(ledger: Ledger) -> int:
    """Whoever is refused because too many want the same has changed nothing, and comes again."""
    for _ in range(PROCESSES):
        try:
            return ledger.change(ROOM, count)
        except LedgerError as error:
            if "too many change the same room at once" not in str(error):
                raise
    raise AssertionError("eight times in a row the others were quicker")


def claim_once(ledger: Ledger, number: int) -> list[int]:
    return [number] if claim(ledger, f"token-{number}") else []


def take_slots(ledger: Ledger, number: int) -> list[int]:
    waits = [ledger.take_slot("cloud", 5, T + ms) for ms in (0, 0, 1_000, 1_000)]
    return [wait for wait in waits if wait == 0]


def take_lease(ledger: Ledger, number: int) -> list[int]:
    return [number] if ledger.take_lease("drainer", f"token-{number}", T, 9_000) else []


def note_people(ledger: Ledger, number: int) -> list[int]:
    (session,) = ledger.read(ROOM).sessions
    for ms in range(10):
        note_person(
            ledger, session, f"user-{ms}", T + number, present=number % 2 == 0, microphone=None
        )
    return []


def claim_own_room(ledger: Ledger, number: int) -> list[int]:
    return [int(claim(ledger, room=ROOMS[number]))]


@pytest.fixture(scope="module")
def processes() -> Iterator[Pool]:
    """Processes that wait for one another, and then go at once."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(PROCESSES, join_race, (spawn.Barrier(PROCESSES),)) as pool:
        yield pool


def join_race(start: Barrier) -> None:
    """What each process does first."""
    wait_long()
    race.append(start)


def compete(url: str, work: Work, number: int) -> list[int]:
    """What one process gets."""
    race[0].wait()
    with contextlib.closing(open_ledger(url)) as ledger:
        got = work(ledger, number)
    close_ledgers()
    return got


def let_compete(processes: Pool, url: str, work: Work) -> list[int]:
    """What all processes together got."""
    asks = [(url, work, number) for number in range(PROCESSES)]
    return [item for got in processes.starmap(compete, asks, chunksize=1) for item in got]


@pytest.mark.slow
def test_every_change_of_eight_processes_is_counted(
    ledger: Ledger, ledger_url: str, processes: Pool
) -> None:
    claim(ledger)
    got = let_compete(processes, ledger_url, change_often)
    assert sorted(got) == list(range(2, 2 + PROCESSES * CHANGES))
    assert ledger.read(ROOM).sessions[0].tasks["*"].attempts == 1 + PROCESSES * CHANGES


def test_eight_processes_that_want_one_task_have_one_winner(
    ledger: Ledger, ledger_url: str, processes: Pool
) -> None:
    (winner,) = let_compete(processes, ledger_url, claim_once)
    task = ledger.read(ROOM).sessions[0].tasks["*"]
    assert (task.token, task.attempts) == (f"token-{winner}", 1)
    assert ledger.count_living(APP) == 1
    assert ledger.find_next_due() == task.lease_until_ms


def test_eight_processes_get_no_more_slots_than_there_are(
    ledger: Ledger, ledger_url: str, processes: Pool
) -> None:
    assert len(let_compete(processes, ledger_url, take_slots)) in range(5, 11)
    assert ledger.take_slot("cloud", 5, T + 1_999) == 1


def test_one_of_eight_processes_holds_the_lease(
    ledger: Ledger, ledger_url: str, processes: Pool
) -> None:
    (holder,) = let_compete(processes, ledger_url, take_lease)
    assert ledger.take_lease("drainer", f"token-{holder}", T + 1, 9_000)


def test_people_noted_by_eight_processes_are_as_the_newest_says(
    ledger: Ledger, ledger_url: str, processes: Pool
) -> None:
    session = open_session(ledger)
    let_compete(processes, ledger_url, note_people)
    people = ledger.list_people(session)
    assert len(people) == 10
    assert {(person.present, person.event_ms) for person in people} == {(False, T + 7)}


def test_rooms_of_eight_processes_are_all_due_and_counted(
    ledger: Ledger, ledger_url: str, processes: Pool
) -> None:
    assert let_compete(processes, ledger_url, claim_own_room) == [1] * PROCESSES
    assert set(ledger.list_due(T + 10_000, 99)) == set(ROOMS)
    assert ledger.count_living(APP) == PROCESSES


WRITER = """
import sys
from shared.errors import LedgerError
from shared.ledger import open_ledger
from tests.support.ledger_steps import ROOM
from tests.shared.ledger.test_ledger_processes import write_on
ledger = open_ledger(sys.argv[1])
try:
    while True:
        print(write_on(ledger), flush=True)
except LedgerError as error:
    print(error, file=sys.stderr)
"""


def write_on(ledger: Ledger) -> int:
    """Add a life to a room, of which nothing may be lost once this has returned."""
    number = len(ledger.list_sessions(ROOM, 1)) and ledger.read(ROOM).sessions[0].opened_ms - T

    def work(book: RoomBook) -> None:
        at_ms = T + number + 1
        _, session = book.open_session(at_ms, RULE)
        assert session
        book.reopen_session(session.id, at_ms, RULE)

    ledger.change(ROOM, work)
    session = ledger.read(ROOM).sessions[0]
    note_person(ledger, session, "ann", session.opened_ms, present=True, microphone=None)
    return session.opened_ms - T


@contextlib.contextmanager
def writing(url: str) -> Iterator[subprocess.Popen[str]]:
    """A process that writes and writes, and tells of each that was accepted."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, url],
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{PATIENCE}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def read_on(process: subprocess.Popen[str], lines: int) -> int:
    """The last that was accepted of the next lines."""
    assert process.stdout
    return int([process.stdout.readline() for _ in range(lines)][-1])


def read_rest(process: subprocess.Popen[str], last: int) -> int:
    """The last that was accepted before the process ended; half a line was not told."""
    assert process.stdout
    told = [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    return int(told[-1]) if told else last


def assert_nothing_lost(ledger: Ledger, last: int) -> None:
    """All that was accepted is there; one more may be, whose answer nobody heard."""
    sessions: list[Session] = ledger.list_sessions(ROOM, 40)
    found = [session.opened_ms - T for session in sessions]
    assert found[0] in (last, last + 1)
    assert found == list(range(found[0], found[0] - len(found), -1))
    assert len(found) == min(found[0], 40)
    accepted = next(session for session in sessions if session.opened_ms == T + last)
    assert [person.user_id for person in ledger.list_people(accepted)] == ["ann"]


@pytest.mark.parametrize("lines", [1, 5, 30])
def test_writer_that_is_killed_loses_nothing_accepted(
    ledger: Ledger, ledger_url: str, lines: int
) -> None:
    with writing(ledger_url) as process:
        last = read_on(process, lines)
        process.send_signal(signal.SIGKILL)
        last = read_rest(process, last)
    assert_nothing_lost(ledger, last)
    assert write_on(ledger) > last


@pytest.mark.parametrize("lines", [1, 30])
def test_redis_that_is_killed_loses_nothing_accepted(tmp_path: Path, lines: int) -> None:
    need_redis()
    with RedisServer(tmp_path / "redis") as server, writing(be_patient(server)) as process:
        last = read_on(process, lines)
        server.kill()
        last = read_rest(process, last)
        assert process.stderr
        assert "LEDGER_URL: Redis at" in process.stderr.read()
        ledger = open_ledger(be_patient(server))
        with pytest.raises(LedgerError, match="cannot be reached"):
            ledger.read(ROOM)
        server.start()
        assert_nothing_lost(ledger, last)
        assert write_on(ledger) > last
