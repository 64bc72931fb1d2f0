"""One hold of the host for all requests that wait for the clock: only `deliver` sends them, and it is one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from local.cloud.waiting import Holding


class OneHold:
    """Keeps `holding` entered while anybody is in a `with` of it: a run counts as asleep once."""

    def __init__(self, holding: Holding) -> None:
        self._holding = holding
        self._held = contextlib.ExitStack()
        self._count = 0

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Be one of those that wait."""
        self._count += 1
        if self._count == 1:
            self._held.enter_context(self._holding())
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._held.close()
