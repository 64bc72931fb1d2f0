"""A thousand rooms in one second, when the API starts twenty a second: all get their task, one each."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.burst.measure import measure
from benchmarks.burst.storm import LATENCY_MS, ROOMS, STARTS_PER_S, play
from benchmarks.figures import Figure

ABOUT = (
    f"{ROOMS:,} rooms in one second, {STARTS_PER_S} starts a second, {LATENCY_MS} ms API latency"
)
ENGINES = ("sqlite", "redis")


def run() -> Sequence[Figure]:
    """Both engines, one after the other."""
    return [figure for engine in ENGINES for figure in measure(engine, play(engine))]
