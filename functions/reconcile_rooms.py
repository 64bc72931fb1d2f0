"""Start the rooms whose events were lost, and close those that are over: for after an outage."""

from __future__ import annotations

from shared.console.request import answer_direct
from shared.reconciling.reconcile import reconcile
from shared.scf import Json

EXAMPLE = {"since": "1h", "dry_run": True}


def main_handler(event: object, context: object) -> Json:
    """By what TRTC tells of rooms, or by a list of `rooms` that live. Safe to run twice."""
    return answer_direct(event, context, reconcile, EXAMPLE, is_long=True)
