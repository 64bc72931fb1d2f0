"""When somebody was not transcribed, or not heard, in a session: pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from shared.ledger.document import Session
from shared.ledger.fleet import MISSED_MS, find_mark
from shared.ledger.task import Task


class Gap(NamedTuple):
    """A time in which a task was wanted and none ran (missing), or one ran and heard nothing (silent).

    `began_ms` is 0 for silences that are over: of them only the sum is known. `code` says why, if known.
    """

    target: str
    kind: Literal["missing", "silent"]
    began_ms: int
    lasted_ms: int
    is_over: bool
    code: str = ""


def find_gaps(session: Session, now_ms: int) -> Iterator[Gap]:
    """Every gap of a session, also those that go on."""
    for target, task in session.tasks.items():
        for one in task.task_ids:
            began_ms, ended_ms = one.timing.event_ms, one.timing.running_ms
            if began_ms and ended_ms - began_ms >= MISSED_MS:
                code = _find_code(task, began_ms, ended_ms)
                yield Gap(target, "missing", began_ms, ended_ms - began_ms, True, code)
        if task.hearing.silent_ms:
            yield Gap(target, "silent", 0, task.hearing.silent_ms, True)
        if session.closed_ms is None:
            yield from _find_present(task, now_ms)
        else:
            yield from _find_last(session, task, session.closed_ms)


def _find_present(task: Task, now_ms: int) -> Iterator[Gap]:
    """The gap of a task that goes on."""
    mark = find_mark(task)
    lasted_ms = now_ms - mark.since_ms if mark else 0
    if mark and mark.kind == "silent":
        yield Gap(task.target, "silent", mark.since_ms, lasted_ms, False)
    elif mark and mark.kind != "held" and lasted_ms >= MISSED_MS:
        yield Gap(task.target, "missing", mark.since_ms, lasted_ms, False, mark.code)


def _find_last(session: Session, task: Task, closed_ms: int) -> Iterator[Gap]:
    """The gap of a task that went on until the room closed."""
    silent_ms, wanted_ms = task.hearing.silent_since_ms, task.failed_since_ms or task.waiting_ms
    if silent_ms:
        yield Gap(task.target, "silent", silent_ms, closed_ms - silent_ms, True)
    elif wanted_ms and closed_ms - wanted_ms >= MISSED_MS and task.target not in session.opted_out:
        code = _find_code(task, wanted_ms, closed_ms)
        yield Gap(task.target, "missing", wanted_ms, closed_ms - wanted_ms, True, code)


def _find_code(task: Task, began_ms: int, ended_ms: int) -> str:
    codes = [
        one.code for one in task.troubles if began_ms <= one.last_ms and one.first_ms <= ended_ms
    ]
    return codes[-1] if codes else ""
