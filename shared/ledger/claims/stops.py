"""Stopping a session's tasks: because the room has closed, or because a person wants it."""

from __future__ import annotations

from shared.ledger.document import Session, Task


def begin_stops(session: Session, now_ms: int) -> tuple[list[Task], bool]:
    """The tasks of a closed session that must be stopped, and whether some are still being started.

    What is due is cancelled. What is being started is left to its starter while the claim lasts.
    """
    if session.closed_ms is None:
        return [], False
    starting = False
    for task in session.tasks.values():
        if task.state == "starting" and task.is_leased(now_ms):
            starting = True
            continue
        task.lose_claim()
        if task.state not in ("stopping", "stopped"):
            task.set_state("stopping" if task.needs_stop else "stopped", now_ms)
    stops = [t for t in session.tasks.values() if t.state != "starting" and t.needs_stop]
    return stops, starting


def hold_session(session: Session, now_ms: int) -> list[Task]:
    """A person stops the room: hold all of it, and return the tasks that must be stopped.

    A claim under way is lost: its starter will find the task held and stop what it started.
    """
    session.held = True
    for task in session.tasks.values():
        task.lose_claim()
        task.token = ""
        task.set_state("held", now_ms)
    return [task for task in session.tasks.values() if task.needs_stop]


def lift_hold(session: Session, now_ms: int) -> None:
    """A person starts the room again: what is held may begin, what could not be stopped runs on."""
    session.held = False
    for task in session.tasks.values():
        if task.state != "held":
            continue
        task.make_due(now_ms)
        task.adopt_living(now_ms)


def finish_stop(
    session: Session, target: str, ended: list[str], now_ms: int, *, again_ms: int = 0
) -> bool:
    """Record which TaskIds are over; True when nothing of the task is left to be stopped.

    `again_ms` is when to try again what is left.
    """
    task = session.tasks[target]
    task.mark_ended(ended)
    if again_ms and task.state not in ("due", "starting"):
        task.not_before_ms = again_ms
    if task.state == "stopping" and not task.needs_stop:
        task.set_state("stopped", now_ms)
    elif task.state == "running" and task.task_id in ended:  # it was wanted again meanwhile
        task.make_due(now_ms)
    return not task.needs_stop
