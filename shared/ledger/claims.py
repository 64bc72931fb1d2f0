"""Who may start a session's task, and what becomes of it: pure changes of a Session.

A claim is a lease with a token: whoever holds it starts the task, and finishing is refused when
it was lost meanwhile. A task keeps every TaskId it ever got until each is known to be over.
"""

from __future__ import annotations

from typing import Literal

from shared.ledger.records import Attempt, Session, Task, TaskId, TaskState

Finish = Literal["running", "starting", "stopping"]
Release = Literal["due", "failed"]
Ending = Literal["held", "removed", "idle", "broken", "unknown"]

LEASE_MS = 9_000  # longer than any call, shorter than TRTC's 10 s between retries
LONGEST_WAIT_MS = 660_000  # a time further ahead was written before the clock was set back
LONG_RUN_MS = 600_000  # a task that ran for so long is not restarted more and more slowly
RESTART_MS, RESTART_MAX_MS = 1_000, 600_000


def claim_start(
    session: Session,
    target: str,
    service: str,
    *,
    trigger: str,
    token: str,
    now_ms: int,
    event_ms: int = 0,
    by_hand: bool = False,
) -> tuple[bool, Task]:
    """Claim a task's start; (False, the task) when it is not to be had.

    An event newer than the end of a task that stopped by itself may begin it again. A person
    (`by_hand`) may also begin one that failed, was stopped or is held, and with another service,
    unless a start may have happened unseen. Whoever holds the claim already gets it again.
    """
    task = session.tasks.get(target) or Task(target, service, changed_ms=now_ms)
    if session.held and not by_hand:
        return False, session.tasks.get(target) or Task(target, service, "held")
    session.tasks[target] = task
    if session.closed_ms is not None:
        return False, task
    if task.state == "starting" and task.token == token:
        return True, task
    _adopt_living(task, now_ms)
    if not _may_claim(task, now_ms, event_ms, by_hand=by_hand):
        return False, task
    _lose_claim(task)
    task.service = service if by_hand and not task.unseen else task.service
    task.token, task.lease_until_ms = token, now_ms + LEASE_MS
    # An event that was told to come back must find its own name when it does.
    task.trigger = task.trigger if task.trigger and (by_hand or not trigger) else trigger
    task.pending = Attempt(token, task.service, len(task.task_ids), now_ms)
    task.attempts += 1
    task.waiting_ms = task.waiting_ms or now_ms
    _set_state(task, "starting", now_ms)
    return True, task


def finish_start(session: Session, claim: Task, task_id: str, region: str, now_ms: int) -> Finish:
    """Record the TaskId of a start that succeeded, whatever happened meanwhile.

    running: all is well. starting: the claim was lost to somebody who is starting it now and will
    see this TaskId. stopping: the room closed, or a person stopped it: whoever started must stop.
    """
    task = session.tasks[claim.target]
    known = _add_task_id(task, TaskId(task_id, claim.service, region, started_ms=now_ms))
    task.unseen = [attempt for attempt in task.unseen if attempt.token != claim.token]
    if _holds(task, claim):
        task.pending = None
        if known.ended and session.closed_ms is None:  # its 902 or 1402 was quicker than its answer
            _end_by_itself(task, "broken", now_ms, now_ms)
            resume(session, claim.target, now_ms)
            return "running"
        _run(task, known, now_ms)
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
    tried: bool = True,
) -> None:
    """Give a claim back after a failure: "due" again from `not_before_ms` on, or "failed" for good.

    Not `tried`: the API was not even asked.
    """
    task = session.tasks[claim.target]
    if _holds(task, claim):
        task.attempts -= not tried
        if may_have_happened:
            _lose_claim(task)
        task.pending = None
        task.error_code, task.not_before_ms = error_code, not_before_ms
        task.waiting_ms = task.waiting_ms if state == "due" else 0
        _set_state(task, state, now_ms)
        if session.closed_ms is not None:
            begin_stops(session, now_ms)
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
        _make_due(task, now_ms)
        _adopt_living(task, now_ms)


def settle_attempts(session: Session, target: str, settled: list[str], found: list[TaskId]) -> Task:
    """The API was asked about starts nobody saw: these claims' are clear now, these tasks were found."""
    task = session.tasks[target]
    task.unseen = [attempt for attempt in task.unseen if attempt.token not in settled]
    for task_id in found:
        _add_task_id(task, task_id)
    return task


def finish_stop(
    session: Session, target: str, ended: list[str], now_ms: int, *, again_ms: int = 0
) -> bool:
    """Record which TaskIds are over; True when nothing of the task is left to be stopped.

    `again_ms` is when to try again what is left.
    """
    task = session.tasks[target]
    _mark_ended(task, ended)
    if again_ms and task.state not in ("due", "starting"):
        task.not_before_ms = again_ms
    if task.state == "stopping" and not needs_stop(task):
        _set_state(task, "stopped", now_ms)
    return not needs_stop(task)


def note_ended(session: Session, target: str, ended: list[str], now_ms: int) -> None:
    """The API says these TaskIds are over although nobody asked: the task is due again."""
    task = session.tasks[target]
    _mark_ended(task, ended)
    if task.state == "running" and not task.alive:
        _make_due(task, now_ms)


