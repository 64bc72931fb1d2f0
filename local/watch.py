"""Follows the live feed, and knows when nothing more is to come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from local.cloud.feed import Entry, Feed

SETTLE_S = 0.5  # without news for so long, all is quiet
DEADLINE_S = 30.0  # for what is still missing when the scenario is over


class Watch:
    """Hands every entry of a feed to `take`, from the first one kept."""

    def __init__(self, feed: Feed, take: Callable[[Entry], None]) -> None:
        self._feed = feed
        self._take = take
        self._news = asyncio.Event()

    async def follow(self) -> int:
        """Until the feed closes; the exit code of a server with nothing else to do, 0."""
        async for entry in self._feed.subscribe(after=0):
            self._take(entry)
            self._news.set()
        return 0

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[asyncio.Task[int]]:
        """Follow while something else runs."""
        task = asyncio.create_task(self.follow())
        try:
            yield task
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def wait_for_quiet(
        self,
        is_complete: Callable[[], bool],
        *,
        settle_s: float = SETTLE_S,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Wait until all is complete and no news comes for `settle_s`; at most `deadline_s`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + deadline_s
        while (left_s := deadline - loop.time()) > 0:
            self._news.clear()
            wait_s = min(settle_s, left_s) if is_complete() else left_s
            try:
                await asyncio.wait_for(self._news.wait(), wait_s)
            except asyncio.TimeoutError:
                return
