"""What TRTC is told: come back for what failed, not for what only waits for its turn."""

from __future__ import annotations

import pytest

from shared.lifecycle.outcome import Outcome, find_status

DONE = Outcome("transcription.started", "started")
FAILED = Outcome("transcription.deferred", "retry", 503, due=True)
QUEUED = Outcome("transcription.waiting", "due", 503, due=True, queued=True)


@pytest.mark.parametrize(
    ("outcomes", "drainer_comes", "status"),
    [
        ([DONE], False, 200),
        ([DONE, FAILED], True, 503),
        ([DONE, QUEUED], True, 200),
        ([DONE, QUEUED], False, 503),
        ([FAILED, QUEUED], True, 503),
    ],
)
def test_trtc_need_not_come_back_for_what_is_queued_for_a_drainer(
    outcomes: list[Outcome], drainer_comes: bool, status: int
) -> None:
    assert find_status(outcomes, drainer_comes=drainer_comes) == status
