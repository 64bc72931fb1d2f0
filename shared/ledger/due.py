"""When a room must be looked at again, and which of its tasks count against the quota: pure."""

from __future__ import annotations

from shared.ledger import claims
from shared.ledger.document import Session, Task
from shared.ledger.sessions import SESSIONS_LOADED, RoomBook

CHECK_MS = 120_000  # how long a running task is believed without asking the API


def find_next_look(book: RoomBook) -> int | None:
    """The ms at which something of the room is due: a start, a stop, a check; None when nothing is."""
    looks = [
        look_ms
        for session in book.sessions[:SESSIONS_LOADED]
        for task in session.tasks.values()
        if (look_ms := find_task_look(session, task)) is not None
    ]
    return min(looks, default=None)


def list_living(book: RoomBook) -> list[Task]:
    """The room's tasks that hold, or are about to hold, one of the places the quota allows."""
    return [
        task
        for session in book.sessions[:SESSIONS_LOADED]
        for task in session.tasks.values()
        if task.state == "starting" or task.alive
    ]


def find_task_look(session: Session, task: Task) -> int | None:
    """The ms at which something of a task is due; None when nothing is."""
    if task.state == "starting":
        return task.lease_until_ms
    if session.closed_ms is not None:
        return task.not_before_ms if claims.needs_stop(task) else None
    if task.state == "due":
        return max(task.not_before_ms, task.waiting_ms)
    unwanted = task.state in ("stopping", "held") and claims.needs_stop(task)
    if unwanted or claims.find_leftovers(task):
        return task.not_before_ms
    if task.state not in ("running", "failed"):
        return None
    check_ms = task.checked_ms + CHECK_MS if task.state == "running" else None
    return task.not_before_ms or check_ms
