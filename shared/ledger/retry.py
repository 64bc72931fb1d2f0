"""Trying again while others are at the same thing, for a while."""

from __future__ import annotations

import random
import select
import time
from collections.abc import Iterator


def take_turns(patience_s: float, longest_pause_s: float) -> Iterator[None]:
    """One turn after another while there is time, at least two, with a little chance between them.

    Who was kept waiting in the first, and found that a rival had been quicker, has the second. It is others
    that are waited for, so this is real time, also where `time.sleep` follows a clock that somebody
    moves by hand.
    """
    deadline_s = time.monotonic() + patience_s
    yield
    yield
    while time.monotonic() < deadline_s:
        yield
        select.select([], [], [], random.uniform(0, longest_pause_s))  # noqa: S311  spreads rivals
