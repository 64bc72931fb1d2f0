"""What a finished meeting costs: bytes of Redis once the archive has it, and ms to read it from there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles

from benchmarks.figures import Figure
from benchmarks.finished.meetings import Place, fill
from benchmarks.finished.reading import Reader
from benchmarks.ledgers import running_ledger

ABOUT = (
    "a finished meeting: Redis that it takes, and the time to read it from an archive 20 ms away"
)
SESSIONS, SENTENCES = 1_000, 20  # an hour each; what was said leaves, however much it is
LONG_SENTENCES = 5_000  # of three hours, in two languages
REQUESTS = 200
MOST_BYTES, MOST_MS = 2_048, 150.0


def run() -> Sequence[Figure]:
    """On Redis, with a folder as the archive; reading it with the latency of object storage."""
    return [*_measure_memory(), *_measure_reading()]


def _measure_memory() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, running_ledger("redis") as url:
        place = Place(url, Path(folder))
        before = place.count_bytes()
        sessions = fill(place, SESSIONS, SENTENCES)
        full = place.count_bytes()
        place.deliver()
        archived = place.count_bytes()
        case = f"{len(sessions):,} meetings of an hour"
        yield Figure(case, "as they end", (full - before) / SESSIONS, "bytes each")
        yield Figure(case, "in the archive", (archived - before) / SESSIONS, "bytes", MOST_BYTES)


def _measure_reading() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, running_ledger("redis") as url:
        place = Place(url, Path(folder))
        (session,) = fill(place, 1, LONG_SENTENCES, languages=("zh",))
        place.deliver()
        reader = Reader(place, session)
        for form in ("", ".json"):
            times_ms = [reader.read(form) for _ in range(REQUESTS)]
            case = f"{form or 'page'}, {LONG_SENTENCES:,} sentences in two languages"
            yield Figure(case, "p50", median(times_ms), "ms")
            yield Figure(case, "p99", quantiles(times_ms, n=100)[-1], "ms", MOST_MS)
        calls = reader.storage_calls
        reader.read(".json", if_none_match=reader.etag)
        yield Figure("304", "calls to the archive", reader.storage_calls - calls, "", 0)
