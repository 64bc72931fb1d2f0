"""What happens in the local cloud, as a stream that pages, terminals and tests follow."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from itertools import islice

Entry = dict[str, object]

KEPT = 1000


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Feed:
    """Numbered entries `{"seq", "at_ms", "kind", …}`; the last 1000 are kept.

    Publishers and subscribers share one event loop; a subscriber that falls more than 1000 entries
    behind loses the oldest of them.
    """

    def __init__(self, now_ms: Callable[[], int] = _wall_ms) -> None:
        self._now_ms = now_ms
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._last_seq = 0
        self._closed = False
        self._news = asyncio.Event()

    def publish(self, kind: str, **fields: object) -> None:
        """Add an entry and wake every subscriber."""
        self._last_seq += 1
        self._entries.append(
            {"seq": self._last_seq, "at_ms": self._now_ms(), "kind": kind, **fields}
        )
        self._wake()

    @property
    def last_seq(self) -> int:
        """The number of the newest entry, 0 before the first."""
        return self._last_seq

    def recent(self, after: int = 0) -> list[Entry]:
        """The kept entries whose `seq` is greater than `after`, oldest first."""
        first_kept = self._last_seq - len(self._entries) + 1
        return list(islice(self._entries, max(0, after - first_kept + 1), None))

    async def subscribe(self, after: int | None = None) -> AsyncIterator[Entry]:
        """Entries as they come until `close`: from now on, or first the kept ones after `after`."""
        seen = self._last_seq if after is None else min(after, self._last_seq)
        while True:
            news, newest = self._news, self._last_seq
            for entry in self.recent(seen):
                yield entry
            seen = newest
            if self._closed:
                return
            await news.wait()

    def close(self) -> None:
        """End every subscription; entries can still be published and read."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
