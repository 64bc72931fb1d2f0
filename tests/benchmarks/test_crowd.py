"""A hundred people enter one room at once, over eight instances, and the benchmark of it judges that."""

from __future__ import annotations

import shutil

import pytest

from benchmarks.crowd import MOST_P99_MS, describe
from benchmarks.crowd.entering import PEOPLE, Entered, running_crowd
from benchmarks.ledgers import running_ledger
from tests.support.redis_servers import need_redis, wait_long

EVERYBODY = {f"person-{number}" for number in range(PEOPLE)}
ALL_WELL = Entered([200] * PEOPLE, [1.0] * PEOPLE, EVERYBODY, starts=1)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", "redis"])
def test_nobody_of_a_crowd_is_lost(engine: str) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    if engine == "redis":
        need_redis()
    with running_ledger(engine) as url, running_crowd(url, wait_long) as crowd:
        entered = crowd.enter_room()
    assert entered.statuses == [200] * PEOPLE
    assert entered.people == EVERYBODY
    assert entered.starts == 1


@pytest.mark.parametrize(
    ("room", "missed"),
    [
        (ALL_WELL, []),
        (ALL_WELL._replace(answers_ms=[2 * MOST_P99_MS] * PEOPLE), ["answer to a 103, p99"]),
        (ALL_WELL._replace(statuses=[200] * (PEOPLE - 1) + [503]), ["answers other than 200"]),
        (ALL_WELL._replace(people=EVERYBODY - {"person-7"}), ["people lost"]),
        (ALL_WELL._replace(starts=0), ["rooms without one task exactly"]),
        (ALL_WELL._replace(starts=2), ["rooms without one task exactly"]),
    ],
)
def test_benchmark_misses_its_goal_when_one_room_of_five_does(
    room: Entered, missed: list[str]
) -> None:
    rooms = [room, room, room, ALL_WELL, ALL_WELL]
    figures = list(describe("sqlite", rooms))
    assert [figure.what for figure in figures if not figure.is_met] == missed
