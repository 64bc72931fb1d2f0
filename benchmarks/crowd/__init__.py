"""A hundred people enter one room at the same moment: nobody is lost, and every answer comes in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median, quantiles

from benchmarks.crowd.entering import INSTANCES, PEOPLE, Entered, running_crowd
from benchmarks.figures import Figure
from benchmarks.ledgers import running_ledger

ABOUT = f"{PEOPLE} people enter one room at once, over {INSTANCES} warm instances"
ENGINES = ("sqlite", "redis")
REPETITIONS = 5
MOST_P99_MS = 200.0


def run() -> Sequence[Figure]:
    """Both engines, one after the other, each with a room of its own for every repetition."""
    return [figure for engine in ENGINES for figure in _measure(engine)]


def _measure(engine: str) -> Iterator[Figure]:
    with running_ledger(engine) as url, running_crowd(url) as crowd:
        _, *rooms = (crowd.enter_room() for _ in range(1 + REPETITIONS))  # the first only warms up
    yield from describe(engine, rooms)


def describe(engine: str, rooms: Sequence[Entered]) -> Iterator[Figure]:
    """The median of the rooms' times, and the sum of what must not happen in any of them."""
    cuts = [quantiles(room.answers_ms, n=100) for room in rooms]
    yield Figure(engine, "answer to a 103, p50", median(cut[49] for cut in cuts), "ms")
    p99_ms = median(cut[98] for cut in cuts)
    yield Figure(engine, "answer to a 103, p99", p99_ms, "ms", MOST_P99_MS)
    refused = sum(status != 200 for room in rooms for status in room.statuses)
    yield Figure(engine, "answers other than 200", refused, "", 0)
    lost = sum(PEOPLE - len(room.people) for room in rooms)
    yield Figure(engine, "people lost", lost, "", 0)
    more = sum(abs(room.starts - 1) for room in rooms)
    yield Figure(engine, "rooms without one task exactly", more, "", 0)
