"""Who may start a session's task, and what becomes of it: pure changes of a Session.

A claim is a lease with a token: whoever holds it starts the task, and finishing is refused when
it was lost meanwhile. A task keeps every TaskId it ever got until each is known to be over.
"""

from shared.ledger.claims.starts import (
    Finish,
    Release,
    claim_start,
    finish_start,
    release_start,
    settle_attempts,
    switch_service,
)
from shared.ledger.claims.stops import (
    begin_stops,
    finish_stop,
    hold_session,
    lift_hold,
)
from shared.ledger.claims.task_reports import (
    Ending,
    note_bot_left,
    note_checked,
    note_ended,
    note_ending,
    note_running,
    resume,
)
from shared.ledger.claims.tasks import (
    LEASE_MS,
    find_leftovers,
    is_busy,
    is_leased,
    is_unfinished,
    needs_stop,
    time_running,
)

__all__ = [
    "LEASE_MS",
    "Ending",
    "Finish",
    "Release",
    "begin_stops",
    "claim_start",
    "find_leftovers",
    "finish_start",
    "finish_stop",
    "hold_session",
    "is_busy",
    "is_leased",
    "is_unfinished",
    "lift_hold",
    "needs_stop",
    "note_bot_left",
    "note_checked",
    "note_ended",
    "note_ending",
    "note_running",
    "release_start",
    "resume",
    "settle_attempts",
    "switch_service",
    "time_running",
]