def note_running(
    session: Session, target: str, found: TaskId, *, now_ms: int, asked_ms: int = 0
) -> Task:
    """Somebody told that this TaskId runs: TRTC (at `found.started_ms`), or the API (`asked_ms`).

    What nobody holds a claim on is running now, without another call. Of two that run, the newer one
    is kept: it has the same bot. In a session that is closed or held it is left to be stopped.
    """
    state: TaskState = "held" if session.held else "due"
    fresh = Task(target, found.service, state, changed_ms=now_ms)
    task = session.tasks.setdefault(target, fresh)
    known = next((i for i in task.task_ids if i.task_id == found.task_id), None)
    if known and known.task_id == task.task_id:
        task.checked_ms = max(task.checked_ms, asked_ms)
    current = next((i for i in task.task_ids if i.task_id == task.task_id), None)
    newer = known is None and (current is None or current.started_ms < found.started_ms)
    known = known or _add_task_id(task, found)
    if session.closed_ms is not None or session.held or known.ended:
        return task
    if task.state == "starting" and is_leased(task, now_ms):
        return task
    adopts = task.state in ("due", "starting", "failed") or (
        task.state == "stopped" and found.started_ms > task.ended_ms
    )
    if adopts:
        _lose_claim(task)
    if adopts or (task.state == "running" and newer):
        task.removed = False  # what was taken out has made room for this one
        _run(task, known, now_ms)
    return task


def note_checked(session: Session, target: str, task_id: str, checked_ms: int) -> None:
    """The API was asked about a running task; the next time to ask counts from `checked_ms`."""
    task = session.tasks[target]
    if task.state == "running" and task.task_id == task_id:
        task.checked_ms = checked_ms


def note_ending(
    session: Session, target: str, task_id: str, ending: Ending, *, event_ms: int, now_ms: int
) -> Task:
    """A TaskId ended by itself, at `event_ms`, and why; while a claim is held that is only recorded.

    held: a person or the host wants no transcription. removed: the bot was taken out, by the host
    or by a newer bot of its own name; the second time it is the host. idle: nobody was there.
    broken: anything else; unknown: nobody said why. Whether it is wanted again is for `resume` to say.
    """
    task = session.tasks[target]
    _mark_ended(task, [task_id])
    if task.state == "running" and task.task_id == task_id:
        _end_by_itself(task, ending, event_ms, now_ms)
    elif task.state == "stopping" and not needs_stop(task):
        _set_state(task, "stopped", now_ms)
    return task


def resume(session: Session, target: str, now_ms: int, *, after_ms: int = 0) -> bool:
    """A task that ended by itself is wanted again: due, after a while that grows with each time."""
    task = session.tasks[target]
    if task.state != "stopped" or session.held or session.closed_ms is not None:
        return False
    longest_ms = min(RESTART_MS * 2**task.restarts, RESTART_MAX_MS) if task.restarts else 0
    _make_due(task, now_ms)
    task.not_before_ms = now_ms + max(after_ms, longest_ms)
    task.restarts += 1
    return True


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


def _may_claim(task: Task, now_ms: int, event_ms: int, *, by_hand: bool) -> bool:
    if task.state == "starting":
        return not is_leased(task, now_ms)
    if task.state == "due":
        waits = now_ms < task.not_before_ms <= now_ms + LONGEST_WAIT_MS
        return not waits or (by_hand and not task.unseen)
    if task.state == "stopped":
        return by_hand or event_ms > task.ended_ms
    return by_hand and task.state in ("failed", "held")


def _adopt_living(task: Task, now_ms: int) -> None:
    """A TaskId that lives is worth more than a start: nothing that is due or given up needs one."""
    given_up = task.state == "starting" and not is_leased(task, now_ms)
    if task.alive and (task.state == "due" or given_up):
        _lose_claim(task)
        _run(task, task.alive[-1], now_ms)
        task.checked_ms = 0  # nobody knows how it is: ask soon


def _run(task: Task, task_id: TaskId, now_ms: int) -> None:
    """This TaskId is the current one, and runs."""
    task.task_id, task.checked_ms = task_id.task_id, now_ms
    task.waiting_ms = task.not_before_ms = 0
    task.error_code = ""
    # 1.0 has one task for a SessionId; 2.0 has one for a bot, or nobody can tell: see starting.
    task.unseen = [attempt for attempt in task.unseen if attempt.service != task_id.service]
    _set_state(task, "running", now_ms)


def _end_by_itself(task: Task, ending: Ending, event_ms: int, now_ms: int) -> None:
    if task.alive:  # one that nobody had asked for is left: go on with it
        _run(task, task.alive[-1], now_ms)
        return
    if now_ms - task.changed_ms >= LONG_RUN_MS:
        task.restarts = 0
    task.ended_ms = event_ms
    held = ending == "held" or (ending == "removed" and task.removed)
    task.removed = task.removed or ending == "removed"
    _set_state(task, "held" if held else "stopped", now_ms)


def _make_due(task: Task, now_ms: int) -> None:
    task.waiting_ms, task.not_before_ms, task.attempts, task.trigger = now_ms, 0, 0, ""
    _set_state(task, "due", now_ms)


def _holds(task: Task, claim: Task) -> bool:
    return task.state == "starting" and task.token == claim.token


def _lose_claim(task: Task) -> None:
    """Whoever was starting it is not waited for any more: the start may have happened.

    Of one service and generation only the last is kept: 1.0 has one SessionId for them all, and 2.0
    can be asked about none.
    """
    if task.pending:
        last = (task.pending.service, task.pending.generation)
        others = [a for a in task.unseen if (a.service, a.generation) != last]
        task.unseen = [*others, task.pending]
        task.pending = None


def _add_task_id(task: Task, task_id: TaskId) -> TaskId:
    for known in task.task_ids:
        if known.task_id == task_id.task_id:
            return known
    task.task_ids.append(task_id)
    return task_id


def _mark_ended(task: Task, ended: list[str]) -> None:
    for known in task.task_ids:
        known.ended = known.ended or known.task_id in ended


def _set_state(task: Task, state: TaskState, now_ms: int) -> None:
    task.state, task.changed_ms = state, now_ms
