"""Many people read the captions of one room while it is live: what one instance of read_transcript carries.

watching: the people, whose requests one instance answers one after the other
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import quantiles

from benchmarks.figures import Figure
from benchmarks.ingest.flood import Instances
from benchmarks.ledgers import running_ledger
from benchmarks.viewers.watching import WATCHED_S, Kind, Watched, watch_all

VIEWERS = (200, 500, 1000)
ENGINES = ("sqlite", "redis")
REPETITIONS = 3
FULL_SHARE = 0.7  # of an instance's time; beyond it, waiting grows faster than the viewers
ABOUT = f"up to {VIEWERS[-1]:,} viewers of one room poll one warm instance for {WATCHED_S} s each"


def run() -> Sequence[Figure]:
    """Both engines, each with few viewers and with many."""
    return [figure for engine in ENGINES for figure in _measure(engine)]


def _measure(engine: str) -> Iterator[Figure]:
    watched = [_watch_often(engine, viewers) for viewers in VIEWERS]
    for each in watched:
        yield from describe_waiting(engine, each)
    yield from describe_cost(engine, watched[-1])


def _watch_often(engine: str, viewers: int) -> Watched:
    """Of some runs the one with the least work: in the others the machine did something else, too."""
    return min((_watch(engine, viewers) for _ in range(REPETITIONS)), key=lambda one: one.share)


def _watch(engine: str, viewers: int) -> Watched:
    with running_ledger(engine) as url, Instances(url, 1) as instances:
        return instances.run(watch_all, viewers)


def describe_waiting(engine: str, watched: Watched) -> Iterator[Figure]:
    """How long a poll waits for its answer, and how much of the time the instance was at work."""
    case = f"{engine}, {watched.viewers:,} viewers"
    cuts = quantiles(watched.waits_ms, n=100)
    yield Figure(case, "polls", len(watched.waits_ms) / watched.watched_s, "/s")
    yield Figure(case, "answer, p50", cuts[49], "ms")
    yield Figure(case, "answer, p99", cuts[98], "ms")
    yield Figure(case, "at work", 100 * watched.share, "%")


def describe_cost(engine: str, watched: Watched) -> Iterator[Figure]:
    """The processor time of each kind of request, and how many viewers fit an instance."""
    bare_ms = watched.cpu_ms[Kind.BARE]
    for kind in Kind:
        yield Figure(f"{engine}, {kind.value}", "CPU", watched.cpu_ms[kind], "ms")
        yield Figure(
            f"{engine}, {kind.value}", "by the bare handler", watched.cpu_ms[kind] / bare_ms
        )
    carried = FULL_SHARE / watched.share_of_one
    yield Figure(f"{engine}, one instance", "viewers carried", carried)
