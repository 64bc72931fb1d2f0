"""Functions run from the SCF console or through its API: a JSON event in, a result out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from shared import log
from shared.console.request import RoomRequest, read_room_request
from shared.errors import RequestError, RoomscribeError
from shared.lifecycle import Outcome
from shared.lifecycle.wake_drainer import kick_drainer
from shared.mending import HALF_PAIR
from shared.resources import Resources, open_resources
from shared.scf import Json, begin_invocation, is_direct
from shared.settings import read_settings

Act = Callable[[RoomRequest, Resources], tuple[list[Outcome], Json]]


def answer_console(event: object, context: object, act: Act, example: Json) -> Json:
    """Run `act` on an event and return its result; a mistake is answered in words, with an example.

    Such a function has no URL: an HTTP event is refused, because nothing has authenticated it.
    """
    invocation = begin_invocation(context)
    log.begin_logging(invocation)
    told: Json = {}
    try:
        request_event = _check_event(event)
        settings = read_settings(os.environ)
        log.begin_logging(invocation, settings.log_level)
        resources = open_resources(settings, invocation)
        request = read_room_request(request_event, settings, resources.ledger)
        told = request.tell_type()
        log.bind_room(*request.room, user_id=request.user_id)
        outcomes, result = act(request, resources)
        outcomes += kick_drainer(request.room, outcomes, resources)
    except RoomscribeError as error:
        log.write_error("request.refused", error)
        return {
            "outcome": "error",
            "error_code": error.code,
            "message": str(error),
            "example": example,
            **told,
        }
    except Exception as error:  # noqa: BLE001  a bug: its text may quote what it choked on
        log.write_crash("function.crashed", error)
        return {"outcome": "error", "error_code": "bug", "message": "see the function's log"}
    for outcome in outcomes:
        outcome.write()
    return {**result, **told}


def _check_event(event: object) -> Json:
    if not (isinstance(event, dict) and is_direct(event) and "room_id" in event):
        raise RequestError("send a JSON event that names a room, from the console or the SCF API")
    if HALF_PAIR.search(json.dumps(event, ensure_ascii=False)):
        raise RequestError("half a surrogate pair stands in the event, in room_id or another text")
    return event
