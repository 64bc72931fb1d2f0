"""Functions run from the SCF console or through its API: a JSON event in, a result out."""

from __future__ import annotations

import json
from collections.abc import Callable

from shared import log
from shared.console.request import RoomRequest, read_room_request
from shared.entry import open_resources, run_function
from shared.errors import BugError, RequestError, RoomscribeError
from shared.lifecycle import Outcome, write_outcomes
from shared.lifecycle.wake_drainer import wake_drainer
from shared.mending import HALF_PAIR
from shared.resources import Resources
from shared.scf import Invocation, Json, is_direct
from shared.settings import Settings

Act = Callable[[RoomRequest, Resources], tuple[list[Outcome], Json]]


def answer_console(event: object, context: object, act: Act, example: Json) -> Json:
    """Run `act` on an event and return its result; a mistake is answered in words, with an example.

    Such a function has no URL: an HTTP event is refused, because nothing has authenticated it.
    """
    told: Json = {}

    def act_on_request(settings: Settings, invocation: Invocation) -> Json:
        request_event = _check_event(event)
        resources = open_resources(settings, invocation)
        request = read_room_request(request_event, settings, resources.ledger)
        told.update(request.tell_type())
        log.bind_room(*request.room, user_id=request.user_id)
        outcomes, result = act(request, resources)
        if settings.has_drainer:
            outcomes += wake_drainer(request.room, outcomes, resources)
        write_outcomes(outcomes)
        return {**result, **told}

    def answer_error(error: RoomscribeError) -> Json:
        answer = {"outcome": "error", "error_code": error.code, "message": str(error)}
        return answer if isinstance(error, BugError) else {**answer, "example": example, **told}

    return run_function(
        context,
        act_on_request,
        answer_error,
        refused="request.refused",
        failed="request.refused",
    )


def _check_event(event: object) -> Json:
    if not (isinstance(event, dict) and is_direct(event) and "room_id" in event):
        raise RequestError("send a JSON event that names a room, from the console or the SCF API")
    if HALF_PAIR.search(json.dumps(event, ensure_ascii=False)):
        raise RequestError("half a surrogate pair stands in the event, in room_id or another text")
    return event
