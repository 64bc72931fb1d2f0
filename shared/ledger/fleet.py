"""What an operator asks about all rooms of an application, kept so that no room is read to answer it.

Every change of a room also changes indexes, which name the sessions in trouble by the ms since when, and
counters: of tasks in trouble by reason, and of what happened in each hour.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from shared.ledger.document import Half, Session, list_changed_tasks
from shared.ledger.engine import Add, Engine, Score, Scores, Write
from shared.ledger.task import Task, Timing
from shared.transcripts.records import FOR_EVER_MS

Kind = Literal["failed", "waiting", "silent", "held"]
KINDS: tuple[Kind, ...] = ("failed", "waiting", "silent", "held")
HOUR_MS = 3_600_000
MANY = 1_000_000  # more than an index has
MISSED_MS = 60_000  # a shorter wait for a start is none that is told of
# Up to how many ms a latency is counted together; the last has all that is longer.
BOUNDS: tuple[int, ...] = tuple(
    step * 10**power for power in range(2, 6) for step in (1, 2, 3, 5, 7)
)


class Mark(NamedTuple):
    """Why a task of an open session does not do what it should, and since which ms."""

    kind: Kind
    code: str
    since_ms: int


def find_mark(task: Task) -> Mark | None:
    """What is wrong with a task of an open session; None for one that runs, or is being started."""
    code = task.error_code
    if task.state == "running":
        silent_ms = task.hearing.silent_since_ms
        return Mark("silent", "", silent_ms) if silent_ms else None
    if task.failed_since_ms and task.state in ("failed", "starting"):
        return Mark("failed", code, task.failed_since_ms)
    if task.state == "due" or (task.state == "starting" and code):
        return Mark("waiting", code, task.waiting_ms)
    if task.state == "held":
        return Mark("held", "", task.changed_ms)
    return None


def list_marks(session: Session) -> list[tuple[Mark, Task]]:
    """What is wrong with the tasks of an open session, and which they are."""
    return [(mark, task) for task in session.tasks.values() if (mark := find_mark(task))]


@lru_cache
def find_fleet_keys(sdk_app_id: int) -> FleetKeys:
    """The keys of an application."""
    return FleetKeys(sdk_app_id)


class FleetKeys:
    """The indexes of what an operator asks, under the tag of an application.

    `living` counts tasks that hold a place of the quota, by state. `marked` has an index of sessions for
    each kind of trouble. `marks` counts tasks by KIND/CODE; beside them stand the streams, as
    `report_fleet` counted them last. `hours` has what happened, by HOUR/WHAT (hours since 1970). `missed`
    has the sessions in which somebody was not transcribed for a while, by the negative of the ms at which
    that ended, so that the newest is first. `of_sessions` are the indexes whose members are sessions.
    """

    def __init__(self, sdk_app_id: int) -> None:
        self.living = f"living:{sdk_app_id}"
        self.marked: dict[Kind, str] = {kind: f"{kind}:{sdk_app_id}" for kind in KINDS}
        self.marks = f"marks:{sdk_app_id}"
        self.hours = f"hours:{sdk_app_id}"
        self.missed = f"missed:{sdk_app_id}"
        self.of_sessions = [*self.marked.values(), self.missed]

    def count(self, at_ms: int, what: str, more: int = 1) -> Add:
        """Count something that happened then."""
        return Add(self.hours, f"{at_ms // HOUR_MS}/{what}", more)


def list_fleet_writes(keys: FleetKeys, former: Half, half: Half) -> Iterator[Write]:
    """The writes that count what a change of a room's sessions shows: errors, latencies, gaps that are over.

    Which tasks are in trouble is written by `layout.list_writes`, together with what else has a score.
    """
    for session, was, task in list_changed_tasks(former, half):
        yield from _list_task_writes(keys, session, was, task)
    closed_ms = {one.id: one.closed_ms for one in half.sessions if one.closed_ms is not None}
    for session in former.sessions:
        ended_ms = closed_ms.get(session.id)
        if session.closed_ms is None and ended_ms is not None:
            marks = [mark for mark, _ in list_marks(session) if mark.kind != "held"]
            if marks and ended_ms - min(mark.since_ms for mark in marks) >= MISSED_MS:
                yield Score(keys.missed, session.id, -ended_ms)


def _list_task_writes(keys: FleetKeys, session: Session, was: Task, task: Task) -> Iterator[Write]:
    """The writes for one task, which was `was` before the change."""
    if task.troubles and task.troubles != was.troubles:
        last = task.troubles[-1]
        yield keys.count(last.last_ms, f"error/{last.code}")
    for one in task.task_ids if task.task_ids != was.task_ids else ():
        known, timing = was.find(one.task_id), one.timing
        before = known.timing if known else Timing()
        running_ms, text_ms = timing.running_ms, timing.first_text_ms
        if running_ms and timing.event_ms and not before.running_ms:
            waited_ms = running_ms - timing.event_ms
            yield keys.count(running_ms, f"start/{find_bound(waited_ms)}")
            if waited_ms >= MISSED_MS:
                yield Score(keys.missed, session.id, -running_ms)
        if text_ms and running_ms and not before.first_text_ms:
            yield keys.count(text_ms, f"text/{find_bound(text_ms - running_ms)}")
    silent_since_ms, heard = was.hearing.silent_since_ms, task.hearing
    if silent_since_ms and not heard.silent_since_ms:
        ended_ms = silent_since_ms + heard.silent_ms - was.hearing.silent_ms
        yield Score(keys.missed, session.id, -ended_ms)


def find_bound(latency_ms: int) -> int:
    """The bound under which a latency is counted."""
    return BOUNDS[min(bisect_left(BOUNDS, latency_ms), len(BOUNDS) - 1)]


class Fleet(NamedTuple):
    """All rooms of an application in numbers.

    `running` tasks hold a place of the quota. `marks` counts tasks by KIND/CODE, and has the sums of
    streams, too. `marked` has sessions in trouble with the ms since when, the longest first. `hours` has
    counts by hour and what.
    """

    running: int
    marks: dict[str, int]
    marked: dict[Kind, Scores]
    hours: dict[int, Counter[str]]


def read_fleet(engine: Engine, sdk_app_id: int, most: int) -> Fleet:
    """All rooms of an application, and at most so many sessions of each kind of trouble."""
    keys, tag = find_fleet_keys(sdk_app_id), str(sdk_app_id)

    def read(key: str, most: int = MANY) -> Scores:
        return engine.list_scores(tag, key, 0, FOR_EVER_MS, most)

    running = sum(number for _, number in read(keys.living))
    marked = {kind: read(key, most) for kind, key in keys.marked.items()}
    return Fleet(running, dict(read(keys.marks)), marked, read_hours(engine, sdk_app_id))


def read_hours(engine: Engine, sdk_app_id: int) -> dict[int, Counter[str]]:
    """What is counted of an application, by hour and what; nothing for an hour that is not there."""
    hours: dict[int, Counter[str]] = defaultdict(Counter)
    index = find_fleet_keys(sdk_app_id).hours
    for name, count in engine.list_scores(str(sdk_app_id), index, 0, FOR_EVER_MS, MANY):
        hour, _, what = name.partition("/")
        hours[int(hour)][what] = count
    return hours
