"""Calling a drainer when something was left due and none is at work."""

from __future__ import annotations

import json
import secrets

from shared.errors import RoomscribeError
from shared.lifecycle.outcome import COME_BACK, DONE, Outcome
from shared.resources import Resources, open_client
from shared.room import Room

LEASE, LEASE_MS = "drain", 5_000  # a drainer that died is missed no longer
KICK_S = 0.7  # of an invocation that has answered by then
KICKED_MS = 5_000  # a drainer that was called has begun by then, cold start included
ENDED = ("transcription.stopped", "task.ended")


def wake_drainer(room: Room, outcomes: list[Outcome], resources: Resources) -> list[Outcome]:
    """Call a drainer when one of these outcomes leaves it something to do; what came of it, if it failed.

    That is a task left due; or one that ended while the quota was used up, so that another may start.
    When the call fails, TRTC's next retry comes sooner than the timer.
    """
    left_due = any(outcome.due for outcome in outcomes)
    ended = any(outcome.message in ENDED for outcome in outcomes)
    try:
        if left_due or (ended and _was_full(room, resources)):
            call_drainer(resources)
    except RoomscribeError as error:
        fields = {"error_code": error.code}
        status = COME_BACK if left_due else DONE
        return [Outcome("drain.not_called", "retry", status, "warning", fields)]
    return []


def call_drainer(resources: Resources) -> None:
    """Call a drainer unless one is at work, or there is none; it gets the lease with the call.

    Raises ApiError, LedgerError. Source: SCF API 2018-04-16, Invoke.
    """
    settings, ledger, invocation = resources.settings, resources.ledger, resources.invocation
    if not settings.has_drainer:
        return
    token = secrets.token_hex(16)
    if not ledger.take_lease(LEASE, token, resources.now_ms(), KICKED_MS):
        return
    params = {
        "FunctionName": settings.drain_function,
        "InvocationType": "Event",  # beside this invocation
        "ClientContext": json.dumps({"token": token}),
        "Namespace": invocation.namespace or "default",
    }
    client = open_client(settings.invoke_endpoint, settings.ca, "scf", "2018-04-16")
    try:
        client.call("Invoke", params, invocation.region, KICK_S)
    except RoomscribeError:
        ledger.drop_lease(LEASE, token)
        raise


def _was_full(room: Room, resources: Resources) -> bool:
    return resources.ledger.count_living(room.sdk_app_id) >= resources.settings.task_quota - 1
