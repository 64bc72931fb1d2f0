"""Waits of a server for the emulator's clock, while a client waits for its answer."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager

from local.cloud.clock import Clock

# Around a wait for the clock: whoever moves a manual clock must not wait for what waits for it.
Holding = Callable[[], AbstractContextManager[object]]


async def wait_for_clock(clock: Clock, ms: int, holding: Holding) -> None:
    """Let `ms` pass on the clock."""
    over = asyncio.get_running_loop().create_future()
    with contextlib.ExitStack() as held:
        held.enter_context(holding())

        def end() -> None:
            held.close()  # at once, so that the clock waits for what the client does next
            if not over.done():
                over.set_result(None)

        timer = clock.call_at(clock.now_ms() + ms, end)
        held.callback(timer.cancel)
        await over
