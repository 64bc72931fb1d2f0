"""What a task needs next, and when: pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from shared.ledger.document import Session
from shared.ledger.task import Task
from shared.room import WHOLE_ROOM

CHECK_MS = 120_000  # how long a running task is believed without asking the API


class Due(NamedTuple):
    """What a task needs next: a call to start, stop or describe it, and from which ms since 1970 on.

    `is_check`: a running task is described although nothing is wrong, which may be done a little earlier.
    """

    task: Task
    verb: Literal["start", "stop", "describe"]
    at_ms: int
    is_check: bool = False

    @property
    def slot(self) -> str:
        """The slot of the limiter that the call needs."""
        return f"{self.verb}/{self.task.service}"


def waits_for_room(session: Session, target: str) -> bool:
    """Whether a speaker's task may not begin yet: the room's, which it replaces, is still to be stopped."""
    of_room = session.tasks.get(WHOLE_ROOM)
    is_split = session.rule.scope == "user" and target != WHOLE_ROOM
    return is_split and bool(of_room and of_room.state == "stopping" and of_room.needs_stop)


def find_due(session: Session, task: Task) -> Due | None:
    """What a task needs next; None when it needs nothing."""
    is_open = session.closed_ms is None
    if task.state == "starting":
        return Due(task, "start" if is_open else "stop", task.lease_until_ms)
    if not is_open:
        return Due(task, "stop", task.not_before_ms) if task.needs_stop else None
    if session.splits and task.target == WHOLE_ROOM:
        return Due(task, "stop", task.not_before_ms)
    if task.state == "due" and waits_for_room(session, task.target):
        return None
    if task.state == "due":
        return Due(task, "start", max(task.not_before_ms, task.waiting_ms))
    if task.state == "failed" and task.not_before_ms:
        return Due(task, "start", task.not_before_ms)
    unwanted = task.state in ("stopping", "held") and task.needs_stop
    if unwanted or task.leftovers:
        return Due(task, "stop", task.not_before_ms)
    if task.state != "running":
        return None
    if task.not_before_ms:
        return Due(task, "describe", task.not_before_ms)
    return Due(task, "describe", task.checked_ms + CHECK_MS, is_check=True)
