"""Fills a ledger with rooms that live: most run, some wait, failed, are silent or held; some were missed."""

from __future__ import annotations

import time

from msgspec.structs import replace

from benchmarks.meetings.fill import PIECE, RULE, SDK_APP_ID
from shared.ledger import Ledger, RoomBook, Task, TaskId, Timing
from shared.ledger.document import DOCUMENTS, Half
from shared.ledger.engine import Put, Write
from shared.ledger.layout import RoomKeys, list_writes
from shared.ledger.task import Hearing, Trouble
from shared.room import Room

MINUTE_MS = 60_000


def add_living(ledger: Ledger, count: int) -> None:
    """That many rooms, all open; laid down as a change of each lays it down."""
    now_ms = time.time_ns() // 1_000_000
    engine, tag = ledger.engine, str(SDK_APP_ID)
    for first in range(0, count, PIECE):
        writes: list[Write] = []
        for number in range(first, min(first + PIECE, count)):
            writes += _list_writes(number, now_ms)
        with engine.changing():
            engine.swap(tag, {}, writes)


def _list_writes(number: int, now_ms: int) -> list[Write]:
    """One in ten waits, one in twenty failed, one in fifty each is silent or held; one in ten had waited."""
    opened_ms = now_ms - 3_600_000 + number
    room = Room(SDK_APP_ID, f"living-{number}", 1)
    book = RoomBook(room, (Half(), Half()))
    _, session = book.open_session(opened_ms, RULE)
    assert session  # noqa: S101  its room is new
    late_ms = opened_ms + (5 * MINUTE_MS if number % 10 == 1 else 400)
    timing = Timing(opened_ms, late_ms, late_ms, late_ms + 2_000)
    task_id = TaskId(f"task-{number}", "cloud", "ap-singapore", started_ms=late_ms, timing=timing)
    task = Task("*", "cloud", "running", task_id=task_id.task_id, task_ids=[task_id])
    quota = [Trouble("LimitExceeded.ConcurrencyLimit", opened_ms, now_ms, 20, "request")]
    wanting = replace(task, task_id="", task_ids=[], wanted_ms=opened_ms, troubles=quota)
    code = quota[0].code
    if number % 10 == 0:
        task = replace(wanting, state="due", waiting_ms=opened_ms, error_code=code)
    elif number % 20 == 5:
        task = replace(wanting, state="failed", failed_since_ms=opened_ms, error_code=code)
    elif number % 50 == 7:
        task = replace(task, hearing=Hearing(3, late_ms, late_ms + 1))
    elif number % 50 == 9:
        task = replace(task, state="held", changed_ms=late_ms)
    session.tasks["*"] = task
    keys = RoomKeys(room)
    return [
        *list_writes(room, Half(), book.half),
        Put(keys.document, DOCUMENTS.encode(book.document)),
    ]
