"""Timer triggers: functions that run at fixed times of the clock."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from local.cloud.clock import Clock, Timer


class TimerTriggers:
    """Calls `fire` with a function's name at each whole multiple of its period, as a cron does."""

    def __init__(
        self, periods_ms: Mapping[str, int], clock: Clock, fire: Callable[[str], None]
    ) -> None:
        self._periods_ms = periods_ms
        self._clock = clock
        self._fire = fire
        self._timers: dict[str, Timer] = {}

    def start(self) -> None:
        """Wait for the first time of each."""
        for name in self._periods_ms:
            self._schedule(name)

    def close(self) -> None:
        """Fire no more."""
        for timer in self._timers.values():
            timer.cancel()

    def _schedule(self, name: str) -> None:
        period_ms = self._periods_ms[name]
        when_ms = (self._clock.now_ms() // period_ms + 1) * period_ms
        self._timers[name] = self._clock.call_at(when_ms, functools.partial(self._run, name))

    def _run(self, name: str) -> None:
        self._schedule(name)
        self._fire(name)
