"""Callbacks out of Roomscribe's own log lines: they hold enough to rebuild a room event."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from shared.room import names_numeric_room
from shared.task_news import TASK_SPOKE

Json = dict[str, Any]  # a decoded JSON object: any value may stand in it
Line = Mapping[str, Any]  # a log line: flat JSON

NEEDED = ("event_type", "event_ms", "room_id")
UNFINISHED = (
    "due",
    "starting",
    "retry",
    "unconfirmed",
    "unrecorded",
)  # left to do: 503, or drained
FIRST_SERVICE_EVENT = 900  # from group 9 on the room id is text and RoomIdType tells its type


class LogLineError(ValueError):
    """A log line names an event, but not one that can exist."""


def rebuild_callback(line: Line) -> Json | None:
    """The callback a log line is about, None when it tells too little; raises LogLineError.

    A sentence is never rebuilt: no log line holds what was said. CallbackTs is the event's own time:
    whoever sends it puts in the present one.
    """
    if any(line.get(name) in (None, "") for name in NEEDED) or tells_of_sentence(line):
        return None
    event_type, event_ms = _read_int(line, "event_type"), _read_int(line, "event_ms")
    is_service = event_type >= FIRST_SERVICE_EVENT
    return {
        "EventGroupId": event_type // 100,
        "EventType": event_type,
        "CallbackTs": event_ms,
        "EventInfo": _service_info(line) if is_service else _room_info(line, event_ms),
    }


def identify_line(line: Line) -> Hashable:
    """Equal for all lines one invocation wrote about one callback; None where that is unknown."""
    names = ("function_request_id", "sdk_app_id", "room_id_type", "user_id", *NEEDED)
    is_known = line.get("function_request_id") and all(
        line.get(name) is not None for name in NEEDED
    )
    return tuple(str(line.get(name)) for name in names) if is_known else None


def tells_of_sentence(line: Line) -> bool:
    """Whether a log line is about a callback of group 9 or 14 that tells what was said."""
    return str(line.get("event_type")) in map(str, TASK_SPOKE)


def read_words(line: Line) -> set[str]:
    """What a log line says came of its callback, in the words of `--outcome`."""
    message, outcome = str(line.get("message", "")), str(line.get("outcome", ""))
    words = {outcome, message.rpartition(".")[2]} - {""}
    if message.endswith(("_failed", ".crashed")):
        words.add("failed")
    if outcome in UNFINISHED:
        words.add("come_back")
    return words


def _room_info(line: Line, event_ms: int) -> Json:
    """Source: TRTC documentation, room callbacks (product 647, document 51586), 2025-01."""
    role = None if line.get("role") in (None, "") else _read_int(line, "role")
    optional = {"UserId": line.get("user_id"), "Role": role}
    return {
        "RoomId": _read_int(line, "room_id") if _is_numeric(line) else str(line["room_id"]),
        "EventTs": event_ms // 1000,
        "EventMsTs": event_ms,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _service_info(line: Line) -> Json:
    """Source: TRTC documentation, AI service callbacks (product 647, document 109686), 2026-11."""
    payload = (
        {"LeaveCode": _read_int(line, "leave_code", signed=True)} if "leave_code" in line else {}
    )
    return {
        "EventMsTs": _read_int(line, "event_ms"),
        "TaskId": str(line.get("task_id", "")),
        "RoomId": str(line["room_id"]),
        "RoomIdType": 0 if _is_numeric(line) else 1,
        "Payload": payload,
    }


def _is_numeric(line: Line) -> bool:
    """Whether the room is a numeric one; a line written by hand may leave out its type: digits are."""
    room_id_type = line.get("room_id_type")
    if room_id_type is None:
        return names_numeric_room(str(line["room_id"]))
    return str(room_id_type) == "0"


def _read_int(line: Line, name: str, *, signed: bool = False) -> int:
    value = str(line[name])
    digits = value.removeprefix("-") if signed else value
    if not (digits.isascii() and digits.isdigit()):
        raise LogLineError(f"{name} must be a whole number, not {value[:64]!r}")
    return int(value)
