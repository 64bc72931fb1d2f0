"""The order of two events by the times TRTC gives them: some are exact to the ms, some to the second."""

from __future__ import annotations

SECOND_MS = 1000


def compare_times(event_ms: int, than_ms: int, *, precise: bool) -> int:
    """-1, 0 or 1: an event known only to the second is neither before nor after that second."""
    if not precise:
        event_ms, than_ms = event_ms // SECOND_MS, than_ms // SECOND_MS
    return (event_ms > than_ms) - (event_ms < than_ms)
