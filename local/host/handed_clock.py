"""A manual clock as one instance has it: told with every message, asked to wake those who sleep."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from local.cloud.clock import ManualClock, Timer


class HandedClock:
    """What the host keeps of an instance whose time is manual_time.py; `send` writes to it."""

    def __init__(self, clock: ManualClock, send: Callable[[Mapping[str, object]], None]) -> None:
        self._clock = clock
        self._send = send
        self._sent = 0
        self._wake: Timer | None = None

    @property
    def is_asleep(self) -> bool:
        """Whether everything in there waits for the clock."""
        return self._wake is not None

    def send(self, message: Mapping[str, object]) -> None:
        """Send a message with the time; whoever gets one is awake."""
        self.cancel()
        self._sent += 1
        self._send({**message, "now_ms": self._clock.now_ms()})

    def fall_asleep(self, until_ms: int, heard: int) -> None:
        """The instance sleeps, unless a message is on its way that it has not heard."""
        if heard != self._sent:
            return
        if until_ms <= self._clock.now_ms():
            self.send({})
        else:
            self._wake = self._clock.call_at(until_ms, lambda: self.send({}))

    def cancel(self) -> None:
        """Do not wake it any more."""
        if self._wake:
            self._wake.cancel()
            self._wake = None
