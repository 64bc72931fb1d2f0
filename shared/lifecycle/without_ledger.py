"""A start while the ledger is away: only a room's creation, and only by the bot's identity."""

from __future__ import annotations

from msgspec.structs import replace

from shared.callbacks import Callback
from shared.errors import ApiError, RoomscribeError
from shared.ledger import RoomBook, Task
from shared.ledger.document import Half
from shared.lifecycle import task_api
from shared.lifecycle.outcome import COME_BACK, Fields, Outcome, describe_task, failed
from shared.resources import Resources
from shared.room import WHOLE_ROOM
from shared.services.kinds import classify_error


def start_without_ledger(
    callback: Callback, error: RoomscribeError, resources: Resources
) -> list[Outcome]:
    """Start the task of a room that was created although nobody can write it down.

    A second start of the same room collides with the first: both have the same bot. 901 or 1401
    tells the ledger of the task when it is back. Whatever needs to know more comes back.
    """
    room, event_ms = callback.room, callback.event_ms
    rule = resources.rules.decide(*room)
    is_other = rule.service == "none" or rule.scope == "user" or rule.start_on != "room_created"
    _, session = RoomBook(room, (Half(), Half())).open_session(event_ms, rule)
    if session is None or is_other or rule.ignores(callback.user_id or ""):
        return [failed(error)]
    task = Task(WHOLE_ROOM, rule.service)
    fields: Fields = {**describe_task(session, task), "reason": str(error)}
    try:
        params = task_api.build_start(session, task, resources)
        # The limiter is in the ledger that is away.
        granted = replace(resources, granted=[f"start/{task.service}"])
        task_id, _ = task_api.start(session, task, params, granted)
    except ApiError as refusal:
        fields["error_code"] = refusal.code
        if classify_error(refusal).kind == "exists":
            return [Outcome("transcription.unchanged", "unrecorded", fields=fields)]
        return [Outcome("transcription.deferred", "unrecorded", COME_BACK, "warning", fields)]
    fields |= {"task_id": task_id, "start_latency_ms": resources.now_ms() - event_ms}
    return [Outcome("transcription.started", "unrecorded", 200, "warning", fields)]
