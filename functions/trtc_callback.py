"""Every TRTC callback comes here: verify it, act on it, log it, answer within five seconds."""

from __future__ import annotations

import os

from shared import log
from shared.callbacks import Callback, receive_callback
from shared.errors import RoomscribeError
from shared.scf import Invocation, Json, answer_code, begin_invocation
from shared.settings import Settings, read_settings


def main_handler(event: object, context: object) -> Json:
    """Answer 200 when nothing is left to do, 503 when TRTC should come back, 4xx to strangers."""
    invocation = begin_invocation(context)
    log.begin_logging(invocation)
    try:
        settings = read_settings(os.environ)
        log.begin_logging(invocation, settings.log_level)
        callback = receive_callback(
            event, settings.applications, invocation.started_ms, settings.callback_max_age_s
        )
        log.bind_room(**callback.describe())
        return answer_code(*act_on_callback(callback, settings, invocation))
    except RoomscribeError as error:
        log.write_error("callback.refused" if error.http_status < 500 else "callback.failed", error)
        return answer_code(error.http_status, error.code)
    except Exception as error:  # noqa: BLE001  a bug: TRTC retries, and the log says where it struck
        log.write_crash("function.crashed", error)
        return answer_code(500, "bug")


def act_on_callback(
    callback: Callback, settings: Settings, invocation: Invocation
) -> tuple[int, str]:
    """The HTTP status for a callback, and a word when it is not 200; every outcome is logged."""
    if not (callback.is_room_event or callback.is_task_event):
        log.write("callback.ignored", outcome="event_type")
        return 200, ""
    from shared.lifecycle import (
        act_on,
        find_status,
    )  # late: an ignored event needs no ledger and no API client
    from shared.resources import open_resources

    outcomes = act_on(callback, open_resources(settings, invocation))
    for outcome in outcomes:
        outcome.write()
    status = find_status(outcomes, drainer_comes=settings.has_drainer)
    return status, "" if status == 200 else "come_back"
