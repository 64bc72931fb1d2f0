"""What is said in many rooms at once, told twice and shuffled: kept whole, once, in order; and read quickly.

plan: who says what, and in which order it comes · posting: the callbacks · flood: several processes
take them · verdict: what the ledger has · reading: how long a long meeting takes to read
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import quantiles

from benchmarks.figures import Figure
from benchmarks.ingest.flood import Flood, Instances
from benchmarks.ingest.plan import Size
from benchmarks.ingest.reading import Reading, measure_reading
from benchmarks.ingest.verdict import Verdict, judge
from benchmarks.ledgers import running_ledger

USUAL = Size(rooms=50, sentences=200)
FULL = Size(rooms=50, sentences=10_000)
ABOUT = (
    f"{USUAL.sentences:,} sentences in each of {USUAL.rooms} rooms at once (--full: "
    f"{FULL.sentences:,}), each callback twice, shuffled, over {USUAL.processes} processes"
)
ENGINES = ("sqlite", "redis")


def run() -> Sequence[Figure]:
    """Both engines, in a minute."""
    return _measure(USUAL)


def run_full() -> Sequence[Figure]:
    """The same at full size."""
    return _measure(FULL)


def _measure(size: Size) -> Sequence[Figure]:
    return [figure for engine in ENGINES for figure in _measure_engine(engine, size)]


def _measure_engine(engine: str, size: Size) -> Iterator[Figure]:
    with running_ledger(engine) as url:
        with Instances(url, size.processes) as instances:
            flood = instances.flood(size)
        yield from describe_flood(engine, flood)
        yield from describe_verdict(engine, judge(url, size))
    with running_ledger(engine) as url, Instances(url, 1) as instances:
        for reading in instances.run(measure_reading):
            yield from describe_reading(engine, reading)


def describe_flood(engine: str, flood: Flood) -> Iterator[Figure]:
    """How the webhook bore it."""
    cuts = quantiles(flood.answers_ms, n=100)
    yield Figure(engine, "answer to a callback, p50", cuts[49], "ms")
    yield Figure(engine, "answer to a callback, p99", cuts[98], "ms")
    yield Figure(engine, "callbacks taken", flood.statuses[200] / flood.took_s, "/s")
    again = sum(count for status, count in flood.statuses.items() if status != 200)
    yield Figure(engine, "told to come back", again)
    yield Figure(engine, "given up", flood.given_up, "", 0)


def describe_verdict(engine: str, verdict: Verdict) -> Iterator[Figure]:
    """What the ledger has of it."""
    yield Figure(engine, "sentences lost", verdict.lost, "", 0)
    yield Figure(engine, "there twice", verdict.doubled, "", 0)
    yield Figure(engine, "out of order", verdict.misplaced, "", 0)
    yield Figure(engine, "without their translation", verdict.untranslated, "", 0)


def describe_reading(engine: str, reading: Reading) -> Iterator[Figure]:
    """How long a reader waits for the function."""
    what, most_ms = f"3 h, {reading.what}", reading.most_ms
    yield Figure(engine, f"{what}: p50", reading.p50_ms, "ms", most_ms)
    yield Figure(engine, f"{what}: p99", reading.p99_ms, "ms", most_ms)
