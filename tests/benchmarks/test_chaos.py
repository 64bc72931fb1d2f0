"""A small chaos: a meeting in each position of the switches, with everything going wrong at once."""

from __future__ import annotations

import random
import shutil

import pytest

from benchmarks.chaos.delivery_verdict import judge_delivery
from benchmarks.chaos.history import History
from benchmarks.chaos.plan import MINUTE_MS, Lengths, Meeting, Step, plan_meetings
from benchmarks.chaos.positions import POSITIONS
from benchmarks.chaos.troubles import Ends, list_faults
from benchmarks.chaos.verdict import Judgement, judge
from benchmarks.chaos.world import Pace, play

SEED = 7
LENGTHS = Lengths(shortest_ms=5 * MINUTE_MS, longest_ms=7 * MINUTE_MS, spread_ms=20_000)
PACE = Pace(
    kill_every_ms=30_000,
    redis_every_ms=2 * MINUTE_MS,
    losses_every_ms=4 * MINUTE_MS,
    aftermath_ms=4 * MINUTE_MS,
    far_away_ms=30 * MINUTE_MS,
    deliveries_ms=210 * MINUTE_MS,  # the fifth try of an event comes after at most 171
)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["sqlite", "redis"])
def test_no_room_is_heard_twice_and_what_was_said_is_delivered(engine: str) -> None:
    if engine == "redis" and shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    sdk_app_ids = [position.sdk_app_id for position in POSITIONS]
    chance = random.Random(SEED)  # noqa: S311  repeatable, not secret
    meetings = list(plan_meetings(chance, sdk_app_ids, 1.5, LENGTHS))
    assert {meeting.sdk_app_id for meeting in meetings} == set(sdk_app_ids)
    history = play(engine, meetings, list_faults(SEED), SEED, pace=PACE)
    judgements = judge(history, meetings)
    # In so short a time one lost webhook is more than 1 % of it: that bound is for a thousand hours.
    assert [text for one in judgements for text in one.unexplained] == []
    assert [text for one in judgements for text in one.broken if "alive" in text] == []
    assert history.kills > 0
    assert len(history.lost) == (1 if engine == "redis" else 0)
    assert all(epoch.left.sessions and epoch.told for epoch in history.lost)
    assert sum(one.missing_s for one in judgements) < sum(one.wanted_s for one in judgements) / 5
    struck = {fault["where"] for fault in history.faults if fault["struck"]}
    assert {"api", "callback", "cos", "endpoint"} <= struck
    delivery = judge_delivery(history)
    assert delivery.broken == []
    assert (
        min(delivery.files, delivery.deletions, delivery.events, *delivery.longest_ms.values()) > 0
    )


@pytest.mark.parametrize(("lost", "broken"), [(203, False), (103, True), (None, True)])
def test_share_that_is_missing_is_what_somebody_could_have_seen(
    lost: int | None, broken: bool
) -> None:
    """Nobody could, when the webhook of whoever began to speak is lost; another one's loss is made up for."""
    first, *_ = judge_half_an_hour(lost)
    assert (first.missing_s, first.untold_s) == (1800.0, 0.0 if broken else 1800.0)
    assert ("missing 1.02% of the wanted time" in first.broken) == broken


def test_share_of_all_positions_counts_what_nobody_could_have_seen() -> None:
    *_, last = judge_half_an_hour(203)
    assert last.broken == ["missing 1.02% of the wanted time of all positions"]


@pytest.mark.parametrize(("lost", "broken"), [(203, False), (103, True), (None, True)])
def test_gap_that_somebody_could_have_seen_may_not_be_long(lost: int | None, broken: bool) -> None:
    """When no end of a task is told; a lost 203 would have told that somebody speaks, and nothing else."""
    first, *_ = judge_half_an_hour(lost, "untold")
    assert ("a gap of 1800 s" in first.broken) == broken


def judge_half_an_hour(lost: int | None, ends: Ends = "told") -> list[Judgement]:
    """One room of which half an hour of 49 was missed, in the first position."""
    begin_ms, half_hour_ms = 1_700_000_000_000, 30 * MINUTE_MS
    app = POSITIONS[0].sdk_app_id
    meeting = Meeting(app, "talk-1", 1, 0, 49 * 60 * MINUTE_MS)
    meeting.steps.append(Step(0, "create", "amy"))
    interval = {"kind": "missing", "from_ms": begin_ms, "to_ms": begin_ms + half_hour_ms}
    seconds = {"missing_s": 1800.0, "doubled_s": 0.0, "orphaned_s": 0.0}
    room = {"sdk_app_id": app, "room_id": "talk-1", "intervals": [interval], **seconds}
    strike = {"room_id": "talk-1", "where": "callback", "what": "lose", "at_ms": begin_ms}
    strikes = [{**strike, "event_type": lost}] if lost else []
    history = History(report={"rooms": [room]}, strikes=strikes, begin_ms=begin_ms)
    return judge(history, [meeting], ends)
