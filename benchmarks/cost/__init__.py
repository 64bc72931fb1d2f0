"""What one event costs, ours and with what people would otherwise write: cold, warm, memory, size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.cost.goals import describe_runs, describe_sizes, judge_runs
from benchmarks.cost.measure import count_rounds, measure_rounds, prepare_grounds
from benchmarks.figures import Figure
from local.package.dependencies import SCF_PYTHON

ABOUT = "one event: cold, warm, CPU, memory and size, beside what people would otherwise write"


def run() -> Sequence[Figure]:
    """SCF's Python, which the goals are for, and the newest one for comparison."""
    return list(_measure())


def _measure() -> Iterator[Figure]:
    with prepare_grounds() as grounds:
        for ground in grounds:
            deployment = ground.deployment
            on_scf = deployment.version == SCF_PYTHON
            runs = measure_rounds(ground, count_rounds(on_scf=on_scf))
            yield from describe_runs(runs, deployment.version)
            if on_scf:
                yield from judge_runs(runs)
                yield from describe_sizes(deployment)
