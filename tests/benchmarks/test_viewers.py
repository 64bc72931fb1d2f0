"""The benchmark of many viewers of one room, small; and what it makes of its figures."""

from __future__ import annotations

import pytest

from benchmarks.ingest.flood import Instances
from benchmarks.ledgers import running_ledger
from benchmarks.viewers import FULL_SHARE, describe_cost, describe_waiting
from benchmarks.viewers.watching import Kind, Watched, watch_all

FEW, WATCHED_S = 5, 6


def test_few_viewers_read_what_is_said() -> None:
    with running_ledger("sqlite") as url, Instances(url, 1) as instances:
        watched = instances.run(watch_all, FEW, WATCHED_S, 3)
    assert FEW <= len(watched.waits_ms) <= FEW * WATCHED_S
    assert {*watched.cpu_ms} == {*Kind}
    assert all(cpu_ms > 0 for cpu_ms in watched.cpu_ms.values())
    assert 0 < watched.share <= 1


def test_figures_are_those_of_what_was_watched() -> None:
    cpu_ms = dict(zip(Kind, (0.1, 0.2, 0.4, 0.05), strict=True))
    watched = Watched(100, [1.0] * 900, cpu_ms, watched_s=10.0, busy_s=4.5)
    waiting = {figure.what: figure.value for figure in describe_waiting("sqlite", watched)}
    assert waiting == {"polls": 90, "answer, p50": 1, "answer, p99": 1, "at work": 45}
    figures = list(describe_cost("sqlite", watched))
    ratios = [figure.value for figure in figures if figure.what == "by the bare handler"]
    assert ratios == pytest.approx([1, 2, 4, 0.5])
    assert figures[-1].value == pytest.approx(FULL_SHARE / 0.005)
