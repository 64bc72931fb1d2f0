"""What a change of a room's document has to tell the event endpoints: plain data, written beside it.

`shared/delivery` composes, signs and sends what follows from it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Literal

from shared.ledger.document import Half, Session, list_changed_tasks
from shared.ledger.engine import Cell, Put, Score, Write
from shared.ledger.task import Task
from shared.stored import Form, FrozenStored, Stored

UNSENT = "unsent"  # an index of events, by the ms at which the next endpoint is to be told
DEAD = "dead"  # an index of events that an endpoint never took, by the ms at which they happened

EventType = Literal[
    "transcription.started",
    "transcription.failed",
    "room.silent",
    "transcript.completed",
    "transcript.updated",
    "transcript.deleted",
]
Facts = dict[str, str | int | list[str]]


class Event(FrozenStored, frozen=True):
    """Something that happened in a session at `at_ms` (since 1970); `id` follows from it alone.

    `version` is the transcript's version that it is about (0: about none), `facts` what its type adds.
    No word that was said is in it.
    """

    id: str
    type: EventType
    session: str
    rule: str
    reference: str
    at_ms: int
    version: int = 0
    facts: Facts = {}


class Send(Stored):
    """How far one endpoint has been told of an event.

    `next_at_ms` (since 1970) is when to try next, 0 when there is nothing more to try: the endpoint has
    taken the event (`taken`), or never will. `last` says in a word how the last try ended, such as "503".
    """

    tries: int = 0
    next_at_ms: int = 0
    taken: bool = False
    last: str = ""


class Entry(Stored):
    """An event in the outbox, and how far each endpoint has been told, by its `Endpoint.key`."""

    event: Event
    sends: dict[str, Send] = {}


ENTRIES = Form(Entry)


def outbox_cell(name: str) -> Cell:
    """Where the entry of an event lies; `name` is SDKAPPID/ID."""
    sdk_app_id, _, event_id = name.partition("/")
    return Cell(f"outbox:{sdk_app_id}", event_id)


def make_event(
    session: Session,
    type_: EventType,
    at_ms: int,
    cause: object,
    version: int = 0,
    facts: Facts | None = None,
) -> Event:
    """The event of that type; `cause` tells it from others of its type in the session."""
    named = repr((session.id, type_, cause)).encode("utf-8", "surrogatepass")
    event_id = f"msg_{hashlib.blake2b(named, digest_size=15).hexdigest()}"
    rule = session.rule
    return Event(
        event_id, type_, session.id, rule.name, rule.reference, at_ms, version, facts or {}
    )


def unsent_key(endpoint: str) -> str:
    """An index of the events that one endpoint is to be told of, by the ms of the next try.

    Each endpoint has its own, so that what waits for one is never in the way of another.
    """
    return f"{UNSENT}:{endpoint}"


def post(event: Event, endpoints: Iterable[str]) -> list[Write]:
    """The writes that put an event into the outbox, for the endpoints with these keys to be told at once."""
    return write_entry(Entry(event, {key: Send(next_at_ms=event.at_ms) for key in endpoints}))


def write_entry(entry: Entry, former: Iterable[str] = ()) -> list[Write]:
    """The writes that keep an entry, for those of its endpoints that are still to be told.

    It leaves the outbox when every endpoint has taken the event; one that an endpoint never took is kept
    among the dead. `former` are the endpoints that it had before.
    """
    event = entry.event
    name = f"{event.session.partition('/')[0]}/{event.id}"
    times = {key: send.next_at_ms for key, send in entry.sends.items() if send.next_at_ms}
    is_dead = any(not send.taken and not send.next_at_ms for send in entry.sends.values())
    keys = dict.fromkeys([*former, *entry.sends])
    return [
        Put(outbox_cell(name), ENTRIES.encode(entry) if times or is_dead else b""),
        Score(UNSENT, name, min(times.values(), default=None)),
        Score(DEAD, name, event.at_ms if is_dead else None),
        *(Score(unsent_key(key), name, times.get(key)) for key in keys),
    ]


def list_events(former: Half, half: Half) -> Iterator[Event]:
    """What a change of a room's sessions has to tell."""
    for session, was, task in list_changed_tasks(former, half):
        yield from _compare(session, was, task)


def _compare(session: Session, was: Task, task: Task) -> Iterator[Event]:
    about: Facts = {"service": task.service, "target": task.target}
    if task.state == "running" and task.task_id != was.task_id:
        facts = {**about, "task_id": task.task_id}
        yield make_event(
            session, "transcription.started", task.changed_ms, task.task_id, facts=facts
        )
    # What is tried again by itself fails again with the same code: that is one streak.
    is_told = was.failed_under and was.error_code == task.error_code
    if task.state == "failed" and was.state != "failed" and not is_told:
        facts = {**about, "error_code": task.error_code}
        cause = (task.target, task.error_code, len(task.task_ids))
        yield make_event(session, "transcription.failed", task.changed_ms, cause, facts=facts)
    silent_ms = task.hearing.silent_since_ms
    if silent_ms and silent_ms != was.hearing.silent_since_ms:
        facts = {**about, "task_id": task.task_id, "silent_since_ms": silent_ms}
        at_ms = max(task.changed_ms, task.checked_ms)
        yield make_event(session, "room.silent", at_ms, (task.target, silent_ms), facts=facts)
