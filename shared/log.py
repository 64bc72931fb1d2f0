"""Structured logs: one JSON object a line on stdout, with the keys AWS Lambda Powertools users know.

SCF's log service turns first-level keys into searchable fields, so every line is flat and small.
Source: SCF documentation, Python logs; a log line holds at most 8 KB.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime, timezone
from functools import lru_cache
from types import FrameType, MappingProxyType
from typing import Any, Literal, TextIO

from shared import VERSION
from shared.errors import ApiError, RoomscribeError
from shared.lazy_import import lazy_import
from shared.scf import Invocation

# Only its asynchronous methods use asyncio, whose import is a tenth of a cold start on Python 3.10.
with lazy_import("asyncio"):
    import structlog

SERVICE = "roomscribe"
MAX_TEXT = 1_000  # characters of a value
MAX_FOREIGN_TEXT = 150  # of one that is not ASCII: each is written as \uXXXX
MAX_FRAMES = 10
QUIET_MODULES = (
    "shared.log",
    "shared.entry",
    "shared.lifecycle.outcome",
    "structlog",
)  # no location
DEFAULT_LEVEL = "INFO"
LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}

KEYS = (  # the order of a line: Powertools' keys, then ours; any other key follows
    *("level", "location", "message", "timestamp", "service", "version", "cold_start"),
    *("function_name", "function_version", "function_memory_size", "function_request_id"),
    *("correlation_id", "sdk_app_id", "room_id", "room_id_type", "user_id", "role"),
    *("event_type", "event_ms", "session", "rule", "transcription_service", "region", "task_id"),
    *("upstream_request_id", "outcome", "error_code", "reason", "remedy"),
    *("start_latency_ms", "elapsed_ms"),
)
# What a line says has happened. One flat Literal: joining several would take 0.6 ms of a cold start.
Message = Literal[
    "archive.deleted", "callback.failed", "callback.ignored", "callback.refused", "captions.served",
    "delivery.failed", "drain.crashed", "drain.failed", "drain.not_called", "event.crashed",
    "event.dead", "event.deferred", "event.dropped", "event.retried", "event.sent",
    "events.forgotten", "fleet.counted", "function.crashed", "meetings.read",
    "people.set", "presence.noted", "request.refused", "room.closed", "room.noted", "room.planned",
    "room.silent", "room.transcribed_twice", "room.unclear", "room.untranscribed",
    "rooms.reconciled", "sentence.kept", "sessions.forgotten", "sessions.not_forgotten",
    "task.early", "task.ended", "task.found", "task.gone", "task.noted", "transcript.completed",
    "transcript.deleted", "transcript.failed", "transcript.not_delivered", "transcript.read",
    "transcript.refused", "transcript.updated", "transcription.deferred", "transcription.failed",
    "transcription.first_sentence", "transcription.may_run", "transcription.not_wanted",
    "transcription.refused", "transcription.replaced", "transcription.started",
    "transcription.stop_failed", "transcription.stop_given_up", "transcription.stopped",
    "transcription.stopping", "transcription.unchanged", "transcription.unclear",
    "transcription.waiting",
]  # fmt: skip

_level = DEFAULT_LEVEL
_bound: ContextVar[Mapping[str, object]] = ContextVar("_bound", default=MappingProxyType({}))


@lru_cache(maxsize=1)
def _make_logger(level: str, file: TextIO) -> Any:
    """What writes lines; made once, because to configure structlog at every event would cost 20 µs."""
    return structlog.wrap_logger(
        structlog.PrintLogger(file),
        processors=[_complete_line, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
    ).bind()


def begin_logging(invocation: Invocation, level: str = DEFAULT_LEVEL) -> None:
    """Bind what is true of every line of this invocation, and drop lines below `level`."""
    global _level
    _level = level
    about = {
        "cold_start": invocation.cold_start,
        "function_name": invocation.function_name,
        "function_version": invocation.function_version,
        "function_memory_size": invocation.memory_mb,
        "function_request_id": invocation.request_id,
    }
    _bound.set(about)


def bind_room(sdk_app_id: object, room_id: object, room_id_type: object, **fields: object) -> None:
    """Name the room in every line that follows; `correlation_id` is the same in all functions.

    None is left out, and a room without an id: an event of an unknown type may have none.
    """
    bound = {"sdk_app_id": sdk_app_id, **fields}
    if room_id:
        bound |= {"room_id": room_id, "room_id_type": room_id_type}
        bound["correlation_id"] = f"{sdk_app_id}/{room_id_type}/{room_id}"
    given = {name: value for name, value in bound.items() if value is not None}
    _bound.set({**_bound.get(), **given})


def unbind_room() -> None:
    """Name no room any more."""
    of_room = ("sdk_app_id", "room_id", "room_id_type", "correlation_id")
    _bound.set({name: value for name, value in _bound.get().items() if name not in of_room})


def write(message: Message, level: str = "info", **fields: object) -> None:
    """Write one line; `message` is noun.result, `fields` whose value is None are left out."""
    given = {name: value for name, value in fields.items() if value is not None}
    _make_logger(_level, sys.stdout).log(LEVELS[level.upper()], message, **given)


def write_error(message: Message, error: RoomscribeError) -> None:
    """Write what an operator needs of an error: its code, its text unless it is Tencent's, and a remedy."""
    from shared.remedies import find_advice  # late: what succeeds needs no advice

    advice = find_advice(error.code)
    told: dict[str, object] = advice._asdict() if advice else {}
    if isinstance(error, ApiError):
        told["upstream_request_id"] = error.request_id or None
    else:
        told["reason"] = str(error)
    write(message, "error", error_code=error.code, **told)


def write_crash(message: Message, error: BaseException) -> None:
    """Write where a bug struck: kind and places only, because its text may quote what it choked on."""
    frames = traceback.extract_tb(error.__traceback__)[-MAX_FRAMES:]
    places = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames
    ]
    write(message, "error", error_code=type(error).__name__, traceback=" < ".join(reversed(places)))


def _complete_line(_: object, level: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """Add what every line has, put the keys in order, and keep values short."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  what logging itself does
    while frame and str(frame.f_globals.get("__name__", "")).startswith(QUIET_MODULES):
        frame = frame.f_back
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    line = {
        **_bound.get(),
        **event,
        "level": level.upper(),
        "location": f"{frame.f_code.co_name}:{frame.f_lineno}" if frame else "",
        "message": event["event"],
        "timestamp": now.replace("+00:00", "Z"),
        "service": SERVICE,
        "version": VERSION,
    }
    del line["event"]
    for key, value in line.items():
        if isinstance(value, str) and len(value) > MAX_FOREIGN_TEXT:
            line[key] = _shorten(value)
    return {key: line.pop(key) for key in KEYS if key in line} | line


def _shorten(text: str) -> str:
    most = MAX_TEXT if text.isascii() and text.isprintable() else MAX_FOREIGN_TEXT
    return text if len(text) <= most else text[:most] + "…"
