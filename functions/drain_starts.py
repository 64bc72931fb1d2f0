"""Start what is due, in all rooms; stop what should not run; restart what broke."""

from __future__ import annotations

from contextlib import suppress

from shared import log
from shared.entry import open_resources, run_function
from shared.errors import LedgerError, NotSharedError, RequestError
from shared.fleet.report import report_fleet
from shared.lifecycle.drainer import drain
from shared.lifecycle.outcome import write_outcomes
from shared.reconciling.by_itself import reconcile_if_silent
from shared.scf import Invocation, Json, is_direct
from shared.settings import Settings


def main_handler(event: object, context: object) -> Json:
    """Runs every 30 s, and when trtc_callback leaves something due; any event will do. Safe to run twice."""
    drained: Json = {"rooms": 0}

    def act(settings: Settings, invocation: Invocation) -> Json:
        token = read_token(event, settings)
        resources = open_resources(settings, invocation)
        with suppress(LedgerError):  # what is due finds out for itself whether it is still away
            report_fleet(resources)
        for room, outcomes in drain(resources, token):
            drained["rooms"] += bool(outcomes)
            log.bind_room(*room)
            write_outcomes(outcomes)
        log.unbind_room()
        reconcile_if_silent(resources)
        return {"outcome": "drained", **drained}

    return run_function(
        context,
        act,
        lambda error: {"outcome": "error", "error_code": error.code, **drained},
        refused="drain.failed",
        failed="drain.failed",
        answers_trtc=False,
    )


def read_token(event: object, settings: Settings) -> str:
    """The lease a kick hands over; "" for a timer, a person, or any other event."""
    if not is_direct(event):
        raise RequestError("this function has no URL: a timer and trtc_callback invoke it")
    if not settings.ledger_is_shared:
        raise NotSharedError("LEDGER_URL: nothing is left due without a ledger that all share")
    return str(event.get("token", "")) if isinstance(event, dict) else ""
