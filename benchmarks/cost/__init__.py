"""What one event costs, ours and with what people would otherwise write: cold, warm, memory, size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.cost.contenders import CREATED, CREATED_REDIS, DOCUMENTS_BARE, KEPT
from benchmarks.cost.goals import (
    describe_runs,
    describe_sizes,
    describe_turns,
    judge_cold,
    judge_runs,
    judge_warm,
)
from benchmarks.cost.measure import Ground, count_rounds, measure_rounds, prepare_grounds
from benchmarks.cost.turns import take_turns
from benchmarks.figures import Figure
from local.package.dependencies import SCF_PYTHON

ABOUT = "one event: cold, warm, CPU, memory and size, beside what people would otherwise write"
RUNS = 3  # of what is measured in turn
COLD_ROUNDS = 30


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
                yield from _measure_in_turn(ground)
                yield from describe_sizes(deployment)


def _measure_in_turn(ground: Ground) -> Iterator[Figure]:
    """Ours and the peers of the goals alone, so often that the ratios are worth a goal."""
    contenders = (KEPT, DOCUMENTS_BARE, CREATED)
    yield from judge_cold(
        [measure_rounds(ground, COLD_ROUNDS, contenders, 1, 0) for _ in range(RUNS)]
    )
    turns = {
        ours: [take_turns(ground, ours, KEPT) for _ in range(RUNS)]
        for ours in (CREATED, CREATED_REDIS)
    }
    yield from describe_turns(turns, ground.deployment.version)
    yield from judge_warm(turns)
