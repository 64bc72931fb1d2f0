"""The contract of the ledger, kept by each engine: what went in comes out, what is due is known."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.errors import SettingsError
from shared.ledger import Ledger, RoomBook, claims, open_ledger
from shared.ledger import due as agenda
from shared.room import Room
from tests.support.ledger_steps import (
    APP,
    ROOM,
    RULE,
    T,
    another_instance,
    claim,
    close_room,
    finish,
    note_person,
    open_session,
)

ROOT = Path(__file__).resolve().parents[3]
LATER = T + 10_000_000
ODD_IDS = ["a {b} c", "}{", "1/2|3", "naïve 会议 🎧", "%7B", " ", "*", "[a-z]?", "a:b:book"]


def test_book_comes_back_as_it_went(ledger: Ledger, ledger_url: str) -> None:
    def fill(book: RoomBook) -> None:
        book.bury(T - 5)
        _, session = book.open_session(T, RULE)
        assert session
        _, task = claims.claim_start(session, "*", "cloud", trigger="e", token="t", now_ms=T)
        claims.finish_start(session, task, "task-1", "ap-singapore", T + 1)
        book.half.plan = RULE

    ledger.change(ROOM, fill)
    book = ledger.read(ROOM)
    assert (book.tombstone_ms, book.half.plan) == (T - 5, RULE)
    assert book.sessions[0].tasks["*"].task_ids[0].task_id == "task-1"
    assert ledger.read(ROOM.twin).sessions == []
    with another_instance(ledger_url) as again:
        assert again.read(ROOM).document == book.document


@pytest.mark.parametrize("room_id", ODD_IDS)
def test_room_may_be_called_anything(ledger: Ledger, room_id: str) -> None:
    room = Room(APP, room_id, 1)
    assert claim(ledger, room=room)
    note_person(ledger, open_session(ledger, T, room), room_id, T, present=True, microphone=None)
    assert ledger.list_due(LATER, 5) == [room]
    assert ledger.count_living(APP) == 1
    assert [p.user_id for p in ledger.list_people(ledger.read(room).sessions[0])] == [room_id]
    assert ledger.read(ROOM).sessions == []


def test_change_that_fails_changes_nothing(ledger: Ledger) -> None:
    def fail(book: RoomBook) -> None:
        book.open_session(T, RULE)
        raise KeyError

    with pytest.raises(KeyError):
        ledger.change(ROOM, fail)
    assert ledger.read(ROOM).sessions == []
    open_session(ledger)


def test_newest_sessions_come_first(ledger: Ledger) -> None:
    for number in range(5):
        open_session(ledger, T + 10 * number)
        close_room(ledger, T + 10 * number + 5)
    opened = [T + 40, T + 30, T + 20, T + 10, T]
    assert [s.opened_ms for s in ledger.list_sessions(ROOM, 9)] == opened
    assert [s.opened_ms for s in ledger.list_sessions(ROOM, 3)] == opened[:3]
    assert [s.opened_ms for s in ledger.list_sessions(ROOM, 1)] == opened[:1]
    assert [s.opened_ms for s in ledger.read(ROOM).sessions] == opened[:2]


def test_string_tombstone_counts_for_the_numeric_room_and_not_the_other_way(ledger: Ledger) -> None:
    numeric = Room(APP, "123", 0)
    ledger.change(numeric.twin, lambda book: book.bury(T))
    assert ledger.read(numeric).tombstone_ms == T
    ledger.change(numeric, lambda book: book.bury(T + 5))
    assert ledger.read(numeric.twin).tombstone_ms == T


@pytest.mark.parametrize("precise", [True, False])
def test_person_who_left_stays_gone_when_an_old_event_arrives(
    ledger: Ledger, precise: bool
) -> None:
    session = open_session(ledger)

    def note(at_ms: int, present: bool, microphone: bool | None) -> None:
        note_person(
            ledger, session, "ann", at_ms, present=present, microphone=microphone, precise=precise
        )

    note(T + 5_000, True, True)
    note(T + 9_000, False, False)
    note(T + 7_000, True, None)
    (ann,) = ledger.list_people(session)
    assert (ann.present, ann.microphone, ann.event_ms) == (False, False, T + 9_000)


def test_microphone_stays_as_it_was_unless_said(ledger: Ledger) -> None:
    session = open_session(ledger)
    note_person(ledger, session, "ann", T, present=True, microphone=True)
    note_person(ledger, session, "ann", T + 1, present=True, microphone=None)
    assert ledger.list_people(session)[0].microphone


def test_people_are_listed_by_name_each_in_their_session(ledger: Ledger) -> None:
    first = open_session(ledger)
    for name in ("émile", "bob", "Zoe"):
        note_person(ledger, first, name, T, present=True, microphone=None)
    close_room(ledger, T + 5)
    second = open_session(ledger, T + 10)
    note_person(ledger, second, "ann", T + 10, present=True, microphone=None)
    assert [person.user_id for person in ledger.list_people(first)] == ["Zoe", "bob", "émile"]
    assert [person.user_id for person in ledger.list_people(second)] == ["ann"]


def test_due_rooms_come_when_their_time_has_the_longest_waiting_first(ledger: Ledger) -> None:
    assert (ledger.find_next_due(), ledger.list_due(LATER, 9)) == (None, [])
    rooms = [Room(APP, f"room-{number}", 0) for number in (2, 0, 1)]
    for wait, room in enumerate(rooms):
        claim(ledger, now_ms=T + wait, room=room)
    first_ms = T + claims.LEASE_MS
    assert ledger.find_next_due() == first_ms
    assert ledger.list_due(first_ms - 1, 9) == []
    assert ledger.list_due(first_ms + 1, 9) == rooms[:2]
    assert ledger.list_due(LATER, 9) == rooms
    assert ledger.list_due(LATER, 1) == rooms[:1]


def test_look_follows_the_book_later_sooner_and_gone(ledger: Ledger) -> None:
    claim(ledger)
    assert ledger.find_next_due() == T + claims.LEASE_MS
    finish(ledger)
    assert ledger.find_next_due() == T + agenda.CHECK_MS

    def forget_task(book: RoomBook) -> None:
        claims.note_ended(book.sessions[0].tasks["*"], ["task-t"], T + 1)

    ledger.change(ROOM, forget_task)
    assert ledger.list_due(T + 1, 9) == [ROOM]
    close_room(ledger, T + 2)
    assert (ledger.find_next_due(), ledger.list_due(LATER, 9)) == (None, [])


def test_living_tasks_are_counted_for_each_application(ledger: Ledger) -> None:
    other = Room(7, "lobby", 1)
    for room in (ROOM, ROOM.twin, other):
        assert claim(ledger, room=room)
    assert (ledger.count_living(APP), ledger.count_living(7)) == (2, 1)
    finish(ledger)
    assert ledger.count_living(APP) == 2
    close_room(ledger, T + 5)
    assert (ledger.count_living(APP), ledger.count_living(7), ledger.count_living(8)) == (1, 1, 0)


def test_task_of_a_session_that_left_the_book_is_neither_due_nor_counted(ledger: Ledger) -> None:
    claim(ledger)
    for number in range(1, 3):
        assert (ledger.list_due(LATER, 9), ledger.count_living(APP)) == ([ROOM], 1)
        ledger.change(ROOM, lambda book: book.close_session(book.sessions[0].opened_ms + 5))
        open_session(ledger, T + 10 * number)
    assert len(ledger.list_sessions(ROOM, 9)) == 3
    assert (ledger.list_due(LATER, 9), ledger.find_next_due()) == ([], None)
    assert ledger.count_living(APP) == 0


def test_slots_are_at_most_so_many_in_any_second(ledger: Ledger) -> None:
    waits = [ledger.take_slot("cloud", 3, T + ms) for ms in (0, 400, 800, 900, 999, 1_000, 1_001)]
    assert waits == [0, 0, 0, 100, 1, 0, 399]
    assert ledger.take_slot("ai", 3, T) == 0


def test_slots_given_by_a_wrong_clock_are_forgotten(ledger: Ledger) -> None:
    assert ledger.take_slot("cloud", 1, T + 3_600_000) == 0
    assert [ledger.take_slot("cloud", 1, T), ledger.take_slot("cloud", 1, T + 1)] == [0, 999]


def test_slots_of_a_clock_that_is_a_little_behind_count_as_well(ledger: Ledger) -> None:
    assert ledger.take_slot("cloud", 2, T + 100) == 0
    assert ledger.take_slot("cloud", 2, T) == 0
    assert ledger.take_slot("cloud", 2, T + 1_050) == 50


def test_slots_follow_a_rate_that_was_changed(ledger: Ledger) -> None:
    assert [ledger.take_slot("cloud", 2, T) for _ in range(3)] == [0, 0, 1_000]
    assert [ledger.take_slot("cloud", 3, T) for _ in range(2)] == [0, 1_000]
    assert ledger.take_slot("cloud", 1, T + 1) == 999


def test_lease_has_one_holder_until_it_runs_out(ledger: Ledger) -> None:
    assert ledger.take_lease("drainer", "a", T, 9_000)
    assert not ledger.take_lease("drainer", "b", T + 8_999, 9_000)
    assert ledger.take_lease("drainer", "a", T + 8_999, 9_000)
    assert not ledger.take_lease("drainer", "b", T + 9_000, 9_000)
    assert ledger.take_lease("drainer", "b", T + 17_999, 9_000)
    assert not ledger.take_lease("drainer", "a", T + 17_999, 9_000)
    assert ledger.take_lease("sweeper", "a", T, 9_000)


def test_lease_is_given_back_by_its_holder_only(ledger: Ledger) -> None:
    ledger.take_lease("drainer", "a", T, 9_000)
    ledger.drop_lease("drainer", "b")
    assert not ledger.take_lease("drainer", "b", T, 9_000)
    ledger.drop_lease("drainer", "a")
    assert ledger.take_lease("drainer", "b", T, 9_000)


def test_lease_written_by_a_wrong_clock_counts_as_run_out(ledger: Ledger) -> None:
    assert ledger.take_lease("drainer", "a", T + 3_600_000, 9_000)
    assert ledger.take_lease("drainer", "b", T, 60_000)
    assert not ledger.take_lease("drainer", "c", T, 60_000)


def test_threads_of_one_process_lose_no_change(ledger: Ledger) -> None:
    claim(ledger)

    def count(book: RoomBook) -> None:
        book.sessions[0].tasks["*"].attempts += 1

    with ThreadPoolExecutor(10) as pool:
        for done in [pool.submit(ledger.change, ROOM, count) for _ in range(100)]:
            done.result()
    assert ledger.read(ROOM).sessions[0].tasks["*"].attempts == 101


@pytest.mark.parametrize(("url", "engine"), [("sqlite:///l.db", "sqlite3"), ("redis://h", "redis")])
def test_only_the_engine_that_is_asked_for_is_imported(
    tmp_path: Path, url: str, engine: str
) -> None:
    code = (
        "import sys; from shared.ledger import open_ledger; open_ledger(sys.argv[1]);"
        "print([name for name in ('sqlite3', 'redis') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, url],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"['{engine}']\n"


@pytest.mark.parametrize(
    "url",
    [
        *("", "ledger.db", "mysql://host/db", "sqlite://", "sqlite:///", "redis://", "redis:///0"),
        *("redis://:p4ss#word@host/0", "redis://host:port/0", "redis://host/zero", "unix://"),
        *("redis://:p4ssword@host:99999999/0", "redis://:p4ssword@host/?no_such_option=1"),
        *("redis://[:p4ssword@host", "rediss://:p4ssword@host/0?ssl_cert_reqs=p4ssword"),
    ],
)
def test_url_that_names_no_ledger_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="LEDGER_URL: must be") as raised:
        open_ledger(url)
    assert "p4ss" not in "".join(traceback.format_exception(None, raised.value, None))
