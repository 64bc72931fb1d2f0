"""Gaps of a session that has closed: what its task missed at its end."""

from __future__ import annotations

import pytest

from shared.ledger import Session, Task, TaskId, Timing
from shared.ledger.gaps import Gap, find_gaps
from shared.ledger.task import Hearing, Trouble
from tests.support.ledger_steps import ROOM, RULE, T

CLOSED_MS = T + 200_000


@pytest.mark.parametrize(
    ("silent_since_ms", "waiting_ms", "failed_since_ms", "kind", "gap_ms"),
    [
        (0, 0, 0, "", 0),
        (T + 80_000, 0, 0, "silent", 120_000),
        (0, T + 70_000, 0, "missing", 130_000),
        (0, T + 195_000, 0, "", 0),
        (0, 0, T + 100_000, "missing", 100_000),
    ],
)
def test_gap_at_the_end(
    silent_since_ms: int, waiting_ms: int, failed_since_ms: int, kind: str, gap_ms: int
) -> None:
    task = Task(
        *("*", "cloud", "stopped"),
        waiting_ms=waiting_ms,
        failed_since_ms=failed_since_ms,
        troubles=[Trouble("TaskQuota", T, CLOSED_MS)],
        hearing=Hearing(silent_since_ms=silent_since_ms, silent_ms=5_000),
        task_ids=[TaskId("t", "cloud", "r", timing=Timing(T, T, T + 90_000))],
    )
    session = Session("s", ROOM, T, T, RULE, CLOSED_MS, tasks={"*": task})
    code = "TaskQuota" if kind == "missing" else ""
    last = [Gap("*", kind, CLOSED_MS - gap_ms, gap_ms, True, code)] if kind else []  # type: ignore[arg-type]
    assert [*find_gaps(session, CLOSED_MS)] == [
        Gap("*", "missing", T, 90_000, True, "TaskQuota"),
        Gap("*", "silent", 0, 5_000, True),
        *last,
    ]
