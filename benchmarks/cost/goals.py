"""What was measured, in figures, and which goals it meets; the goals are for SCF's Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from benchmarks.cost.contenders import (
    CREATED,
    CREATED_REDIS,
    DOCUMENTS_BARE,
    IGNORED,
    KEPT,
    SENTENCE,
    SENTENCE_REDIS,
    Contender,
)
from benchmarks.cost.deployment import Deployment
from benchmarks.cost.running import Run
from benchmarks.cost.turns import Turns, read_p99
from benchmarks.figures import Figure

Runs = dict[Contender, list[Run]]
Ratio = tuple[Contender, Contender, float]

COLD: tuple[Ratio, ...] = (
    (CREATED, DOCUMENTS_BARE, 0.50),
    (IGNORED, DOCUMENTS_BARE, 0.33),
)
COLD_IN_TURN = ((KEPT, 0.70), (DOCUMENTS_BARE, 0.33))  # a room created on SQLite, by these
WARM_IN_TURN = ((CREATED, 1.0), (CREATED_REDIS, 2.0))  # a room created, by (b)
MOST_TAIL = 4.0  # p99 by p50, on SQLite
PEAK_MIB = ((CREATED, 40.0), (SENTENCE, 40.0), (CREATED_REDIS, 48.0), (SENTENCE_REDIS, 48.0))
MOST_MB, MOST_MB_REDIS = 2.5, 4.0


def describe_runs(runs: Runs, version: str) -> Iterator[Figure]:
    """Everybody's medians."""
    for contender, own in runs.items():
        case = f"Python {version} · {contender.name}"
        warm_s = sorted(took_s for run in own for took_s in run.warm_s)
        yield Figure(case, "cold", 1e3 * median(run.cold_s for run in own), "ms")
        yield Figure(case, "warm p50", 1e6 * median(warm_s), "µs")
        yield Figure(case, "warm p99", 1e6 * read_p99(warm_s), "µs")
        yield Figure(case, "CPU", 1e6 * median(run.cpu_s for run in own), "µs")
        yield Figure(case, "peak", max(run.peak_kib for run in own) / 1024, "MiB")


def judge_runs(runs: Runs) -> Iterator[Figure]:
    """Our figures by the peers' of the same run, and the memory that SCF's smallest tier has."""
    for ours, peer, most in COLD:
        yield Figure(ours.name, f"cold, by {peer.name}", compare_cold(runs, ours, peer), "", most)
    for ours, most in PEAK_MIB:
        peak_mib = max(run.peak_kib for run in runs[ours]) / 1024
        yield Figure(ours.name, "peak memory", peak_mib, "MiB", most)


def compare_cold(runs: Runs, ours: Contender, peer: Contender) -> float:
    """The median of the rounds' ratios: what slows a whole round down slows both."""
    rounds = zip(runs[ours], runs[peer], strict=True)
    return median(own.cold_s / other.cold_s for own, other in rounds)


def judge_cold(runs: Sequence[Runs]) -> Iterator[Figure]:
    """A cold room created by the peers in turn with it; the median: two of three have to meet the goal."""
    for peer, most in COLD_IN_TURN:
        ratio = median(compare_cold(rounds, CREATED, peer) for rounds in runs)
        yield Figure(CREATED.name, f"cold in turn, by {peer.name}", ratio, "", most)


def judge_warm(turns: Mapping[Contender, Sequence[Turns]]) -> Iterator[Figure]:
    """A warm room created by (b) in turn with it, and how much longer its slowest events take."""
    for ours, most in WARM_IN_TURN:
        ratio = median(run.ratio for run in turns[ours])
        yield Figure(ours.name, f"warm p50 in turn, by {KEPT.name}", ratio, "", most)
    tail = median(run.tail for run in turns[CREATED])
    yield Figure(CREATED.name, "warm p99 in turn, by its p50", tail, "", MOST_TAIL)


def describe_turns(turns: Mapping[Contender, Sequence[Turns]], version: str) -> Iterator[Figure]:
    """The medians of the runs, of both who took turns."""
    for ours, runs in turns.items():
        ours_s, peer_s = [run.ours_s for run in runs], [run.peer_s for run in runs]
        yield from _describe_warm(f"Python {version} · {ours.name}, in turn with (b)", ours_s)
        yield from _describe_warm(f"Python {version} · (b), in turn with {ours.engine}", peer_s)


def _describe_warm(case: str, runs: Sequence[Sequence[float]]) -> Iterator[Figure]:
    yield Figure(case, "warm p50", 1e6 * median(map(median, runs)), "µs")
    yield Figure(case, "warm p99", 1e6 * median(map(read_p99, runs)), "µs")


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
