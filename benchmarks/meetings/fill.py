"""Fills a ledger with meetings that are over and delivered, a hundred a day, each in a room of its own."""

from __future__ import annotations

import time

from shared.ledger import Ledger, RoomBook, Task, TaskId
from shared.ledger.deliveries import DELIVERIES, Delivery
from shared.ledger.document import DOCUMENTS, Half
from shared.ledger.engine import Put, Write
from shared.ledger.layout import RoomKeys, delivered_cell, list_writes
from shared.room import Room
from shared.rules.decision import Rule

SDK_APP_ID = 1_400_000_000
BY_DAY = 100
DAY_MS = 86_400_000
NOW_MS = time.time_ns() // 1_000_000 // DAY_MS * DAY_MS
RULE = Rule(name="class", room=["*"], cloud={"region": "ap-singapore", "language": "bigmodel-en"})
DELIVERY = Delivery(
    version=600,
    sentences=300,
    speakers=["teacher-ann", "student-li", "student-bob"],
    languages=["en", "zh"],
    at_ms=1,
    is_archived=True,
    digest="0" * 30,
)
PIECE = 100  # so that Redis answers soon


def find_day(number: int) -> str:
    """The day that many days before the newest meeting's, in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime((NOW_MS - (number + 1) * DAY_MS) / 1000))


def add_meetings(ledger: Ledger, count: int) -> None:
    """That many meetings, the newest of yesterday; laid down as a change of their rooms lays them down."""
    engine, tag = ledger.engine, str(SDK_APP_ID)
    for first in range(0, count, PIECE):
        writes: list[Write] = []
        for number in range(first, min(first + PIECE, count)):
            writes += _list_writes(number)
        with engine.changing():
            engine.swap(tag, {}, writes)


def _list_writes(number: int) -> list[Write]:
    opened_ms = NOW_MS - 1 - number * (DAY_MS // BY_DAY)
    room = Room(SDK_APP_ID, f"class-{number}", 1)
    book = RoomBook(room, (Half(), Half()))
    _, session = book.open_session(opened_ms, RULE)
    assert session  # noqa: S101  its room is new
    task_id = TaskId(f"task-{number}", "cloud", "ap-singapore", ended=True, started_ms=opened_ms)
    session.tasks["*"] = Task("*", "cloud", "stopped", task_ids=[task_id])
    session.closed_ms = opened_ms + 3_600_000
    return [
        *list_writes(room, Half(), book.half),
        Put(RoomKeys(room).document, DOCUMENTS.encode(book.document)),
        Put(delivered_cell(session.id), DELIVERIES.encode(DELIVERY)),
    ]
