"""Who may start a session's task, and what becomes of it: pure changes of a Session.

A claim is a lease with a token: whoever holds it starts the task, and finishing is refused when
it was lost meanwhile. A task keeps every TaskId it ever got until each is known to be over.
"""

from __future__ import annotations

from typing import Literal

from shared.ledger.records import Attempt, Session, Task, TaskId, TaskState

Finish = Literal["running", "starting", "stopping"]
Release = Literal["due", "failed"]

LEASE_MS = 9_000  # longer than any call, shorter than TRTC's 10 s between retries
LONGEST_WAIT_MS = 60_000  # a time further ahead was written before the clock was set back


def claim_start(
    session: Session,
    target: str,
    service: str,
    *,
    trigger: str,
    token: str,
    now_ms: int,
    by_hand: bool = False,
) -> tuple[bool, Task]:
    """Claim a task's start; (False, the task) when it is not to be had.

    A person (`by_hand`) may also begin one that failed, was stopped or is held, and with another
    service, unless a start may have happened unseen.
    """
    task = session.tasks.get(target) or Task(target, service, changed_ms=now_ms)
    if session.held and not by_hand:
        return False, session.tasks.get(target) or Task(target, service, "held")
    session.tasks[target] = task
    if session.closed_ms is not None or not _may_claim(task, now_ms, by_hand=by_hand):
        return False, task
    _lose_claim(task)
    task.service = service if by_hand and not task.unseen else task.service
    task.token, task.lease_until_ms = token, now_ms + LEASE_MS
    # An event that was told to come back must find its own name when it does.
    task.trigger = task.trigger if by_hand and task.trigger else trigger
    task.pending = Attempt(token, task.service, len(task.task_ids), now_ms)
    task.attempts += 1
    task.error_code = ""
    _set_state(task, "starting", now_ms)
    return True, task


def finish_start(session: Session, claim: Task, task_id: str, region: str, now_ms: int) -> Finish:
    """Record the TaskId of a start that succeeded, whatever happened meanwhile.

    running: all is well. starting: the claim was lost to somebody who is starting it now and will
    see this TaskId. stopping: the room closed, or a person stopped it: whoever started must stop.
    """
    task = session.tasks[claim.target]
    _add_task_id(task, TaskId(task_id, claim.service, region))
    task.unseen = [attempt for attempt in task.unseen if attempt.token != claim.token]
    if _holds(task, claim):
        task.task_id, task.pending = task_id, None
        # 1.0 has one task for a SessionId; 2.0 has one for a bot, or nobody can tell: see starting.
        task.unseen = [attempt for attempt in task.unseen if attempt.service != claim.service]
        finish: Finish = "running" if session.closed_ms is None else "stopping"
        _set_state(task, finish, now_ms)
        return finish
    if task.state == "starting":
        return "starting"
    return "running" if task.state == "running" and task.task_id == task_id else "stopping"


def release_start(
    session: Session,
    claim: Task,
    state: Release,
    error_code: str,
    now_ms: int,
    *,
    not_before_ms: int = 0,
    may_have_happened: bool,
) -> None:
    """Give a claim back after a failure: "due" again from `not_before_ms` on, or "failed" for good."""
    task = session.tasks[claim.target]
    if _holds(task, claim):
        if may_have_happened:
            _lose_claim(task)
        task.pending = None
        task.error_code, task.not_before_ms = error_code, not_before_ms
        _set_state(task, state, now_ms)
    elif not may_have_happened:  # somebody took the claim away and could not know
        task.unseen = [attempt for attempt in task.unseen if attempt.token != claim.token]


def switch_service(session: Session, claim: Task, service: str, now_ms: int) -> Task | None:
    """Let the claimed task go on with the other service, for the rest of the session.

    None when the claim was lost, or the room closed, meanwhile.
    """
    task = session.tasks[claim.target]
    if not _holds(task, claim) or session.closed_ms is not None:
        return None
    task.service = service
    task.pending = Attempt(claim.token, service, len(task.task_ids), now_ms)
    return task


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
        _lose_claim(task)
        if task.state not in ("stopping", "stopped"):
            _set_state(task, "stopping" if needs_stop(task) else "stopped", now_ms)
    stops = [t for t in session.tasks.values() if t.state != "starting" and needs_stop(t)]
    return stops, starting


