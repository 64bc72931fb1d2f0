"""What happened in the chaos, written down as it happens."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from local.cloud.feed import Feed
from shared.ledger import Session
from shared.transcripts.records import FOR_EVER_MS

Watcher = Callable[[str, dict[str, Any]], None]  # is told every entry: its kind, and its fields


class Told(NamedTuple):
    """A callback that the webhook was given: whether any of its attempts was answered 200."""

    sdk_app_id: int
    body: bytes
    accepted: bool


@dataclass
class Deletion:
    """Somebody had the transcripts of a room deleted; `answered_at_ms` is 0 until that was answered."""

    room: tuple[int, str, int]
    asked_at_ms: int
    answered_at_ms: int = 0


@dataclass
class Delivered:
    """What came of deliveries in the end: the bucket, the receivers, and what the ledger still has to do."""

    objects: dict[str, bytes] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)  # as the receivers list them
    sessions: list[Session] = field(default_factory=list)
    deleted_versions: dict[str, int] = field(default_factory=dict)
    undelivered: list[str] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)  # numbers of tasks that `status` tells
    archived: list[str] = field(default_factory=list)  # sessions of which nothing is to be written


class Epoch(NamedTuple):
    """The life of one ledger, in ms: what it was told, and what there was at its end."""

    begin_ms: int
    end_ms: int
    told: dict[bytes, Told]
    left: Delivered


@dataclass
class History:
    """What happened, for the verdict."""

    report: dict[str, Any] = field(default_factory=dict)  # JSON of the emulator, as the next three
    faults: list[dict[str, Any]] = field(default_factory=list)
    strikes: list[dict[str, Any]] = field(
        default_factory=list
    )  # on API calls; webhooks lost for good
    sessions: list[Session] = field(default_factory=list)
    rooms_left: list[dict[str, Any]] = field(default_factory=list)
    logs: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    deliver_kills: int = 0  # of these, those that struck `deliver` at work
    refused: int = 0
    redis_away_ms: list[int] = field(default_factory=list)
    start_latencies_ms: list[int] = field(default_factory=list)
    task_starts_ms: dict[str, int] = field(default_factory=dict)  # by TaskId
    closings_ms: dict[tuple[int, str, int], list[int]] = field(default_factory=dict)  # by room
    told: dict[bytes, Told] = field(default_factory=dict)  # by their body
    deletions: list[Deletion] = field(default_factory=list)
    delivered: Delivered = field(default_factory=Delivered)
    lost: list[Epoch] = field(default_factory=list)  # with all that Redis had
    begin_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    end_ms: int = 0
    faults_end_ms: int = 0
    elapsed_s: float = 0.0

    @property
    def epochs(self) -> list[Epoch]:
        """Those that were lost, and the one with which everything ends; `told` is of that one alone."""
        begin_ms = self.lost[-1].end_ms if self.lost else 0
        return [*self.lost, Epoch(begin_ms, FOR_EVER_MS, self.told, self.delivered)]

    def note_loss(self, at_ms: int, left: Delivered) -> None:
        """Everything that the ledger knew is lost now; what it is told from now on, the next one knows."""
        self.lost.append(self.epochs[-1]._replace(end_ms=at_ms, told={**self.told}, left=left))
        self.told.clear()


class CountingFeed(Feed):
    """Counts log lines and API calls, because nobody follows the feed; tells `watchers` of every entry."""

    def __init__(self, now_ms: Callable[[], int], history: History, trace: Path | None) -> None:
        super().__init__(now_ms)
        self.watchers: list[Watcher] = []
        self._history = history
        self._clock_ms = now_ms
        self._trace = trace.open("w", encoding="utf-8") if trace else None
        self.publish("chaos.begins")

    def publish(self, kind: str, **fields: Any) -> None:
        """Count it; write it down when somebody wants a trace."""
        history = self._history
        if kind == "fault.struck" and (fields["what"] == "lose" or fields["where"] == "api"):
            history.strikes.append({"at_ms": self._clock_ms(), **fields})
        elif kind == "api.call":
            _count(history.calls, f"{fields['action']} {fields['outcome']}")
        elif kind == "function.log" and isinstance(fields["line"], dict):
            self._count_line(fields["line"])
        elif kind == "task.started":
            history.task_starts_ms.setdefault(fields["task_id"], self._clock_ms())
        elif kind == "room.dismissed":
            room = (fields["sdk_app_id"], fields["room_id"], fields["room_id_type"])
            history.closings_ms.setdefault(room, []).append(self._clock_ms())
        for watcher in self.watchers:
            watcher(kind, fields)
        if self._trace:
            entry = {"at_ms": self._clock_ms(), "kind": kind, **fields}
            self._trace.write(json.dumps(entry) + "\n")

    def _count_line(self, line: dict[str, Any]) -> None:
        outcome = line.get("outcome") or line.get("error_code") or ""
        _count(self._history.logs, f"{line.get('message')} {outcome}".strip())
        if line.get("message") == "transcription.started" and "start_latency_ms" in line:
            self._history.start_latencies_ms.append(line["start_latency_ms"])


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
