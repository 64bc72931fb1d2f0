"""Stopping tasks: every TaskId a task ever got, until each is known to be over."""

from __future__ import annotations

from shared.errors import ApiError, LedgerError
from shared.ledger import RoomBook, Session, Task, TaskId, claims
from shared.lifecycle.asking import UNSURE_MS, find_attempt, find_rule
from shared.lifecycle.outcome import COME_BACK, Fields, Outcome, describe_task
from shared.lifecycle.signs_of_life import find_doubt_ms, is_abandoned
from shared.resources import Resources, name_slot
from shared.services import SERVICES
from shared.services.kinds import is_gone

STOP_AGAIN_MS, STOP_AGAIN_MAX_MS = 3_000, 60_000
RATE, DEADLINE = "StopsPerSecond", "Deadline"  # our own reasons not to call
IDLE_SLACK_MS = 10_000


def finish_unfinished(book: RoomBook, resources: Resources) -> list[Outcome]:
    """Stop whatever the room's closed sessions still have running."""
    return [
        outcome
        for session in book.sessions
        if session.closed_ms is not None and claims.is_unfinished(session)
        for outcome in finish_closing(session, resources)
    ]


def finish_closing(session: Session, resources: Resources) -> list[Outcome]:
    """Stop whatever a closed session still has running."""
    now_ms = resources.now_ms()
    stops, starting = resources.change(session, lambda known: claims.begin_stops(known, now_ms))
    outcomes = stop_tasks(resources, session, stops)
    if starting:  # its starter will stop it, unless it dies: come back and see
        fields = {"session": session.id, "rule": session.rule.name}
        outcomes.append(
            Outcome("transcription.stopping", "starting", COME_BACK, fields=fields, due=True)
        )
    return outcomes


def stop_tasks(resources: Resources, session: Session, tasks: list[Task]) -> list[Outcome]:
    """Stop all that lives of these tasks; what cannot be stopped now is kept for the next event."""
    return [outcome for task in tasks for outcome in _stop_task(resources, session, task)]


def stop_leftovers(resources: Resources, session: Session, task: Task) -> list[Outcome]:
    """Stop TaskIds of this task that live on although they should not."""
    return [
        stop_id(resources, session, task, task_id, "leftover")
        for task_id in claims.find_leftovers(task)
    ]


def stop_id(
    resources: Resources, session: Session, task: Task, task_id: TaskId, outcome: str
) -> Outcome:
    """Stop one TaskId and note in the ledger that it is over, or when to try again."""
    fields: Fields = {**describe_task(session, task), "task_id": task_id.task_id}
    try:
        request_id, doubt_ms = _call_stop(resources, session, task_id)
    except (ApiError, LedgerError) as error:
        fields["error_code"] = error.code
        if isinstance(error, ApiError):
            fields["upstream_request_id"] = error.request_id or None
        return _put_off(resources, session, task, task_id, error.code, fields)
    fields["upstream_request_id"] = request_id or None
    if doubt_ms and _note_stopped(resources, session, task, [], again_ms=doubt_ms):
        # TRTC tells of its end by then, or the sweep asks once more.
        message = "transcription.stopping"
        return Outcome(message, "unconfirmed", COME_BACK, fields=fields, queued=True)
    noted = _note_stopped(resources, session, task, [task_id.task_id])
    if noted is None:
        return Outcome("transcription.stopped", "unrecorded", COME_BACK, "warning", fields)
    due = noted.state == "due"  # it was wanted again while it was being stopped
    return Outcome("transcription.stopped", outcome, fields=fields, due=due)


def _put_off(
    resources: Resources,
    session: Session,
    task: Task,
    task_id: TaskId,
    error_code: str,
    fields: Fields,
) -> Outcome:
    """A stop failed: note when to try again, unless TRTC has ended the task by itself by now."""
    waits = error_code in (RATE, DEADLINE)
    if not waits and is_over(resources, session, task.target, task_id.started_ms):
        _note_stopped(resources, session, task, [task_id.task_id])
        return Outcome("transcription.stop_given_up", "idle_limit", 200, "warning", fields)
    again_ms = resources.now_ms() + STOP_AGAIN_MS
    again_ms = again_ms if waits else _find_again_ms(resources, session, task)
    due = _note_stopped(resources, session, task, [], again_ms=again_ms) is not None
    queued = due and error_code == RATE
    return Outcome("transcription.stop_failed", "retry", COME_BACK, "warning", fields, due, queued)


