"""Time inside an instance whose host moves its clock by hand; standard library only, like instance.py.

`time.time` and `time.time_ns` are what the host said last; `time.sleep` tells the host until when,
and blocks until that time has come. `time.monotonic` stays real, because it measures real I/O, and
so do timeouts (sockets, locks, `Event.wait`) and `datetime.now`, which no Python code can replace:
shared/ bases no decision on it.
"""

import concurrent.futures.thread
import json
import queue
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

LOOKS = 3  # so often, in a row, all other threads must be seen waiting
LOOK_EVERY_S = 0.001
# A thread whose innermost frame is in one of these waits for another thread, not for the world.
WAITING_ROOMS = (concurrent.futures.thread.__file__, queue.__file__, threading.__file__)


class ManualTime:
    """The host's clock as this process knows it, and who sleeps by it."""

    def __init__(self, now_ms: int, send: Callable[[str], None], *, own_file: str) -> None:
        self._now_ms = now_ms
        self._send = send
        self._waiting_rooms = (*WAITING_ROOMS, own_file)
        self._heard = 0
        self._told = False
        self._sleepers: dict[int, int] = {}  # thread → until when, in ms
        self._news = threading.Condition()
        self._sleep_really = time.sleep

    def install(self) -> None:
        """Replace the functions of `time`; to be done before the function is imported."""
        time.time = lambda: self._now_ms / 1000
        time.time_ns = lambda: self._now_ms * 1_000_000
        time.sleep = self.sleep  # type: ignore[assignment]  # the parameter has a name here

    def hear(self, now_ms: int) -> None:
        """The host says what time it is, and takes this process for awake again."""
        with self._news:
            self._now_ms = now_ms
            self._heard += 1
            self._told = False
            self._news.notify_all()

    def sleep(self, seconds: float) -> None:
        """What `time.sleep` does; the host hears of it when no other thread is at work.

        One that waits for a bare lock counts as working: nothing tells it from one that computes.
        """
        if seconds <= 0:
            self._sleep_really(seconds)  # gives way to other threads, or refuses
            return
        me, looks = threading.get_ident(), 0
        with self._news:
            until_ms = self._sleepers[me] = self._now_ms + max(1, round(seconds * 1000))
            try:
                while self._now_ms < until_ms:
                    looks = looks + 1 if self._others_wait(me) else 0
                    # Of two threads, the other one only reads what the host says.
                    if looks and not self._told and (looks >= LOOKS or is_alone()):
                        self._tell()
                    self._news.wait(None if self._told else LOOK_EVERY_S)
            finally:
                del self._sleepers[me]

    def _tell(self) -> None:
        # `heard` lets the host see whether it has said something since.
        until_ms = min(self._sleepers.values())
        self._send(json.dumps({"sleep_until_ms": until_ms, "heard": self._heard}))
        self._told = True

    def _others_wait(self, me: int) -> bool:
        frames = sys._current_frames()  # noqa: SLF001  documented, in spite of its name
        others = [thread.ident for thread in threading.enumerate() if thread.ident != me]
        return all(self._is_waiting(ident, frames.get(ident or 0)) for ident in others)

    def _is_waiting(self, ident: int | None, frame: FrameType | None) -> bool:
        if ident is None or frame is None:
            return False  # it has only just been started
        if ident in self._sleepers:
            return self._now_ms < self._sleepers[ident]
        return frame.f_code.co_filename in self._waiting_rooms


def is_alone() -> bool:
    """Whether the process has no thread but its first, and the one that hears the host."""
    return threading.active_count() == 2
