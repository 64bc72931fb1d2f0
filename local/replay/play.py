"""The playing itself: which callback when, how many at once, and what came back."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local.printable import make_printable
from local.replay.records import Record, read_object

DEFAULT_STATUS = 200

# Delivers one callback and returns the HTTP status of the answer; raises NoAnswerError.
Send = Callable[[Record], int]


class NoAnswerError(Exception):
    """A callback was sent, or could not be, and no HTTP status came back."""


@dataclass(frozen=True)
class Outcome:
    """What came of one delivery; `got` is a status, or says why there is none."""

    record: Record
    got: int | str
    expected: int

    @property
    def is_expected(self) -> bool:
        """Whether the answer was the one that was expected."""
        return self.got == self.expected

    def describe(self) -> str:
        """One line: where the callback stands, what it is, what was answered instead of what."""
        envelope = read_object(self.record.body)
        room = self.record.event.get("RoomId", "?")
        event = f"event {envelope.get('EventType', '?')}, room {room}"
        return make_printable(
            f"{self.record.place}: {event}: got {self.got}, expected {self.expected}"
        )


def plan_order(
    records: Sequence[Record], *, duplicates: int = 1, shuffle: bool = False, seed: int = 0
) -> list[Record]:
    """Every record `duplicates` times in a row, or all of them in the order that `seed` gives."""
    order = [record for record in records for _ in range(duplicates)]
    if shuffle:
        random.Random(seed).shuffle(order)  # noqa: S311  an order to test with, not a secret
    return order


def play(
    order: Sequence[Record],
    send: Send,
    notice: Callable[[Outcome], None],
    *,
    expect: int = DEFAULT_STATUS,
    rate: float | None = None,
    concurrency: int = 1,
) -> list[Outcome]:
    """Send everything in order, at most `rate` a second and `concurrency` at a time.

    `expect` is the status of records that name none. `notice` is told each outcome as it comes,
    one at a time.
    """
    one_at_a_time, places = threading.Lock(), threading.BoundedSemaphore(concurrency)

    def deliver(record: Record) -> Outcome:
        try:
            outcome = _deliver(record, send, expect)
        finally:
            places.release()
        with one_at_a_time:
            notice(outcome)
        return outcome

    paced = _pace(order, rate, places)
    if concurrency == 1:
        return [deliver(record) for record in paced]
    with ThreadPoolExecutor(concurrency) as pool:
        return list(pool.map(deliver, paced))


def _pace(
    order: Sequence[Record], rate: float | None, places: threading.Semaphore
) -> Iterator[Record]:
    """Each record when a place is free and its time has come; time lost is not made up for."""
    gap_s = 1 / rate if rate else 0.0
    due_s = time.monotonic()
    for record in order:
        places.acquire()
        now_s = time.monotonic()
        if due_s > now_s:
            time.sleep(due_s - now_s)
        yield record
        due_s = max(due_s, now_s) + gap_s


def _deliver(record: Record, send: Send, expect: int) -> Outcome:
    expected = expect if record.expected is None else record.expected
    try:
        return Outcome(record, send(record), expected)
    except NoAnswerError as error:
        return Outcome(record, f"no answer ({error})", expected)
