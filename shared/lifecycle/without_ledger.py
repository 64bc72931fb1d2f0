"""A start while the ledger is away: only a room's creation, and only by the bot's identity."""

from __future__ import annotations

import msgspec

from shared.callbacks import Callback
from shared.errors import ApiError, RoomscribeError
from shared.ledger import Session, Task
from shared.lifecycle.asking import find_region, make_order
from shared.lifecycle.outcome import COME_BACK, Fields, Outcome, describe_task, failed
from shared.resources import Resources
from shared.room import Room, name_session
from shared.services import SERVICES, classify_error
from shared.services.service import read_task_id
from shared.signer import WHOLE_ROOM


def start_unrecorded(
    callback: Callback, room: Room, resources: Resources, error: RoomscribeError
) -> list[Outcome]:
    """Start the task of a room that was created although nobody can write it down.

    A second start of the same room collides with the first: both have the same bot. 901 or 1401
    tells the ledger of the task when it is back. Whatever needs to know more comes back.
    """
    rule = resources.rules.decide(*room)
    session = Session(
        name_session(room, callback.event_ms), room, callback.event_ms, callback.event_ms, rule
    )
    task = Task(WHOLE_ROOM, rule.service)
    if rule.service == "none" or rule.scope == "user" or rule.start_on != "room_created":
        return [failed(error)]
    if rule.ignores(callback.user_id or ""):
        return [failed(error)]
    fields: Fields = {**describe_task(session, task), "reason": str(error)}
    try:
        task_id = _call(session, task, resources)
    except ApiError as refusal:
        fields["error_code"] = refusal.code
        if classify_error(refusal).kind == "exists":
            return [Outcome("transcription.unchanged", "unrecorded", fields=fields)]
        return [Outcome("transcription.deferred", "unrecorded", COME_BACK, "warning", fields)]
    fields |= {"task_id": task_id, "start_latency_ms": resources.now_ms() - callback.event_ms}
    return [Outcome("transcription.started", "unrecorded", 200, "warning", fields)]


def _call(session: Session, task: Task, resources: Resources) -> str:
    service, timeout_s = SERVICES[task.service], resources.call_timeout_s()
    if not timeout_s:
        raise ApiError("Deadline", "no time is left for the call")
    try:
        params = service.build_start(make_order(resources, session, session.rule, task))
    except msgspec.ValidationError as error:  # a room the API cannot name
        raise ApiError("InvalidParameterValue", str(error)) from None
    region = find_region(session, task.target, task.service)
    return read_task_id(resources.client.call(service.start_action, params, region, timeout_s))
