"""What a page of all meetings costs where there are a hundred, and where there are a hundred thousand."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from statistics import median, quantiles

from msgspec.json import encode

from benchmarks.figures import Figure
from benchmarks.ledgers import running_ledger
from benchmarks.meetings.fill import BY_DAY, NOW_MS, SDK_APP_ID, add_meetings, find_day
from shared.ledger import Ledger, close_ledgers, open_ledger
from shared.reading.meetings import find_meetings, read_search
from shared.settings import MAX_KEEP_DAYS, read_settings

FEW, MANY = 100, 100_000
ABOUT = f"a page of all meetings, at {FEW} and at {MANY:,} sessions, as a link's holder asks for it"
ENGINES = ("sqlite", "redis")
RUNS, ROUNDS, WARM = 3, 700, 20
MOST_GROWTH = 1.5
SETTINGS = read_settings(
    {
        "TRTC_SDK_APP_ID": str(SDK_APP_ID),
        "TRTC_SDK_SECRET_KEY": "benchmark-sdk-secret",
        "TRTC_CALLBACK_KEY": "benchmarkCallbackKey",
        "TRANSCRIPT_LINK_KEY": "benchmark-link-key",
        "TRANSCRIPT_KEEP_DAYS": str(MAX_KEEP_DAYS),
    }
)


def run() -> Sequence[Figure]:
    """Both engines."""
    return [figure for engine in ENGINES for figure in _measure_engine(engine)]


def _measure_engine(engine: str) -> Iterator[Figure]:
    with running_ledger(engine) as url, running_ledger(engine) as other_url:
        few, many = open_ledger(url), open_ledger(other_url)
        add_meetings(few, FEW)
        add_meetings(many, MANY)
        days = [find_day(FEW // BY_DAY // 2), find_day(MANY // BY_DAY // 2)]
        yield from _compare(f"{engine}, the newest", few, many, [{}, {}])
        yield from _compare(f"{engine}, of a day", few, many, [{"day": day} for day in days])
        close_ledgers()


def _compare(
    case: str, few: Ledger, many: Ledger, queries: Sequence[dict[str, str]]
) -> Iterator[Figure]:
    """The same page of both ledgers, in turn; of three runs the median counts."""
    runs = [_run(few, many, queries) for _ in range(RUNS)]
    for what, place in (("p50", 49), ("p99", 98)):
        small, large = ([run[size][place] for run in runs] for size in (0, 1))
        growth = median(many_ms / few_ms for few_ms, many_ms in zip(small, large, strict=True))
        yield Figure(case, f"{what}, {FEW} sessions", median(small), "ms")
        yield Figure(case, f"{what}, {MANY:,} sessions", median(large), "ms")
        yield Figure(case, f"{what}, {MANY:,} by {FEW}", growth, "", MOST_GROWTH)


def _run(few: Ledger, many: Ledger, queries: Sequence[dict[str, str]]) -> list[list[float]]:
    """The percentiles of each ledger's page, in ms."""
    took_ms: tuple[list[float], list[float]] = ([], [])
    for _ in range(WARM + ROUNDS):
        for ledger, query, times in zip((few, many), queries, took_ms, strict=True):
            times.append(_time_page(ledger, query))
    return [quantiles(times[WARM:], n=100) for times in took_ms]


def _time_page(ledger: Ledger, query: dict[str, str]) -> float:
    """How long a page takes, from the query to its text, in ms."""
    started_s = time.perf_counter()
    document = find_meetings(SDK_APP_ID, read_search(query), SETTINGS, NOW_MS, ledger)
    encode(document)
    took_ms = (time.perf_counter() - started_s) * 1000
    assert len(document["meetings"]) == document["scanned"] == 50  # noqa: S101  whole pages of both
    return took_ms
