"""What came of all deliveries: files, events, and what the ledger still has to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.chaos.arrivals import judge_events
from benchmarks.chaos.files import judge_files, list_unclosed
from benchmarks.chaos.history import History

LATER_SHARE, LATER_MS = 1.1, 100  # what starts may lose while the archive and the endpoints fail


@dataclass
class DeliveryJudgement:
    """The figures, times in ms; and what breaks a bound."""

    files: int
    sessions: int
    untold: (
        int  # of these, whose end TRTC has lost for good: they stay open, and nothing is delivered
    )
    deletions: int
    arrived: int
    events: int
    dead: int
    longest_ms: dict[str, int]
    start_p99_ms: int
    broken: list[str] = field(default_factory=list)


def judge_delivery(history: History) -> DeliveryJudgement:
    """A judgement of everything that was to be delivered."""
    files, wrong_files = judge_files(history)
    arrivals = judge_events(history)
    untold, still_open = list_unclosed(history)
    return DeliveryJudgement(
        files=files,
        sessions=len(history.delivered.sessions),
        untold=len(untold),
        deletions=len(history.deletions),
        arrived=arrivals.arrived,
        events=arrivals.unique,
        dead=len(history.delivered.dead),
        longest_ms=arrivals.longest_ms,
        start_p99_ms=find_p99(history.start_latencies_ms),
        broken=[*wrong_files, *arrivals.broken, *_find_left(history)]
        + [f"{session_id}: is still open" for session_id in still_open],
    )


def compare_worlds(troubled: History, calm: History) -> Iterator[str]:
    """What faults of the archive and the endpoints alone have changed, beside a calm world of that seed."""
    ours, theirs = troubled.delivered.objects, calm.delivered.objects
    different = {key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key)}
    if different:
        yield f"{len(different)} of {len(theirs)} files differ, such as {min(different)}"
    p99_ms, calm_ms = (find_p99(one.start_latencies_ms) for one in (troubled, calm))
    if p99_ms > max(calm_ms * LATER_SHARE, calm_ms + LATER_MS):
        yield f"starts' p99 is {p99_ms} ms, instead of {calm_ms} ms"


def find_p99(values: Sequence[int]) -> int:
    """The value that 99 % of them do not exceed; 0 for none."""
    return sorted(values)[-1 - len(values) // 100] if values else 0


def _find_left(history: History) -> Iterator[str]:
    left = history.delivered
    miscounted = [one for epoch in history.epochs for one in epoch.left.miscounted]
    for name, found in (
        ("numbers of running tasks are wrong", miscounted),
        ("sessions are undelivered", left.undelivered),
        ("events are not sent", left.unsent),
        ("events are dead", left.dead),
    ):
        if found:
            yield f"{len(found)} {name}, such as {found[0]}"
