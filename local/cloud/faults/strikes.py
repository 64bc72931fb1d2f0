"""Which faults struck what, and when: kept for whoever has to explain what happened."""

from collections import deque

from local.cloud.clock import Clock
from local.cloud.faults.plan import Plan, Strike
from local.cloud.feed import Feed

KEPT = 20_000


class Strikes:
    """The latest strikes, each with its `at_ms`; the feed has them as `fault.struck`."""

    def __init__(self, clock: Clock, feed: Feed) -> None:
        self._clock = clock
        self._feed = feed
        self._kept: deque[Strike] = deque(maxlen=KEPT)

    def add(self, strike: Strike) -> None:
        """Note a strike that happens now."""
        self._kept.append({"at_ms": self._clock.now_ms(), **strike})
        self._feed.publish("fault.struck", **strike)

    def list(self) -> list[Strike]:
        """All that are kept, oldest first."""
        return [*self._kept]


def plan_faults(clock: Clock, feed: Feed) -> tuple[Plan, Strikes]:
    """A plan without faults, and where its strikes are noted."""
    strikes = Strikes(clock, feed)
    return Plan(strikes.add, clock.now_ms), strikes
