"""Invokes the drainer when something was left due and no drainer is at work."""

from __future__ import annotations

import secrets

from shared.errors import RoomscribeError
from shared.lifecycle.outcome import COME_BACK, DONE, Outcome
from shared.resources import Resources
from shared.room import Room

LEASE, LEASE_MS = "drain", 5_000  # a drainer that died is missed no longer
KICKED_MS = 5_000  # a drainer that was called has begun by then, cold start included
ENDED = ("transcription.stopped", "task.ended")


def wake_drainer(room: Room, outcomes: list[Outcome], resources: Resources) -> list[Outcome]:
    """Invoke the drainer if one of these outcomes leaves work for it; returns the Outcome of a failure.

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

    Raises ApiError, LedgerError.
    """
    function, ledger = resources.settings.drain_function, resources.ledger
    if function is None or not resources.settings.has_drainer:
        return
    token = secrets.token_hex(16)
    if not ledger.take_lease(LEASE, token, resources.now_ms(), KICKED_MS):
        return
    try:
        resources.invoke(function, {"token": token})
    except RoomscribeError:
        ledger.drop_lease(LEASE, token)
        raise


def _was_full(room: Room, resources: Resources) -> bool:
    return resources.ledger.count_living(room.sdk_app_id) >= resources.settings.task_quota - 1
