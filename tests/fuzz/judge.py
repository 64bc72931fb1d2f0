"""An input that takes too long is a failure, too: by the processor's time, whatever else the machine does."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_S = 1.0


class HangError(Exception):
    """One input took more of the processor's time than it may."""


def judge(run: Callable[[bytes], None], longest_s: float = LONGEST_S) -> Callable[[bytes], None]:
    """The same run, which raises HangError for an input that took longer than `longest_s` seconds."""

    def judged(data: bytes) -> None:
        began_s = time.thread_time()
        run(data)
        took_s = time.thread_time() - began_s
        if took_s > longest_s:
            raise HangError(f"{len(data)} bytes took {took_s:.1f} s")

    return judged
