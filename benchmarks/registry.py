"""The benchmarks there are, in the order in which they run."""

from __future__ import annotations

from benchmarks import (
    burst,
    cost,
    crowd,
    finished,
    fleet,
    growth,
    ingest,
    meetings,
    strangers,
    viewers,
)
from benchmarks.figures import Benchmark

BENCHMARKS = (
    Benchmark("cost", cost.ABOUT, cost.run),
    Benchmark("growth", growth.ABOUT, growth.run),
    Benchmark("burst", burst.ABOUT, burst.run),
    Benchmark("crowd", crowd.ABOUT, crowd.run),
    Benchmark("finished", finished.ABOUT, finished.run),
    Benchmark("ingest", ingest.ABOUT, ingest.run, ingest.run_full),
    Benchmark("strangers", strangers.ABOUT, strangers.run),
    Benchmark("viewers", viewers.ABOUT, viewers.run),
    Benchmark("meetings", meetings.ABOUT, meetings.run),
    Benchmark("fleet", fleet.ABOUT, fleet.run),
)
