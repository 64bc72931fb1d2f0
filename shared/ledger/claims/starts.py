"""Who may start a session's task, and what came of it."""

from __future__ import annotations

from typing import Literal

from shared.ledger.claims.stops import begin_stops
from shared.ledger.claims.task_reports import end_by_itself, resume
from shared.ledger.document import Session
from shared.ledger.due import waits_for_room
from shared.ledger.task import LEASE_MS, Attempt, Task, TaskId
from shared.room import WHOLE_ROOM

Finish = Literal["running", "starting", "stopping"]
Release = Literal["due", "failed"]

LONGEST_WAIT_MS = 660_000  # a time further ahead was written before the clock was set back


def claim_start(
    session: Session,
    target: str,
    service: str,
    *,
    trigger: str,
    token: str,
    now_ms: int,
    event_ms: int = 0,
    wanted_ms: int = 0,
    by_hand: bool = False,
    at_once: bool = False,
) -> tuple[bool, Task]:
    """Claim a task's start; (False, the task) when it is not to be had.

    An event newer than the end of a task that stopped by itself may begin it again; `at_once`, one
    that waits to be tried again, or failed. A person (`by_hand`) may also begin one that failed, was
    stopped or is held, and with another service, unless a start may have happened unseen. A task
    that failed begins with `service` again. Whoever holds the claim already gets it again. `wanted_ms` is
    when what the start answers happened; of several events that ask, the first counts.
    """
    known = session.tasks.get(target)
    if session.held and not by_hand:
        return False, known or Task(target, service, "held")
    task = session.tasks[target] = known or Task(target, service, changed_ms=now_ms)
    if session.closed_ms is not None:
        return False, task
    if target != WHOLE_ROOM and waits_for_room(session, target):
        return False, task
    if known:
        if _holds(task, token):
            return True, task
        if task.state in ("due", "starting"):
            task.adopt_living(now_ms)
        if not _may_claim(task, now_ms, event_ms, by_hand=by_hand, at_once=at_once):
            return False, task
        task.lose_claim()
    if (by_hand or task.state == "failed") and not task.unseen:
        task.service = service
    task.token, task.lease_until_ms = token, now_ms + LEASE_MS
    # An event that was told to come back must find its own name when it does.
    task.trigger = task.trigger if task.trigger and (by_hand or not trigger) else trigger
    task.pending = Attempt(token, task.service, len(task.task_ids), now_ms)
    task.attempts += 1
    task.waiting_ms = task.waiting_ms or now_ms
    task.wanted_ms = wanted_ms if by_hand else task.wanted_ms or wanted_ms
    task.set_state("starting", now_ms)
    return True, task


def finish_start(
    session: Session,
    claim: Task,
    task_id: str,
    region: str,
    now_ms: int,
    *,
    called_ms: int = 0,
    without: list[str] | None = None,
) -> Finish:
    """Record the TaskId of a start that was sent at `called_ms` and succeeded, whatever happened meanwhile.

    It has left out the users `without`.
    running: all is well. starting: the claim was lost to somebody who is starting it now and will
    see this TaskId. stopping: the room closed, or a person stopped it: whoever started must stop.
    """
    task = session.tasks[claim.target]
    known = task.add(TaskId(task_id, claim.service, region, started_ms=now_ms))
    known.without = without or known.without
    task.time_running(known, called_ms=called_ms, answered_ms=now_ms)
    task.unseen = [attempt for attempt in task.unseen if attempt.token != claim.token]
    if _holds(task, claim.token):
        task.pending = None
        if known.ended and session.closed_ms is None:  # its 902 or 1402 was quicker than its answer
            end_by_itself(task, "broken", now_ms, now_ms)
            resume(session, task, now_ms)
            return "running"
        task.run(known, now_ms)
        if session.closed_ms is not None:
            task.set_state("stopping", now_ms)
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
    failed_under: str = "",
    request_id: str = "",
) -> None:
    """Give a claim back after a failure: "due" again from `not_before_ms` on, or "failed".

    What failed is tried again at `not_before_ms`, too, unless that is 0. Not `tried`: the API was not
    even asked.
    """
    task = session.tasks[claim.target]
    if _holds(task, claim.token):
        task.note_trouble(error_code, now_ms, request_id)
        task.attempts -= not tried
        if may_have_happened:
            task.lose_claim()
        task.pending = None
        task.error_code, task.not_before_ms = error_code, not_before_ms
        task.failed_under = failed_under
        if state == "failed":
            task.failed_since_ms = task.failed_since_ms or task.waiting_ms
            task.waiting_ms = 0
        task.set_state(state, now_ms)
        if session.closed_ms is not None:
            begin_stops(session, now_ms)
    elif not may_have_happened:  # somebody took the claim away and could not know
        task.unseen = [attempt for attempt in task.unseen if attempt.token != claim.token]


def switch_service(
    session: Session, claim: Task, service: str, refusal: str, request_id: str, now_ms: int
) -> Task | None:
    """Let the claimed task go on with the other service, for the rest of the session.

    `refusal` and `request_id` say how the API refused the first. None when the claim was lost, or the
    room closed, meanwhile.
    """
    task = session.tasks[claim.target]
    if not _holds(task, claim.token) or session.closed_ms is not None:
        return None
    task.note_trouble(refusal, now_ms, request_id)
    task.service = service
    task.pending = Attempt(claim.token, service, len(task.task_ids), now_ms)
    return task


def settle_attempts(task: Task, settled: list[str], found: list[TaskId]) -> None:
    """Record what the API said of unconfirmed starts: those of the claims `settled` are clear now."""
    task.unseen = [attempt for attempt in task.unseen if attempt.token not in settled]
    for task_id in found:
        task.add(task_id)


def _may_claim(task: Task, now_ms: int, event_ms: int, *, by_hand: bool, at_once: bool) -> bool:
    if task.state == "starting":
        return not task.is_leased(now_ms)
    waits = now_ms < task.not_before_ms <= now_ms + LONGEST_WAIT_MS
    hurries = at_once or (by_hand and not task.unseen)
    if task.state == "due":
        return not waits or hurries
    if task.state == "failed":
        return hurries or by_hand or (task.not_before_ms > 0 and not waits)
    if task.state == "stopped":
        return by_hand or event_ms > task.ended_ms
    return by_hand and task.state == "held"


def _holds(task: Task, token: str) -> bool:
    return task.state == "starting" and task.token == token
