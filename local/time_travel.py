"""A manual clock moved on step by step: whatever is due happens at its time, and ends before the next."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.cloud.app import Cloud
from local.cloud.arguments import Arguments, read_arguments
from local.cloud.clock import Clock, ManualClock
from local.cloud.errors import RefusedError
from local.host.app import Host

LOOK_AGAIN_S = 0.02
MAX_ADVANCE_S = 366 * 24 * 3600

# Waits until nothing happens that does not wait for the clock.
Settle = Callable[[], Awaitable[object]]


async def advance(clock: ManualClock, ms: int, settle: Settle, step_ms: int | None = None) -> None:
    """Move on by `ms`, stopping at every timer to let all that it sets off come to its end.

    With `step_ms`, stop only at multiples of it, after all timers of that step: faster, coarser.
    """
    target_ms = clock.now_ms() + ms
    await settle()
    while (due_ms := clock.next_ms()) is not None and due_ms <= target_ms:
        stop_ms = -(-due_ms // step_ms) * step_ms if step_ms else due_ms
        clock.advance(max(0, min(stop_ms, target_ms) - clock.now_ms()))
        await settle()
    clock.advance(target_ms - clock.now_ms())
    await settle()


async def settle_both(cloud: Cloud, host: Host) -> None:
    """Wait until no function runs and no callback is on its way, both at the same time.

    A callback whose run sleeps on the clock, or waits for an instance that does, has arrived.
    """
    while True:
        await host.settle()
        if cloud.callbacks_on_their_way <= host.url_runs:
            return
        # No longer, because a run may fall asleep meanwhile.
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(cloud.settle(), LOOK_AGAIN_S)


class ClockRoutes:
    """`/_local/clock`: what time it is, and on a manual clock the way to move it."""

    def __init__(self, clock: Clock, settle: Settle) -> None:
        self._clock = clock
        self._settle = settle
        self._moving = asyncio.Lock()

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/_local/clock", self._show, methods=["GET"]),
            Route("/_local/clock", self._move, methods=["POST"]),
        ]

    async def _show(self, _request: Request) -> Response:
        manual = isinstance(self._clock, ManualClock)
        return JSONResponse({"now_ms": self._clock.now_ms(), "manual": manual})

    async def _move(self, request: Request) -> Response:
        try:
            await self._advance(request)
        except RefusedError as refused:
            return JSONResponse({"error": refused.sentence}, refused.status)
        return JSONResponse({"now_ms": self._clock.now_ms()})

    async def _advance(self, request: Request) -> None:
        arguments = await read_arguments(request)
        if not isinstance(self._clock, ManualClock):
            raise RefusedError(409, "this is the system's clock; --clock manual gives one to move")
        advance_s = _read_seconds(arguments, "advance_s")
        step_s = _read_seconds(arguments, "step_s")
        if advance_s is None:
            raise RefusedError(400, "advance_s is missing: by how many seconds to move the clock")
        step_ms = None if step_s is None else step_s * 1000
        async with self._moving:
            await advance(self._clock, advance_s * 1000, self._settle, step_ms)


def _read_seconds(arguments: Arguments, name: str) -> int | None:
    seconds = arguments.read_integer(name)
    if seconds is not None and not 0 < seconds <= MAX_ADVANCE_S:
        raise RefusedError(400, f"{name} must be from 1 to {MAX_ADVANCE_S}, which is a year")
    return seconds
