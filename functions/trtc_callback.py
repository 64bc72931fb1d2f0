"""Every TRTC callback comes here: verify it, act on it, log it, answer within five seconds."""

from __future__ import annotations

from shared import log
from shared.callbacks import ROOM_EVENTS, receive_callback
from shared.entry import open_resources, run_function
from shared.errors import RoomscribeError
from shared.scf import Invocation, Json, answer_code, is_direct
from shared.settings import Settings
from shared.traffic import COUNTS


def main_handler(event: object, context: object) -> Json:
    """Answer 200 when nothing is left to do, 503 when TRTC should come back, 4xx to strangers."""
    return run_function(
        context,
        lambda settings, invocation: act_on_callback(event, settings, invocation),
        lambda error: answer_code(error.http_status, error.code),
        refused="callback.refused",
        failed="callback.failed",
    )


def act_on_callback(event: object, settings: Settings, invocation: Invocation) -> Json:
    """The answer to a callback; every outcome is logged."""
    applications, now_ms = settings.applications, invocation.started_ms
    try:
        callback = receive_callback(event, applications, now_ms, settings.callback_max_age_s)
    except RoomscribeError as error:
        if is_direct(event):  # CAM knows who sent it
            raise
        COUNTS.refuse(event, error, [app.sdk_app_id for app in applications], now_ms)
        COUNTS.flush(lambda: open_resources(settings, invocation).ledger, invocation)
        return answer_code(error.http_status, error.code)
    if not is_direct(event):
        COUNTS.accept(callback.room.sdk_app_id, callback.event_type, now_ms)
    log.bind_room(  # enough to build the event again
        *callback.room,
        user_id=callback.user_id,
        role=callback.role,
        event_type=callback.event_type,
        event_ms=callback.event_ms,
        task_id=callback.task.task_id if callback.task else None,
        signed_with=callback.signed_with,
    )
    if callback.event_type not in ROOM_EVENTS and callback.task is None:
        log.write("callback.ignored", outcome="event_type")
        return answer_code(200)
    # late: an ignored event needs no ledger and no API client
    from shared.lifecycle.events import act_on
    from shared.lifecycle.outcome import find_status, write_outcomes

    outcomes = act_on(callback, open_resources(settings, invocation))
    write_outcomes(outcomes)
    COUNTS.flush(lambda: open_resources(settings, invocation).ledger, invocation)
    status = find_status(outcomes, drainer_comes=settings.has_drainer)
    return answer_code(status, "" if status == 200 else "come_back")
