"""Deliver what is over: transcripts to the archive, events to endpoints; forget what is kept no longer."""

from __future__ import annotations

from shared import log
from shared.delivery.deliverer import deliver
from shared.entry import open_resources, run_function
from shared.errors import NotSharedError, RequestError
from shared.lifecycle.outcome import write_outcomes
from shared.scf import Invocation, Json, is_direct
from shared.settings import Settings


def main_handler(event: object, context: object) -> Json:
    """Runs every 30 s; any event will do. Safe to run twice, and beside itself."""
    delivered: Json = {"sessions": 0}

    def act(settings: Settings, invocation: Invocation) -> Json:
        if not is_direct(event):
            raise RequestError("this function has no URL: a timer invokes it")
        if not settings.ledger_is_shared:
            problem = "LEDGER_URL: nothing can be delivered without a ledger that all share"
            raise NotSharedError(problem)
        resources = open_resources(settings, invocation)
        for room, outcomes in deliver(resources):
            log.unbind_room()
            if room:
                delivered["sessions"] += 1
                log.bind_room(*room)
            write_outcomes(outcomes)
        return {"outcome": "delivered", **delivered}

    return run_function(
        context,
        act,
        lambda error: {"outcome": "error", "error_code": error.code, **delivered},
        refused="delivery.failed",
        failed="delivery.failed",
        answers_trtc=False,
    )
