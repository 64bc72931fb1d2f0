"""Changes take a while: Creating, Updating or Publishing, then Active or failed."""

from __future__ import annotations

import functools
from collections.abc import Callable

from local.cloud.clock import Clock, Timer
from local.cloud.faults.kinds import FunctionFault
from local.scf.functions import Build, Function, Published, Reason

Strike = Callable[[str], list[FunctionFault]]
Judge = Callable[[Build], Reason | None]


class Settling:
    """Carries changes out on the clock, unless `judge` has something against the build.

    `settled` is called with each function that then runs anew.
    """

    def __init__(
        self,
        clock: Clock,
        strike: Strike,
        judge: Judge,
        settling_ms: int,
        settled: Callable[[Function], None],
    ) -> None:
        self._clock = clock
        self._strike = strike
        self._judge = judge
        self._settling_ms = settling_ms
        self._settled = settled
        self._timers: dict[str, Timer] = {}

    def begin(self, function: Function, build: Build, published: Published | None = None) -> None:
        """A function is to become something else, or to have one more version."""
        function.status = "Updating" if function.running else "Creating"
        if published:
            function.status = "Publishing"
        function.build = build
        function.reason = None
        function.modified_ms = self._clock.now_ms()
        faults = self._strike(function.name)
        failure = next((fault for fault in faults if fault.what == "fail"), None)
        slow_ms = sum(fault.ms or 0 for fault in faults if fault.what == "slow")
        reason = Reason(failure.reason_code, failure.reason) if failure else None
        when_ms = function.modified_ms + self._settling_ms + slow_ms
        end = functools.partial(self._end, function, reason, published)
        self._timers[function.name] = self._clock.call_at(when_ms, end)

    def forget(self, function: Function) -> None:
        """It is no more."""
        timer = self._timers.pop(function.name, None)
        if timer:
            timer.cancel()

    def close(self) -> None:
        """Carry nothing out any more."""
        for timer in self._timers.values():
            timer.cancel()

    def _end(self, function: Function, reason: Reason | None, published: Published | None) -> None:
        self._timers.pop(function.name, None)
        function.reason = self._judge(function.build) or reason
        if function.reason:
            function.status = "UpdateFailed" if function.running else "CreateFailed"
            if published:
                function.status = "PublishFailed"
            return
        function.status = "Active"
        if published:
            function.versions.append(published)
            return
        function.running = function.build
        self._settled(function)
