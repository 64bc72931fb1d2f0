"""What an operator asks of all rooms of an application, written with every change of one, read without them.

Indexes name the sessions in trouble, by the ms since when; counters have their number, by reason, and what
happened in each hour.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from shared.ledger.document import Half, Session, list_changed_tasks
from shared.ledger.engine import Add, Engine, Score, Scores, Write
from shared.ledger.task import Task, TaskId
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


@lru_cache
def find_fleet_keys(sdk_app_id: int) -> FleetKeys:
    """The keys of an application."""
    return FleetKeys(sdk_app_id)


class FleetKeys:
    """Where that lies, under the tag of an application.

    `living` counts tasks that hold a place of the quota, by state. `marked` is an index of sessions for
    each kind of trouble. `marks` counts tasks by KIND/CODE; beside them stand the streams, as
    `report_fleet` counted them last. `hours` has what happened, by HOUR/WHAT (hours since 1970). `missed`
    has the sessions in which somebody was not transcribed for a while, by the negative of the ms at which
    that ended, so that the newest is first.
    """

    def __init__(self, sdk_app_id: int) -> None:
        self.living = f"living:{sdk_app_id}"
        self.marked: dict[Kind, str] = {kind: f"{kind}:{sdk_app_id}" for kind in KINDS}
        self.marks = f"marks:{sdk_app_id}"
        self.hours = f"hours:{sdk_app_id}"
        self.missed = f"missed:{sdk_app_id}"

    @property
    def of_sessions(self) -> list[str]:
        """The indexes whose members are sessions."""
        return [*self.marked.values(), self.missed]

    def count(self, at_ms: int, what: str, more: int = 1) -> Add:
        """Count something that happened then."""
        return Add(self.hours, f"{at_ms // HOUR_MS}/{what}", more)


def list_fleet_writes(keys: FleetKeys, former: Half, half: Half) -> Iterator[Write]:
    """What a change of a room's sessions writes of the fleet, beside the marks of its tasks."""
    closed_ms = {one.id: one.closed_ms for one in half.sessions if one.closed_ms is not None}
    for session, was, task in list_changed_tasks(former, half):
        yield from _compare(keys, session, was, task)
    for was_open in former.sessions:
        ended_ms = closed_ms.get(was_open.id)
        if was_open.closed_ms is None and ended_ms is not None:
            marks = [mark for task in was_open.tasks.values() if (mark := find_mark(task))]
            began_ms = [mark.since_ms for mark in marks if mark.kind != "held"]
            if began_ms and ended_ms - min(began_ms) >= MISSED_MS:
                yield Score(keys.missed, was_open.id, -ended_ms)


def _compare(keys: FleetKeys, session: Session, was: Task, task: Task) -> Iterator[Write]:
    if task.troubles and task.troubles != was.troubles:
        last = task.troubles[-1]
        yield keys.count(last.last_ms, f"error/{last.code}")
    if task.task_ids != was.task_ids:
        for one in task.task_ids:
            yield from _compare_times(keys, session, was.find(one.task_id), one)
    heard = task.hearing
    if was.hearing.silent_since_ms and not heard.silent_since_ms:
        ended_ms = was.hearing.silent_since_ms + heard.silent_ms - was.hearing.silent_ms
        yield Score(keys.missed, session.id, -ended_ms)


def _compare_times(
    keys: FleetKeys, session: Session, was: TaskId | None, task_id: TaskId
) -> Iterator[Write]:
    timing = task_id.timing
    if timing.running_ms and timing.event_ms and not (was and was.timing.running_ms):
        latency_ms = timing.running_ms - timing.event_ms
        yield keys.count(timing.running_ms, f"start/{find_bound(latency_ms)}")
        if latency_ms >= MISSED_MS:
            yield Score(keys.missed, session.id, -timing.running_ms)
    if timing.first_text_ms and timing.running_ms and not (was and was.timing.first_text_ms):
        bound_ms = find_bound(timing.first_text_ms - timing.running_ms)
        yield keys.count(timing.first_text_ms, f"text/{bound_ms}")


def find_bound(latency_ms: int) -> int:
    """The bound under which a latency is counted."""
    return BOUNDS[min(bisect_left(BOUNDS, latency_ms), len(BOUNDS) - 1)]


class Fleet(NamedTuple):
    """All rooms of an application in numbers.

    `living` counts tasks by state, `marks` by KIND/CODE; it has the sums of streams, too. `marked` has
    sessions in trouble with the ms since when, the longest first. `hours` has counts by hour and what.
    """

    living: dict[str, int]
    marks: dict[str, int]
    marked: dict[Kind, Scores]
    hours: dict[int, Counter[str]]


def read_fleet(engine: Engine, sdk_app_id: int, most: int) -> Fleet:
    """All rooms of an application, and at most so many sessions of each kind of trouble."""
    keys, tag = find_fleet_keys(sdk_app_id), str(sdk_app_id)
    living, marks = (
        dict(engine.list_scores(tag, key, 0, FOR_EVER_MS, MANY))
        for key in (keys.living, keys.marks)
    )
    marked = {
        kind: engine.list_scores(tag, key, 0, FOR_EVER_MS, most)
        for kind, key in keys.marked.items()
    }
    return Fleet(living, marks, marked, read_hours(engine, sdk_app_id))


def read_hours(engine: Engine, sdk_app_id: int) -> dict[int, Counter[str]]:
    """What is counted of an application, by hour and what; nothing for an hour that is not there."""
    hours: dict[int, Counter[str]] = defaultdict(Counter)
    index = find_fleet_keys(sdk_app_id).hours
    for name, count in engine.list_scores(str(sdk_app_id), index, 0, FOR_EVER_MS, MANY):
        hour, _, what = name.partition("/")
        hours[int(hour)][what] = count
    return hours
