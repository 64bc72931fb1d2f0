"""The events that reached the endpoints, against their causes in the emulator's books."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.chaos.files import list_files
from benchmarks.chaos.history import History

Event = Mapping[str, Any]  # as the receivers list it

TAKEN = 204
ABOUT_TEXT = ("transcript.completed", "transcript.updated")


@dataclass
class Arrivals:
    """How often events arrived and how many they were, and how long one waited at each endpoint, in ms."""

    arrived: int
    unique: int
    longest_ms: dict[str, int]
    broken: list[str]


def judge_events(history: History) -> Arrivals:
    """The figures, and whatever was told wrongly, twice under two ids, too early, too late, or not at all."""
    events = history.delivered.events
    by_id: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_id[event["id"]].append(event)
    longest_ms: dict[str, int] = defaultdict(int)
    broken = [*_find_untold(by_id, history), *_find_missing(by_id, history)]
    for event_id, tries in by_id.items():
        broken += (f"{event_id} {tries[0]['type']}: {text}" for text in _judge(tries, history))
        for receiver, taken_ms in _find_takings(tries).items():
            waited_ms = taken_ms - read_ms(tries[0]["timestamp"])
            longest_ms[receiver] = max(longest_ms[receiver], waited_ms)
    return Arrivals(len(events), len(by_id), dict(longest_ms), broken)


def read_ms(timestamp: str) -> int:
    """An ISO 8601 instant in ms since 1970."""
    return round(datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp() * 1000)


def _find_takings(tries: list[Event]) -> dict[str, int]:
    """When each endpoint took the event first."""
    takings: dict[str, int] = {}
    for one in tries:
        if one["answered"] == TAKEN:
            takings.setdefault(one["receiver"], one["at_ms"])
    return takings


def _judge(tries: list[Event], history: History) -> Iterator[str]:
    """What is wrong with one event."""
    first = tries[0]
    if not all(one["verified"] for one in tries):
        yield f"not verified: {next(one['problem'] for one in tries if not one['verified'])}"
    told: dict[int, Event] = {}  # the next ledger may find a task again, and tell of it
    for one in tries:
        before = told.setdefault(_find_epoch(one, history), one)
        if any(one[name] != before[name] for name in ("type", "timestamp", "data")):
            yield "told differently the second time"
    data, at_ms = first["data"], read_ms(first["timestamp"])
    room = (data["sdk_app_id"], data["room_id"], data["room_id_type"])
    arrived_ms = min(one["at_ms"] for one in tries)
    if arrived_ms < at_ms:
        yield "arrived before it happened"
    if first["type"] == "transcription.started":
        if at_ms < history.task_starts_ms.get(data["task_id"], 1 << 60):
            yield "told before the task was started"
    elif first["type"] in ABOUT_TEXT:
        opened_ms = int(data["session"].rpartition("/")[2])
        closings_ms = history.closings_ms.get(room, [])
        if not any(opened_ms <= closed_ms <= at_ms for closed_ms in closings_ms):
            yield "told before the room was closed"
        yield from _judge_deleted(tries, history)


def _judge_deleted(tries: list[Event], history: History) -> Iterator[str]:
    """Whether one about a text arrived after the deletion of that text had been answered."""
    data, last_ms = tries[0]["data"], max(one["at_ms"] for one in tries)
    version = _find_deleted_version(data["session"], history)
    room = (data["sdk_app_id"], data["room_id"], data["room_id_type"])
    for deletion in history.deletions:
        is_of_it = deletion.room == room and data["version"] <= version
        if is_of_it and last_ms > deletion.answered_at_ms:
            yield f"arrived {last_ms - deletion.answered_at_ms} ms after the deletion was answered"


def _find_untold(by_id: Mapping[str, list[Event]], history: History) -> Iterator[str]:
    """Events that one endpoint has not taken; of a text that was deleted meanwhile that is right."""
    receivers = {one["receiver"] for tries in by_id.values() for one in tries}
    for event_id, tries in by_id.items():
        first, takings = tries[0], _find_takings(tries)
        version = _find_deleted_version(first["data"]["session"], history)
        is_deleted = first["type"] in ABOUT_TEXT and first["data"]["version"] <= version
        is_lost = _find_epoch(first, history) < len(history.lost)
        if takings.keys() != receivers and not (is_deleted or is_lost):
            yield f"{event_id} {first['type']}: taken by {sorted(takings)} alone"


def _find_missing(by_id: Mapping[str, list[Event]], history: History) -> Iterator[str]:
    """What happened, and no event tells of it; or two tell of the same start."""
    firsts = [tries[0] for tries in by_id.values()]
    starts = [e for e in firsts if e["type"] == "transcription.started"]
    started = {e["data"]["task_id"] for e in starts}
    if len(starts) > len({(e["data"]["task_id"], _find_epoch(e, history)) for e in starts}):
        yield "a start has two ids"
    texts = {
        (e["data"]["session"], _find_epoch(e, history)) for e in firsts if e["type"] in ABOUT_TEXT
    }
    if any(s in lost.left.archived for s, number in texts for lost in history.lost[:number]):
        yield "an archived text is told of again after Redis was lost"
    deleted = {e["data"]["session"] for e in firsts if e["type"] == "transcript.deleted"}
    completed = {e["data"]["session"] for e in firsts if e["type"] == "transcript.completed"}
    delivered = history.delivered
    for session in delivered.sessions:
        for task in session.tasks.values():
            if task.task_id and task.task_id not in started:
                yield f"{session.id}: nothing tells of the start of {task.target}"
        if delivered.deleted_versions[session.id] and session.id not in deleted:
            yield f"{session.id}: nothing tells of its deletion"
        if list_files(session, delivered.objects) and session.id not in completed:
            yield f"{session.id}: nothing tells that it is complete"
    known = {session.id for epoch in history.epochs for session in epoch.left.sessions}
    if strangers := {session for session, _ in texts} - known:
        yield f"{len(strangers)} sessions are told of that nobody knows"


def _find_epoch(event: Event, history: History) -> int:
    """Of which ledger it tells: how many were lost before."""
    return sum(one.end_ms < read_ms(event["timestamp"]) for one in history.lost)


def _find_deleted_version(session_id: str, history: History) -> int:
    """At which version its text was deleted last, as far as any ledger knew."""
    return max(epoch.left.deleted_versions.get(session_id, 0) for epoch in history.epochs)
