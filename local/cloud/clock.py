"""The emulator's time: every deadline, window and timestamp goes through one of these clocks."""

import asyncio
import heapq
import time
from collections.abc import Callable
from itertools import count
from typing import Protocol


class Timer(Protocol):
    """A callback that waits for its time."""

    def cancel(self) -> None:
        """Forget the callback; harmless once it ran."""


class Clock(Protocol):
    """What the emulator asks of time."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Timer:
        """Run the callback once `when_ms` has come; a time already past means as soon as possible."""


class SystemClock:
    """Real time on the running asyncio loop; steps of the machine's clock do not reach it."""

    def __init__(self) -> None:
        self._offset_s = time.time() - time.monotonic()

    def now_ms(self) -> int:
        return int((time.monotonic() + self._offset_s) * 1000)

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Timer:
        delay_s = when_ms / 1000 - time.monotonic() - self._offset_s
        return asyncio.get_running_loop().call_later(max(0.0, delay_s), callback)


class ManualClock:
    """Time that stands still until `advance` moves it; due callbacks run in order, inside `advance`."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self._now_ms = now_ms
        self._order = count()
        self._waiting: list[tuple[int, int, ManualTimer]] = []
        self._watchers: list[Callable[[], None]] = []

    def now_ms(self) -> int:
        return self._now_ms

    def call_at(self, when_ms: int, callback: Callable[[], None]) -> Timer:
        timer = ManualTimer(callback)
        heapq.heappush(self._waiting, (when_ms, next(self._order), timer))
        return timer

    def next_ms(self) -> int | None:
        """When the earliest callback is due, which may be past already; None when none waits."""
        while self._waiting and not self._waiting[0][2].is_waiting:
            heapq.heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else None

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` after each movement, before what is due then."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call it no more."""
        self._watchers.remove(watcher)

    def advance(self, ms: int) -> None:
        """Move on by `ms`, stopping at every timer on the way."""
        target_ms = self._now_ms + ms
        while (when_ms := self.next_ms()) is not None and when_ms <= target_ms:
            self._move_to(when_ms)
            heapq.heappop(self._waiting)[2].run()
        self._move_to(target_ms)

    def _move_to(self, now_ms: int) -> None:
        if now_ms > self._now_ms:
            self._now_ms = now_ms
            for watcher in self._watchers:
                watcher()


class ManualTimer:
    """A callback on a ManualClock."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be called back."""
        return self._callback is not None

    def cancel(self) -> None:
        self._callback = None

    def run(self) -> None:
        """Call back, unless cancelled."""
        if self._callback is not None:
            self._callback()
