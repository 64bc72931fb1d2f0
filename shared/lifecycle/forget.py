"""Deleting what is over for longer than the settings say."""

from __future__ import annotations

import secrets
from collections import Counter

from shared.lifecycle.drainer import is_late
from shared.lifecycle.outcome import Outcome
from shared.resources import Resources

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PAUSE_S = 0.005  # between two pieces, for whoever waits for the ledger


def forget_old(resources: Resources) -> list[Outcome]:
    """Once an hour, delete what has been over for that long: a piece at a time, while there is time."""
    now_ms, ledger = resources.now_ms(), resources.ledger
    token = secrets.token_hex(16)
    if now_ms % HOUR_MS >= MINUTE_MS or not ledger.take_lease("forget", token, now_ms, MINUTE_MS):
        return []
    before_ms = resources.kept_since_ms()
    counts: Counter[str] = Counter()
    while not is_late(resources):
        piece = ledger.forget_old(before_ms)
        if not any(piece):
            break
        counts.update(piece._asdict())
        resources.sleep(PAUSE_S)
    ledger.erase_traces()  # what is being read now is erased the next time
    return [Outcome("sessions.forgotten", "over", fields=dict(counts))] if counts else []
