"""Machines that die: instances at any time, `deliver` between any two of its steps, Redis with all it has."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

from benchmarks.chaos.history import History
from local.cloud.clock import Clock
from local.host.app import Host
from local.redis_server import RedisServer

REDIS_AWAY_MS = 4_000
DELIVER_STEPS = ("cos.put", "cos.get", "cos.deleted", "event.received")
DELIVER_RATE = 0.1  # of these, so often `deliver` dies, when it has not for some time:
DELIVER_PAUSE_MS = 120_000  # two of its leases, or it would get nothing done
WITHIN_S = 0.03  # of real time, because its next step comes while the clock stands still


def plan_losses(seed: int, every_ms: int, last_ms: int, kills_every_ms: int) -> Iterator[int]:
    """When the whole Redis is lost, in ms from the beginning, while rooms have a quarter of the time left."""
    chance = random.Random(f"losses of {seed}")  # noqa: S311  its own: others draw as without losses
    at_ms = 0
    while True:
        at_ms += chance.randrange(every_ms * 3 // 4, every_ms * 5 // 4) // 1000 * 1000
        if (at_ms + REDIS_AWAY_MS) % kills_every_ms <= 2 * REDIS_AWAY_MS:
            at_ms += 4 * REDIS_AWAY_MS  # one trouble of Redis at a time
        if at_ms >= last_ms * 3 // 4:
            return
        yield at_ms


class Machines:
    """Kills what runs the functions, until the faults are over; times in ms of the emulator's clock."""

    def __init__(self, host: Host, clock: Clock, chance: random.Random, history: History) -> None:
        self._host, self._clock, self._chance, self._history = host, clock, chance, history
        self._spared_until_ms = 0

    def plan_kill(self, every_ms: int) -> None:
        """A random instance is killed every few seconds, busy or not."""

        def kill() -> None:
            if self._history.faults_end_ms == 0:
                self._history.kills += len(self._host.kill(one_of=self._chance))
                self.plan_kill(every_ms)

        wait_ms = self._chance.randrange(every_ms // 2, every_ms * 3 // 2)
        self._clock.call_at(self._clock.now_ms() + wait_ms, kill)

    def plan_redis(self, redis: RedisServer, every_ms: int) -> None:
        """Redis is killed now and then, and comes back with what it had accepted."""

        def kill() -> None:
            if self._history.faults_end_ms == 0:
                redis.kill()
                self._history.redis_away_ms.append(self._clock.now_ms())
                self._clock.call_at(self._clock.now_ms() + REDIS_AWAY_MS, redis.start)
                self.plan_redis(redis, every_ms)

        self._clock.call_at(self._clock.now_ms() + every_ms, kill)

    def strike_deliver(self, kind: str, _fields: dict[str, Any]) -> None:
        """An entry of the feed: after a step of `deliver` it may die, at once or during the next ones."""
        is_spared = self._clock.now_ms() < self._spared_until_ms or self._history.faults_end_ms
        if kind not in DELIVER_STEPS or is_spared:
            return
        if self._chance.random() < DELIVER_RATE:
            wait_s = self._chance.random() * WITHIN_S
            self._spared_until_ms = self._clock.now_ms() + DELIVER_PAUSE_MS
            asyncio.get_running_loop().call_later(wait_s, self._kill_deliver)

    def _kill_deliver(self) -> None:
        struck = len(self._host.kill("deliver", busy=True))
        self._history.kills += struck
        self._history.deliver_kills += struck
