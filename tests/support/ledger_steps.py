"""The engines of the ledger, and what tests of any of them begin with."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest

from shared.ledger import Ledger, RoomBook, Session, Task, claims, close_ledgers, open_ledger
from shared.ledger.redis import RedisEngine
from shared.ledger.sqlite import SqliteEngine
from shared.room import Room
from shared.rules.decision import Rule
from shared.settings import DEFAULT_LEDGER_NAME, KEEP_DAYS
from shared.transcripts.records import SentenceNews
from tests.support.transcript_source import parse_sentence

APP = 1400000000
ROOM = Room(APP, "lobby", 1)
RULE = Rule(name="everything else", room=["*"], cloud={"region": "ap-singapore"})
T = 1_700_000_000_000
TAG = f"{{roomscribe:{APP}}}:"  # begins the keys of that application in Redis
ENGINES = ["sqlite", "redis", "cluster"]
# Marks a test of rooms that looks into the file, or is about what only such a ledger does.
ON_SQLITE = pytest.mark.parametrize("room_ledger_url", ["sqlite"], indirect=True)


def open_sqlite(path: str) -> Ledger:
    """A ledger of its own over an SQLite file."""
    return Ledger(SqliteEngine(path))


def open_redis(url: str, keep_days: int = KEEP_DAYS, name: str = DEFAULT_LEDGER_NAME) -> Ledger:
    """A ledger of its own over a Redis database."""
    return Ledger(RedisEngine(url, name), keep_days)


@contextlib.contextmanager
def another_instance(ledger_url: str) -> Iterator[Ledger]:
    """The same ledger as somebody else sees it."""
    close_ledgers()
    with contextlib.closing(open_ledger(ledger_url)) as ledger:
        yield ledger
    close_ledgers()


def open_session(ledger: Ledger, at_ms: int = T, room: Room = ROOM) -> Session:
    """The room's session that opened then."""
    _, session = ledger.change(room, lambda book: book.open_session(at_ms, RULE))
    assert session
    return session


def note_person(
    ledger: Ledger,
    session: Session,
    user_id: str,
    event_ms: int,
    *,
    present: bool,
    microphone: bool | None,
    precise: bool = True,
) -> None:
    """Remember what an event says of a user, if the session is still its room's newest."""

    def note(book: RoomBook) -> None:
        if book.latest and book.latest.id == session.id:
            book.note_presence(event_ms, present=present, microphone=microphone, precise=precise)

    ledger.change(session.room, note, user_id=user_id)


def claim(ledger: Ledger, token: str = "t", now_ms: int = T, room: Room = ROOM) -> bool:
    """Whether the start of the room's task was to be had."""

    def work(book: RoomBook) -> bool:
        _, session = book.open_session(T, RULE)
        assert session
        return claims.claim_start(session, "*", "cloud", trigger="e", token=token, now_ms=now_ms)[0]

    return ledger.change(room, work)


def finish(ledger: Ledger, token: str = "t", now_ms: int = T, room: Room = ROOM) -> str:
    """Record that the claimed start has a TaskId."""

    def work(book: RoomBook) -> str:
        held = Task("*", "cloud", token=token)
        book.sessions[0].tasks["*"].checked_ms = now_ms
        return claims.finish_start(book.sessions[0], held, f"task-{token}", "ap-singapore", now_ms)

    return ledger.change(room, work)


def close_room(ledger: Ledger, at_ms: int, room: Room = ROOM) -> None:
    """The room has ended, and with it its tasks."""

    def work(book: RoomBook) -> None:
        book.close_session(at_ms)
        stops, _ = claims.begin_stops(book.sessions[0], at_ms)
        for task in stops:
            ended = [task_id.task_id for task_id in task.alive]
            claims.note_ended(task, ended, at_ms)

    ledger.change(room, work)


def hear(number: int, *, translated: str = "", event_ms: int = 0) -> SentenceNews:
    """The callback of one sentence of the task "task-t", or of its translation."""
    times = {"StartTimeMs": number * 1000, "EndTimeMs": number * 1000 + 900}
    words = (
        {"TranslationText": f"{translated} {number}", "TranslationLanguage": translated}
        if translated
        else {"Text": f"sentence {number}"}
    )
    info = {
        "TaskId": "task-t",
        "EventMsTs": event_ms or T + number * 1000 + 950,
        "Payload": {"UserId": "ann", "RoundId": f"round-{number}", **times, **words},
    }
    return parse_sentence(1404 if translated else 1403, json.dumps(info).encode())
