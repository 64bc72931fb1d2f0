"""The benchmarks there are, in the order in which they run."""

from __future__ import annotations

from benchmarks import burst, ingest
from benchmarks.figures import Benchmark

BENCHMARKS = (
    Benchmark("burst", burst.ABOUT, burst.run),
    Benchmark("ingest", ingest.ABOUT, ingest.run, ingest.run_full),
)