def is_over(resources: Resources, session: Session, target: str, started_ms: int) -> bool:
    """Whether TRTC has ended a task by itself: its room has been closed for its idle limit, or abandoned."""
    now_ms = resources.now_ms()
    if session.closed_ms is None:
        return is_abandoned(resources, session)
    idle_ms = find_rule(session, target).max_idle_s * 1000 + IDLE_SLACK_MS
    return now_ms >= max(session.closed_ms, started_ms) + idle_ms


def _find_again_ms(resources: Resources, session: Session, task: Task) -> int:
    """When to try what fails again: soon, and then less and less often."""
    now_ms = resources.now_ms()
    since_ms = session.closed_ms or task.changed_ms
    return now_ms + max(STOP_AGAIN_MS, min((now_ms - since_ms) // 2, STOP_AGAIN_MAX_MS))


def _note_stopped(
    resources: Resources, session: Session, task: Task, ended: list[str], *, again_ms: int = 0
) -> Task | None:
    """The task as it is then; None: the ledger did not take it, and the next event stops it once more."""
    now_ms = resources.now_ms()

    def finish(known: Session) -> Task:
        claims.finish_stop(known, task.target, ended, now_ms, again_ms=again_ms)
        return known.tasks[task.target]

    try:
        return resources.change(session, finish)
    except LedgerError:
        return None


def _stop_task(resources: Resources, session: Session, task: Task) -> list[Outcome]:
    outcomes, found = _settle_unseen(resources, session, task)
    alive = [*task.alive, *found]
    return outcomes + [stop_id(resources, session, task, i, "stopped") for i in alive]


def _settle_unseen(
    resources: Resources, session: Session, task: Task
) -> tuple[list[Outcome], list[TaskId]]:
    """Find what starts that nobody saw have made, so that it can be stopped too.

    1.0 is asked, and believed that there is nothing only when there can be nothing any more. 2.0
    cannot be asked: unless 1401 tells of the task in that time, it ends by its MaxIdleTime.
    """
    fields = describe_task(session, task)
    outcomes: list[Outcome] = []
    settled: list[str] = []
    found: list[TaskId] = []
    again_ms = 0
    for attempt in task.unseen:
        asks = SERVICES[attempt.service].finds_by_session
        known, task_id = find_attempt(resources, session, task, attempt) if asks else (True, None)
        found += [task_id] if task_id else []
        given_up = not known and is_over(resources, session, task.target, attempt.sent_ms)
        if given_up or (known and resources.now_ms() >= attempt.sent_ms + UNSURE_MS):
            settled.append(attempt.token)
            if given_up or not asks:
                outcomes.append(Outcome("transcription.may_run", "unsure", 200, "warning", fields))
            continue
        next_ms = _find_again_ms(resources, session, task)
        again_ms = max(again_ms, attempt.sent_ms + UNSURE_MS, next_ms)
        outcomes.append(
            Outcome("transcription.unclear", "retry", COME_BACK, "warning", fields, due=True)
        )
    if task.unseen:
        resources.change(
            session,
            lambda known: _settle(known, task, settled, found, again_ms, resources.now_ms()),
        )
    known_ids = {task_id.task_id for task_id in task.task_ids}
    return outcomes, [task_id for task_id in found if task_id.task_id not in known_ids]


def _settle(
    session: Session,
    task: Task,
    settled: list[str],
    found: list[TaskId],
    again_ms: int,
    now_ms: int,
) -> None:
    claims.settle_attempts(session, task.target, settled, found)
    claims.finish_stop(session, task.target, [], now_ms, again_ms=again_ms)


def _call_stop(resources: Resources, session: Session, task_id: TaskId) -> tuple[str, int]:
    """Stop one TaskId and return the RequestId, and `find_doubt_ms` of an answer that it is gone, else 0."""
    service, timeout_s = SERVICES[task_id.service], resources.call_timeout_s()
    if not timeout_s:
        raise ApiError(DEADLINE, "no time is left for the call")
    if not resources.take_slot(name_slot("stop", task_id.service)):
        raise ApiError(RATE, "as many calls a second as the API allows are under way")
    params = service.name_task(session.room.sdk_app_id, task_id.task_id)
    try:
        answer = resources.client.call(service.stop_action, params, task_id.region, timeout_s)
    except ApiError as error:
        if is_gone(task_id.service, error):
            return error.request_id, find_doubt_ms(resources, session, task_id)
        raise
    return str(answer.get("RequestId", "")), 0
