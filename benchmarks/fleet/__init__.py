"""What it costs to ask how all rooms are, and what was missed, of 10,000 rooms and 100,000 sessions."""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from statistics import quantiles

from benchmarks.figures import Figure
from benchmarks.fleet.fill import add_living
from benchmarks.ledgers import running_ledger
from benchmarks.meetings.fill import SDK_APP_ID, add_meetings
from shared.entry import read_own_settings
from shared.ledger import close_ledgers, open_ledger

ROOMS, SESSIONS = 10_000, 100_000
ABOUT = (
    f"describe_fleet and list_missed at {ROOMS:,} rooms and {SESSIONS:,} sessions, at the handler"
)
ENGINES = ("sqlite", "redis")
REQUESTS, WARM = 500, 5
MOST_MS = 100.0
ASKED: Mapping[str, Mapping[str, object]] = {
    "describe_fleet": {"limit": 100},
    "list_missed": {"since": "24h", "limit": 100},
}
SETTINGS = {
    "TRTC_SDK_APP_ID": str(SDK_APP_ID),
    "TRTC_SDK_SECRET_KEY": "benchmark-sdk-secret",
    "TRTC_CALLBACK_KEY": "benchmarkCallbackKey",
}


def run() -> Sequence[Figure]:
    """Both engines."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "functions"))
    return [figure for engine in ENGINES for figure in _measure_engine(engine)]


def _measure_engine(engine: str) -> Iterator[Figure]:
    with running_ledger(engine) as url:
        ledger = open_ledger(url)
        add_meetings(ledger, SESSIONS)
        add_living(ledger, ROOMS)
        os.environ.update({**SETTINGS, "LEDGER_URL": url})
        read_own_settings.cache_clear()
        for name, event in ASKED.items():
            handler = importlib.import_module(name).main_handler
            times = [_time(handler, event) for _ in range(WARM + REQUESTS)][WARM:]
            p99 = quantiles(times, n=100)[98]
            yield Figure(f"{engine}, {name}", "p50", sorted(times)[REQUESTS // 2], "ms")
            yield Figure(f"{engine}, {name}", f"p99 of {REQUESTS}", p99, "ms", MOST_MS)
        close_ledgers()


def _time(handler: Callable[[object, object], dict[str, object]], event: object) -> float:
    started_s = time.perf_counter()
    with redirect_stdout(StringIO()):
        answer = handler(event, {"request_id": "r", "time_limit_in_ms": 10_000})
    took_ms = (time.perf_counter() - started_s) * 1000
    assert len(answer["rooms"]) >= 100, answer  # type: ignore[arg-type]  # noqa: S101  a whole answer
    return took_ms
