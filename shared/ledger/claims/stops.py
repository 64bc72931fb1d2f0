"""Stopping a session's tasks: because the room has closed, or because a person wants it."""

from __future__ import annotations

from shared.ledger.document import Session
from shared.ledger.task import Task


def begin_stops(session: Session, now_ms: int) -> tuple[list[Task], bool]:
    """The tasks of a closed session that must be stopped, and whether some are still being started.

    What is due is cancelled. What is being started is left to its starter while the claim lasts.
    """
    if session.closed_ms is None:
        return [], False
    tasks = [task for task in session.tasks.values() if not task.is_leased(now_ms)]
    for task in tasks:
        task.lose_claim()
        if task.state not in ("stopping", "stopped"):
            task.set_state("stopping" if task.needs_stop else "stopped", now_ms)
    return [task for task in tasks if task.needs_stop], len(tasks) < len(session.tasks)


def hold_session(session: Session, now_ms: int, by: str) -> list[Task]:
    """A person stops the room: hold all of it, and return the tasks that must be stopped.

    `by` names who asked for it. A claim under way is lost: its starter will find the task held and stop
    what it started.
    """
    session.held, session.held_ms, session.held_by = True, now_ms, by
    for task in session.tasks.values():
        task.lose_claim()
        task.token = ""
        task.set_state("held", now_ms)
    return [task for task in session.tasks.values() if task.needs_stop]


def lift_hold(session: Session, now_ms: int) -> None:
    """A person starts the room again: what is held may begin, what could not be stopped runs on."""
    session.held, session.held_ms, session.held_by = False, 0, ""
    for task in session.tasks.values():
        if task.state == "held":
            task.make_due(now_ms)
            task.adopt_living(now_ms)


def note_ended(task: Task, ended: list[str], now_ms: int, *, again_ms: int = 0) -> None:
    """Record which TaskIds are over, whoever says so: a task that was to go on is due again.

    `again_ms` is when to try again to stop what is left.
    """
    if again_ms and task.state not in ("due", "starting"):
        task.not_before_ms = again_ms
    task.mark_ended(ended, now_ms)
    if task.state == "running" and task.task_id in ended:
        task.make_due(now_ms)
