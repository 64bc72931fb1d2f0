"""Start what is due, in all rooms; stop what should not run; restart what broke; forget what is over."""

from __future__ import annotations

import os

from shared import log
from shared.errors import NotSharedError, RequestError, RoomscribeError
from shared.lifecycle.drainer import drain
from shared.lifecycle.forget import forget_old
from shared.resources import open_resources
from shared.scf import Json, begin_invocation, is_direct
from shared.settings import Settings, read_settings


def main_handler(event: object, context: object) -> Json:
    """Runs every 30 s, and when trtc_callback leaves something due; any event will do. Safe to run twice."""
    invocation = begin_invocation(context, answers_trtc=False)
    log.begin_logging(invocation)
    rooms = 0
    try:
        settings = read_settings(os.environ)
        log.begin_logging(invocation, settings.log_level)
        token = read_token(event, settings)
        resources = open_resources(settings, invocation)
        for room, outcomes in drain(resources, token):
            rooms += bool(outcomes)
            log.bind_room(*room)
            for outcome in outcomes:
                outcome.write()
        log.unbind_room()
        for outcome in forget_old(resources):
            outcome.write()
    except RoomscribeError as error:
        log.write_error("drain.failed", error)
        return {"outcome": "error", "error_code": error.code, "rooms": rooms}
    except Exception as error:  # noqa: BLE001  a bug: its text may quote what it choked on
        log.write_crash("function.crashed", error)
        return {"outcome": "error", "error_code": "bug", "rooms": rooms}
    return {"outcome": "drained", "rooms": rooms}


def read_token(event: object, settings: Settings) -> str:
    """The lease a kick hands over; "" for a timer, a person, or any other event."""
    if not is_direct(event):
        raise RequestError("this function has no URL: a timer and trtc_callback invoke it")
    if not settings.ledger_is_shared:
        raise NotSharedError("LEDGER_URL: nothing is left due without a ledger that all share")
    return str(event.get("token", "")) if isinstance(event, dict) else ""
