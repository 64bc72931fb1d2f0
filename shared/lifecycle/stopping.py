"""Stopping tasks: every TaskId a task ever got, until each is known to be over."""

from __future__ import annotations

from shared.errors import ApiError
from shared.ledger import Room, Session, Task, TaskId, claims
from shared.lifecycle.asking import find_rule, find_started
from shared.lifecycle.outcome import COME_BACK, Fields, Outcome, describe_task
from shared.resources import Resources
from shared.services import SERVICES
from shared.services.kinds import is_gone


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
    resources: Resources,
    session: Session,
    task: Task,
    task_id: TaskId,
    outcome: str,
    *,
    note: bool = True,
) -> Outcome:
    """Stop one TaskId and, unless told otherwise, `note` in the ledger that it is over."""
    fields: Fields = {**describe_task(session, task), "task_id": task_id.task_id}
    try:
        request_id = _call_stop(resources, session.room, task_id)
    except ApiError as error:
        fields |= {
            "error_code": error.code,
            "upstream_request_id": error.request_id or None,
        }
        return Outcome("transcription.stop_failed", "retry", COME_BACK, "warning", fields)
    if note:
        ended = [task_id.task_id]
        resources.ledger.change(
            session.room,
            lambda book: claims.finish_stop(
                book.get(session.id), task.target, ended, resources.now_ms()
            ),
        )
    fields["upstream_request_id"] = request_id or None
    return Outcome("transcription.stopped", outcome, fields=fields)


def _stop_task(resources: Resources, session: Session, task: Task) -> list[Outcome]:
    outcomes: list[Outcome] = []
    if task.unsure:
        outcomes += _settle_unsure(resources, session, task)
    alive = task.alive  # with what was found just now
    return outcomes + [stop_id(resources, session, task, i, "stopped") for i in alive]


def _settle_unsure(resources: Resources, session: Session, task: Task) -> list[Outcome]:
    """A start nobody saw may have happened: find its task, so that it can be stopped too."""
    rule = find_rule(session, task.target)
    known, found = find_started(resources, session, rule, task)
    fields = describe_task(session, task)
    if not known and SERVICES[task.service].finds_by_session:
        return [Outcome("transcription.unclear", "retry", COME_BACK, "warning", fields)]

    def settle(session: Session) -> Task:
        settled = claims.settle_unsure(session, task.target, found)
        claims.finish_stop(session, task.target, [], resources.now_ms())
        return settled

    settled = resources.ledger.change(session.room, lambda book: settle(book.get(session.id)))
    task.task_ids = settled.task_ids
    # 2.0 cannot be asked: if the start did happen, its task ends by its MaxIdleTime.
    return [] if known else [Outcome("transcription.may_run", "unsure", 200, "warning", fields)]


def _call_stop(resources: Resources, room: Room, task_id: TaskId) -> str:
    """Stop one TaskId and return the RequestId; one that no longer exists is stopped."""
    service, timeout_s = SERVICES[task_id.service], resources.call_timeout_s()
    if not timeout_s:
        raise ApiError("Deadline", "no time is left for the call")
    params = service.name_task(room.sdk_app_id, task_id.task_id)
    try:
        answer = resources.client.call(service.stop_action, params, task_id.region, timeout_s)
        return str(answer.get("RequestId", ""))
    except ApiError as error:
        if is_gone(error):
            return error.request_id
        raise