def hold_session(session: Session, now_ms: int) -> list[Task]:
    """A person stops the room: hold all of it, and return the tasks that must be stopped.

    A claim under way is lost: its starter will find the task held and stop what it started.
    """
    session.held = True
    for task in session.tasks.values():
        _lose_claim(task)
        task.token = ""
        _set_state(task, "held", now_ms)
    return [task for task in session.tasks.values() if needs_stop(task)]


def lift_hold(session: Session, now_ms: int) -> None:
    """A person starts the room again: what is held may begin, what could not be stopped runs on."""
    session.held = False
    for task in session.tasks.values():
        if task.state != "held":
            continue
        task.not_before_ms = 0
        if task.alive:
            task.task_id = task.alive[-1].task_id
        _set_state(task, "running" if task.alive else "due", now_ms)


def settle_attempts(session: Session, target: str, settled: list[str], found: list[TaskId]) -> Task:
    """The API was asked about starts nobody saw: these claims' are clear now, these tasks were found."""
    task = session.tasks[target]
    task.unseen = [attempt for attempt in task.unseen if attempt.token not in settled]
    for task_id in found:
        _add_task_id(task, task_id)
    return task


def finish_stop(session: Session, target: str, ended: list[str], now_ms: int) -> bool:
    """Record which TaskIds are over; True when nothing of the task is left to be stopped."""
    task = session.tasks[target]
    _mark_ended(task, ended)
    if task.state == "stopping" and not needs_stop(task):
        _set_state(task, "stopped", now_ms)
    return not needs_stop(task)


def note_ended(session: Session, target: str, ended: list[str], now_ms: int) -> None:
    """The API says these TaskIds are over although nobody asked: the task is due again."""
    task = session.tasks[target]
    _mark_ended(task, ended)
    if task.state == "running" and not task.alive:
        task.not_before_ms, task.trigger = 0, ""
        _set_state(task, "due", now_ms)


def find_leftovers(task: Task) -> list[TaskId]:
    """TaskIds that live on although they should not: a stop that failed, or a start that lost its claim."""
    if task.state in ("due", "starting"):
        return []
    return [i for i in task.alive if task.state != "running" or i.task_id != task.task_id]


def needs_stop(task: Task) -> bool:
    """Whether something of it lives, or may live, at the API."""
    return bool(task.unseen or task.alive)


def is_unfinished(session: Session) -> bool:
    """Whether anything of a session lives on, may live, or is being started."""
    return any(task.state == "starting" or needs_stop(task) for task in session.tasks.values())


def is_busy(session: Session) -> bool:
    """Whether a task runs, is being started, or may have been: the rule stays as it is."""
    return any(
        task.state in ("running", "starting") or task.unseen for task in session.tasks.values()
    )


def is_leased(task: Task, now_ms: int) -> bool:
    """Whether somebody may still be starting it."""
    return now_ms < task.lease_until_ms <= now_ms + LEASE_MS


def _may_claim(task: Task, now_ms: int, *, by_hand: bool) -> bool:
    if task.state == "starting":
        return not is_leased(task, now_ms)
    if task.state == "due":
        waits = now_ms < task.not_before_ms <= now_ms + LONGEST_WAIT_MS
        return not waits or (by_hand and not task.unseen)
    return by_hand and task.state in ("failed", "stopped", "held")


def _holds(task: Task, claim: Task) -> bool:
    return task.state == "starting" and task.token == claim.token


def _lose_claim(task: Task) -> None:
    """Whoever was starting it is not waited for any more: the start may have happened."""
    if task.pending:
        task.unseen.append(task.pending)
        task.pending = None


def _add_task_id(task: Task, task_id: TaskId) -> None:
    if all(known.task_id != task_id.task_id for known in task.task_ids):
        task.task_ids.append(task_id)


def _mark_ended(task: Task, ended: list[str]) -> None:
    for known in task.task_ids:
        known.ended = known.ended or known.task_id in ended


def _set_state(task: Task, state: TaskState, now_ms: int) -> None:
    task.state, task.changed_ms = state, now_ms
