"""Whatever is done to them, the engines tell the same: hypothesis looks for what they do not agree on."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.redis_server import RedisServer
from shared.ledger import Ledger, RoomBook, Session, Task, claims
from shared.ledger.due import find_due
from shared.ledger.fleet import KINDS, find_mark, read_fleet
from shared.ledger.task import Hearing
from shared.room import Room
from tests.support.ledger_steps import APP, RULE, T, hear, note_person, open_redis, open_sqlite
from tests.support.redis_servers import be_patient, empty

pytestmark = pytest.mark.slow

Step = Callable[[Ledger], object]
Work = Callable[[RoomBook, int], object]
ROOMS = [Room(APP, "7", 0), Room(APP, "7", 1), Room(APP, "{a b}", 1), Room(8, "7", 0)]
LATER = T + 10_000_000


def open_room(book: RoomBook, ms: int) -> object:
    return book.open_session(ms, RULE)[0]


def see_somebody(book: RoomBook, ms: int) -> object:
    return book.open_session(ms, RULE, precise=False, creates=False)[0]


def close_room(book: RoomBook, ms: int) -> object:
    closing = book.close_session(ms)
    return closing, [claims.begin_stops(session, ms) for session in book.sessions]


def bury(book: RoomBook, ms: int) -> object:
    book.bury(ms)
    return book.tombstone_ms


def plan(book: RoomBook, ms: int) -> object:
    book.half.plan = RULE
    return None


def claim(book: RoomBook, ms: int) -> object:
    if book.latest is None:
        return None
    target = "*" if ms % 1_000 else "ann|/{b}"
    return claims.claim_start(book.latest, target, "cloud", trigger="e", token=f"t{ms}", now_ms=ms)


def finish(book: RoomBook, ms: int) -> object:
    begun = list(book.latest.tasks.values()) if book.latest else []
    assert book.latest or not begun
    for task in begun:
        task.checked_ms = ms
    return [
        claims.finish_start(session, task, f"task-{ms}", "ap-singapore", ms)
        for session in book.sessions[:1]
        for task in begun
    ]


def end_tasks(book: RoomBook, ms: int) -> object:
    tasks = [task for session in book.sessions for task in session.tasks.values()]
    for task in tasks:
        claims.note_ended(task, [known.task_id for known in task.task_ids], ms)
    return [not task.needs_stop for task in tasks]


def fail(book: RoomBook, ms: int) -> object:
    """What is being started is refused: for good or, at every other second, until later."""
    state: claims.Release = "failed" if ms % 2_000 else "due"
    begun = [*book.latest.tasks.values()] if book.latest else []
    for task in begun:
        about = book.latest, task, state, f"Code{ms % 3}", ms
        claims.release_start(*about, may_have_happened=False)  # type: ignore[arg-type]
    return [task.troubles for task in begun]


def hear_nothing(book: RoomBook, ms: int) -> object:
    """It is noted that what runs stays silent, or does not any more."""
    for task in book.latest.tasks.values() if book.latest else ():
        task.hearing = Hearing(silent_since_ms=ms if ms % 1_000 else 0)
    return None


def hold(book: RoomBook, ms: int) -> object:
    return claims.hold_session(book.latest, ms, "amy") if book.latest else None


def break_off(book: RoomBook, ms: int) -> object:
    open_room(book, ms)
    raise KeyError


def start(book: RoomBook, ms: int) -> object:
    return [work(book, ms) for work in (open_room, claim, finish)]


def stop(book: RoomBook, ms: int) -> object:
    return [work(book, ms) for work in (close_room, end_tasks)]


WORKS: list[Work] = [
    open_room,
    see_somebody,
    close_room,
    bury,
    plan,
    claim,
    finish,
    end_tasks,
    fail,
    hear_nothing,
    hold,
]
moments = st.integers(0, 40).map(lambda number: T + number * 500)
rooms = st.sampled_from(ROOMS)
names = st.sampled_from(["cloud", "ai"])


def change(room: Room, work: Work, ms: int) -> Step:
    def step(ledger: Ledger) -> object:
        try:
            return ledger.change(room, lambda book: work(book, ms))
        except KeyError:
            return "broken off"

    return step


def note(room: Room, user_id: str, ms: int, present: bool, microphone: bool | None) -> Step:
    def step(ledger: Ledger) -> object:
        session = ledger.read(room).latest
        if session:
            note_person(ledger, session, user_id, ms, present=present, microphone=microphone)
        return session

    return step


def say(room: Room, number: int, ms: int, translated: str) -> Step:
    def step(ledger: Ledger) -> object:
        session = ledger.read(room).latest
        news = hear(number, translated=translated, event_ms=ms)
        return session and ledger.keep_sentence(session, news)

    return step


def forget(room: Room, ms: int) -> Step:
    def step(ledger: Ledger) -> object:
        session = ledger.read(room).latest
        return session and ledger.forget_sentences(session.id, ms)

    return step


steps = st.one_of(
    st.builds(say, rooms, st.integers(0, 3), moments, st.sampled_from(["", "zh"])),
    st.builds(forget, rooms, moments),
    st.builds(change, rooms, st.sampled_from([*WORKS, break_off]), moments),
    st.builds(
        note, rooms, st.sampled_from("ab"), moments, st.booleans(), st.none() | st.booleans()
    ),
    st.builds(lambda name, ms: lambda ledger: ledger.take_slot(name, 2, ms), names, moments),
    st.builds(lambda t, ms: lambda ledger: ledger.take_lease("d", t, ms, 2_000), names, moments),
    st.builds(lambda token: lambda ledger: ledger.drop_lease("d", token), names),
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, min_size=1, max_size=30))
def test_both_engines_tell_the_same(redis_server: RedisServer, history: list[Step]) -> None:
    empty(redis_server)
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(open_sqlite(str(Path(folder) / "ledger.db"))) as first,
        contextlib.closing(open_redis(be_patient(redis_server))) as second,
    ):
        for step in history:
            assert step(first) == step(second)
            check_beside_the_books(first)
            check_beside_the_books(second)
        assert tell(first) == tell(second)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.tuples(st.sampled_from(ROOMS[:2]), st.sampled_from([start, stop, *WORKS, break_off])),
        min_size=10,
        max_size=40,
    )
)
def test_agenda_and_living_tasks_agree_with_the_books_after_every_change(
    redis_server: RedisServer, changes: list[tuple[Room, Work]]
) -> None:
    """Few rooms and a time that goes on: tasks begin, end, and leave the book with their session."""
    empty(redis_server)
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(open_sqlite(str(Path(folder) / "ledger.db"))) as first,
        contextlib.closing(open_redis(be_patient(redis_server))) as second,
    ):
        for number, (room, work) in enumerate(changes):
            for ledger in (first, second):
                change(room, work, T + 500 * number)(ledger)
                check_beside_the_books(ledger)


def check_beside_the_books(ledger: Ledger) -> None:
    """What is due and what lives is exactly what the books say."""
    books = [ledger.read(room) for room in ROOMS]
    looks = {book.room: min(dues) for book in books if (dues := list_dues(book))}
    assert ledger.find_next_due() == min(looks.values(), default=None)
    for until_ms in {T, LATER, *looks.values(), *(ms - 1 for ms in looks.values())}:
        due = ledger.list_due(until_ms, 9)
        assert sorted(due) == sorted(room for room, ms in looks.items() if ms <= until_ms)
        assert [looks[room] for room in due] == sorted(looks[room] for room in due)
    for app in {room.sdk_app_id for room in ROOMS}:
        tasks = [
            task for book in books if book.room.sdk_app_id == app for _, task in list_tasks(book)
        ]
        living = [task for task in tasks if task.state == "starting" or task.alive]
        assert ledger.count_living(app) == len(living)
        check_fleet(ledger, app, books)


def check_fleet(ledger: Ledger, app: int, books: list[RoomBook]) -> None:
    """What an operator is told of all rooms is exactly what the books and the people say."""
    sessions = [book.open_now for book in books if book.room.sdk_app_id == app and book.open_now]
    marks = {
        one.id: [mark for task in one.tasks.values() if (mark := find_mark(task))]
        for one in sessions
    }
    fleet = read_fleet(ledger.engine, app, 99)
    counts = Counter(f"{mark.kind}/{mark.code}" for found in marks.values() for mark in found)
    assert {name: count for name, count in fleet.marks.items() if count} == counts
    for kind in KINDS:
        since = {
            name: min(mark.since_ms for mark in found if mark.kind == kind)
            for name, found in marks.items()
            if any(mark.kind == kind for mark in found)
        }
        assert dict(fleet.marked[kind]) == since


def list_tasks(book: RoomBook) -> list[tuple[Session, Task]]:
    return [(session, task) for session in book.sessions for task in session.tasks.values()]


def list_dues(book: RoomBook) -> list[int]:
    """When something is due of each of a room's tasks."""
    return [due.at_ms for pair in list_tasks(book) if (due := find_due(*pair))]


def read_transcript(ledger: Ledger, session: Session) -> object:
    """What a reader learns of a session."""
    return ledger.read_version(session.id), ledger.list_sentences(session, 0)


def tell(ledger: Ledger) -> list[object]:
    """All that can be seen of a ledger."""
    return [
        *(ledger.read(room).document for room in ROOMS),
        *(ledger.list_sessions(room, 5) for room in ROOMS),
        *(ledger.list_people(s) for room in ROOMS for s in ledger.list_sessions(room, 5)),
        *(read_transcript(ledger, s) for room in ROOMS for s in ledger.list_sessions(room, 5)),
        *(sorted(ledger.list_due(ms, 9)) for ms in (T, T + 10_000, LATER)),
        ledger.find_next_due(),
        *(ledger.count_living(room.sdk_app_id) for room in ROOMS),
    ]
