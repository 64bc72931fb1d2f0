"""One wait for an instance: for its result and the end of its logs, no longer than it may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from local.cloud.clock import Clock
from local.host.scf_runtime import REASONS, FunctionFailure

LOGS_GRACE_S = 1.0  # a function that closed its stdout never ends its logs

Message = dict[str, Any]  # whatever JSON an instance sends


class Turn:
    """Ends with a message, or with a FunctionFailure; `late` is the status when time is up.

    The limit is one of the host's clock. On a manual clock, which may stand still, an instance must
    not be awake for longer than that in real time, either.
    """

    def __init__(self, clock: Clock, timeout_s: float, late: int, logs_of: str | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s
        self._late = late
        self._logs_of = logs_of.encode() if logs_of else None  # whose logs have not ended yet
        self._message: Message | None = None
        self._outcome: asyncio.Future[Message] = self._loop.create_future()
        deadline_ms = clock.now_ms() + int(timeout_s * 1000)
        self._deadline = clock.call_at(deadline_ms, self._expire)
        self._timers: dict[str, asyncio.TimerHandle] = {}

    async def wait(self) -> Message:
        """What the instance answered; raise FunctionFailure."""
        try:
            return await self._outcome
        finally:
            self._deadline.cancel()
            for timer in self._timers.values():
                timer.cancel()

    def take(self, message: Message) -> None:
        """The result has come; whoever gets it finds the log lines already published."""
        self._message = message
        if self._logs_of is None:
            self._end()
        else:
            self._start("logs", LOGS_GRACE_S, self._end)

    def end_logs(self, request_id: bytes) -> None:
        """The logs of that run have come whole."""
        if request_id == self._logs_of:
            self._logs_of = None
            if self._message is not None:
                self._end()

    def fail(self, failure: FunctionFailure) -> None:
        """There will be no result."""
        if not self._outcome.done():
            self._outcome.set_exception(failure)

    def wake(self) -> None:
        """On a manual clock the instance is awake, from now on."""
        self.pause()
        self._start("awake", self._timeout_s, self._expire)

    def pause(self) -> None:
        """It is asleep: only the clock counts."""
        if timer := self._timers.pop("awake", None):
            timer.cancel()

    def _start(self, name: str, delay_s: float, callback: Callable[[], None]) -> None:
        self._timers[name] = self._loop.call_later(delay_s, callback)

    def _expire(self) -> None:
        reason = f"{REASONS[self._late]} after {self._timeout_s:g} s"
        self.fail(FunctionFailure(self._late, reason=reason))

    def _end(self) -> None:
        if not self._outcome.done() and self._message is not None:
            self._outcome.set_result(self._message)
