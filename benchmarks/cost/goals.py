"""What was measured, in figures, and which goals it meets; the goals are for SCF's Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median, quantiles

from benchmarks.cost.contenders import (
    CREATED,
    CREATED_REDIS,
    DOCUMENTS,
    DOCUMENTS_BARE,
    IGNORED,
    KEPT,
    SENTENCE,
    SENTENCE_REDIS,
    Contender,
)
from benchmarks.cost.deployment import Deployment
from benchmarks.cost.running import Run
from benchmarks.figures import Figure

Runs = dict[Contender, list[Run]]
Ratio = tuple[Contender, str, Contender, float]

COLD: tuple[Ratio, ...] = (
    (CREATED, "cold", DOCUMENTS_BARE, 0.50),
    (CREATED, "cold", KEPT, 1.0),
    (IGNORED, "cold", DOCUMENTS_BARE, 0.33),
)
WARM: tuple[Ratio, ...] = (
    (CREATED, "warm", DOCUMENTS, 0.05),
    (CREATED, "warm", KEPT, 1.1),
)
PEAK_MIB = ((CREATED, 40.0), (SENTENCE, 40.0), (CREATED_REDIS, 48.0), (SENTENCE_REDIS, 48.0))
MOST_MB, MOST_MB_REDIS = 2.5, 4.0


def describe_runs(runs: Runs, version: str) -> Iterator[Figure]:
    """Everybody's medians."""
    for contender, own in runs.items():
        case = f"Python {version} · {contender.name}"
        warm_s = sorted(took_s for run in own for took_s in run.warm_s)
        yield Figure(case, "cold", 1e3 * median(run.cold_s for run in own), "ms")
        yield Figure(case, "warm p50", 1e6 * median(warm_s), "µs")
        yield Figure(case, "warm p99", 1e6 * quantiles(warm_s, n=100)[98], "µs")
        yield Figure(case, "CPU", 1e6 * median(run.cpu_s for run in own), "µs")
        yield Figure(case, "peak", max(run.peak_kib for run in own) / 1024, "MiB")


def judge_runs(runs: Runs) -> Iterator[Figure]:
    """Our figures by the peers' of the same run, and the memory that SCF's smallest tier has."""
    for ratios, read in ((COLD, read_cold), (WARM, read_warm)):
        for ours, what, peer, most in ratios:
            ratio = compare_rounds(runs[ours], runs[peer], read)
            yield Figure(ours.name, f"{what}, by {peer.name}", ratio, "", most)
    for ours, most in PEAK_MIB:
        peak_mib = max(run.peak_kib for run in runs[ours]) / 1024
        yield Figure(ours.name, "peak memory", peak_mib, "MiB", most)


def compare_rounds(
    ours: Sequence[Run], peers: Sequence[Run], read: Callable[[Run], float]
) -> float:
    """The median of the rounds' ratios: what slows a whole round down slows both."""
    return median(read(own) / read(peer) for own, peer in zip(ours, peers, strict=True))


def describe_sizes(deployment: Deployment) -> Iterator[Figure]:
    """The package as it is uploaded, in millions of bytes."""
    without, whole = deployment.archive_without_redis, deployment.archive
    yield Figure("package", "zipped, without Redis", len(without) / 1e6, "MB", MOST_MB)
    yield Figure("package", "zipped, with Redis", len(whole) / 1e6, "MB", MOST_MB_REDIS)


def read_cold(run: Run) -> float:
    """Exec to first answer, in seconds."""
    return run.cold_s


def read_warm(run: Run) -> float:
    """An answer after the first, in seconds."""
    return median(run.warm_s)
