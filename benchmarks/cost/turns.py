"""Warm events of two contenders in turn, event by event: what slows the machine slows both."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks.cost.contenders import Contender
from benchmarks.cost.measure import Ground
from benchmarks.cost.running import Instance

EVENTS = 2_000  # of each instance, after the one it starts with
# The limiter keeps the times of as many starts as it allows in a second, and rewrites them with each start.
# So at most 200 events come in a second, and little more are allowed.
TURN_S = 0.005
SETTINGS = {"STARTS_PER_S_CLOUD": "250", "TASK_QUOTA": "1000000"}


class Turns(NamedTuple):
    """What each event took two contenders, in seconds."""

    ours_s: Sequence[float]
    peer_s: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of ours by the median of the peer."""
        return median(self.ours_s) / median(self.peer_s)

    @property
    def tail(self) -> float:
        """The 99th percentile of ours by the median of ours."""
        return read_p99(self.ours_s) / median(self.ours_s)


def take_turns(ground: Ground, ours: Contender, peer: Contender, events: int = EVENTS) -> Turns:
    """One instance of each, and one new room after another that both are told of.

    Raises WrongAnswerError unless every room of either instance reached the API once.
    """
    ground.begin_round()
    with (
        ground.start(ours, events + 1, SETTINGS) as own,
        ground.start(peer, events + 1) as other,
    ):
        instances = (own, other)
        pairs = [_take_turn(instances, number) for number in range(events + 1)]
        ground.check_calls(own, 2 * len(pairs))
        for instance in instances:
            instance.finish()
    ours_s, peer_s = zip(*pairs[1:], strict=True)
    return Turns(ours_s, peer_s)


def _take_turn(instances: Sequence[Instance], number: int) -> list[float]:
    """What the room of that number takes each of the instances, in seconds."""
    ends_s = time.perf_counter() + TURN_S
    took_s = [one.ask(one.contender.write_event(number)).took_s for one in instances]
    time.sleep(max(0.0, ends_s - time.perf_counter()))
    return took_s


def read_p99(values: Sequence[float]) -> float:
    """The 99th percentile."""
    return quantiles(values, n=100)[98]
