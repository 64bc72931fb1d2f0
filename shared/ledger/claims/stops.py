"""Stopping a session's tasks: because the room has closed, or because a person wants it."""

from __future__ import annotations

from shared.ledger.claims.tasks import (
    adopt_living,
    is_leased,
    lose_claim,
    make_due,
    mark_ended,
    needs_stop,
    set_state,
)
from shared.ledger.document import Session, Task


def begin_stops(session: Session, now_ms: int) -> tuple[list[Task], bool]:
    """The tasks of a closed session that must be stopped, and whether some are still being started.

    What is due is cancelled. What is being started is left to its starter while the claim lasts.
    """
    if session.closed_ms is None:
        return [], False
    starting = False
    for task in session.tasks.values():
        if task.state == "starting" and is_leased(task, now_ms):
            starting = True
            continue
        lose_claim(task)
        if task.state not in ("stopping", "stopped"):
            set_state(task, "stopping" if needs_stop(task) else "stopped", now_ms)
    stops = [t for t in session.tasks.values() if t.state != "starting" and needs_stop(t)]
    return stops, starting


def hold_session(session: Session, now_ms: int) -> list[Task]:
    """A person stops the room: hold all of it, and return the tasks that must be stopped.

    A claim under way is lost: its starter will find the task held and stop what it started.
    """
    session.held = True
    for task in session.tasks.values():
        lose_claim(task)
        task.token = ""
        set_state(task, "held", now_ms)
    return [task for task in session.tasks.values() if needs_stop(task)]


def lift_hold(session: Session, now_ms: int) -> None:
    """A person starts the room again: what is held may begin, what could not be stopped runs on."""
    session.held = False
    for task in session.tasks.values():
        if task.state != "held":
            continue
        make_due(task, now_ms)
        adopt_living(task, now_ms)


def finish_stop(
    session: Session, target: str, ended: list[str], now_ms: int, *, again_ms: int = 0
) -> bool:
    """Record which TaskIds are over; True when nothing of the task is left to be stopped.

    `again_ms` is when to try again what is left.
    """
    task = session.tasks[target]
    mark_ended(task, ended)
    if again_ms and task.state not in ("due", "starting"):
        task.not_before_ms = again_ms
    if task.state == "stopping" and not needs_stop(task):
        set_state(task, "stopped", now_ms)
    elif task.state == "running" and task.task_id in ended:  # it was wanted again meanwhile
        make_due(task, now_ms)
    return not needs_stop(task)
