"""Saved callbacks: one out of each value of a file, in any of the shapes people keep them in."""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.replay.cls import is_entry, read_entry
from local.replay.files import RecordError, find_files, read_values
from local.replay.rebuild import (
    LogLineError,
    identify_line,
    read_words,
    rebuild_callback,
    tells_of_sentence,
)

Json = dict[str, Any]  # a decoded JSON object: any value may stand in it

CALLBACK, LOG_LINE, EXPORTED = "saved callback", "log line", "line of a CLS export"
SENTENCE, REFUSED = "sentence", "refused callback"  # whose log lines tell too little


@dataclass(frozen=True)
class Record:
    """One saved callback.

    `place` is file:index, from 1. `sdk_app_id` and `expected` (an HTTP status) are None where the
    file does not say. `outcomes` is what its log lines say came of it, empty where it has none.
    """

    place: str
    body: bytes
    method: str = "POST"
    sdk_app_id: str | None = None
    expected: int | None = None
    outcomes: set[str] = field(default_factory=set)

    @property
    def event(self) -> Json:
        """The EventInfo, empty when the body has none."""
        info = read_object(self.body).get("EventInfo")
        return info if isinstance(info, dict) else {}

    @property
    def event_ms(self) -> int | None:
        """When it happened, in ms since 1970; None where the body does not say."""
        info, envelope = self.event, read_object(self.body)
        seconds = info.get("EventTs")
        times = (
            info.get("EventMsTs"),
            seconds * 1000 if isinstance(seconds, int) else None,
            envelope.get("CallbackTs"),
            envelope.get("CallbackMsTs"),
        )
        return next((time for time in times if isinstance(time, int)), None)


@dataclass
class Recording:
    """What a set of files holds.

    `values` counts what was read by its kind, `not_rebuilt` callbacks of which log lines tell too
    little, by theirs. `skipped` counts log lines that are no callback of their own.
    """

    records: list[Record] = field(default_factory=list)
    files: int = 0
    skipped: int = 0
    values: Counter[str] = field(default_factory=Counter)
    not_rebuilt: Counter[str] = field(default_factory=Counter)


def read_recording(paths: Iterable[Path]) -> Recording:
    """Read files, and folders with everything below them in name order; raises RecordError.

    What an export holds comes in the order in which it happened, all else in that of the files.
    """
    recording, seen = Recording(), dict[Hashable, Record | None]()
    for path in paths:
        for file in find_files(path):
            recording.files += 1
            first, exported = len(recording.records), recording.values[EXPORTED]
            for place, value in read_values(file):
                _add(recording, seen, place, value)
            if recording.values[EXPORTED] > exported:
                ordered = sorted(recording.records[first:], key=lambda record: record.event_ms or 0)
                recording.records[first:] = ordered
    return recording


def read_record(place: str, value: object) -> Record | None:
    """The callback in one value, None for a log line that tells too little; raises RecordError."""
    if not isinstance(value, dict):
        raise RecordError(f"{place}: {_kind(value)} is no callback; {EXPECTED_SHAPES}")
    if "EventInfo" in value or "EventType" in value:
        return Record(place, encode_json(value))
    if "body" in value:
        return _read_wrapper(place, value)
    if isinstance(value.get("message"), str):
        return _read_log_line(place, value)
    raise RecordError(f"{place}: this object is no callback; {EXPECTED_SHAPES}")


EXPECTED_SHAPES = (
    'expected {"EventType": …, "EventInfo": …}, {"body": …, "status": 200}, '
    "or a line of Roomscribe's logs"
)


def encode_json(value: object) -> bytes:
    """Compact JSON; text as UTF-8 unless it holds half a surrogate pair, which only \\u can say."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def read_object(body: bytes) -> Json:
    """The JSON object in a body, empty when there is none."""
    try:
        value = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _add(
    recording: Recording, seen: dict[Hashable, Record | None], place: str, value: object
) -> None:
    """Add the callback in a value; a function writes several lines about one, the first one plays it."""
    kind, value = _open(value)
    recording.values[kind] += 1
    line: Json = value if isinstance(value, dict) and "message" in value else {}
    identity = identify_line(line)
    if identity is not None and identity in seen:
        recording.skipped += 1
        record = seen[identity]
    else:
        record = seen[identity] = None if value is None else read_record(place, value)
        _count(recording, record, line)
    if record:
        record.outcomes.update(read_words(line))


def _count(recording: Recording, record: Record | None, line: Json) -> None:
    if record:
        recording.records.append(record)
    elif line.get("message") == "callback.refused":
        recording.not_rebuilt[REFUSED] += 1
    elif tells_of_sentence(line):
        recording.not_rebuilt[SENTENCE] += 1
    else:
        recording.skipped += 1


def _open(value: object) -> tuple[str, object]:
    """What kind of value it is; and the value, which is an export's line, None in an entry without one."""
    if is_entry(value):
        return EXPORTED, read_entry(value)
    is_line = isinstance(value, dict) and isinstance(value.get("message"), str)
    return (LOG_LINE if is_line else CALLBACK), value


def _read_wrapper(place: str, value: Json) -> Record:
    headers = value.get("headers") or {}
    if not isinstance(headers, Mapping):
        raise RecordError(
            f"{place}: headers must be an object, not {_kind(headers)}; mend or remove it"
        )
    named = {str(name).lower(): str(text) for name, text in headers.items()}
    return Record(
        place,
        _read_body(place, value),
        method=str(value.get("httpMethod", "POST")).upper(),
        sdk_app_id=named.get("sdkappid"),
        expected=_read_status(place, value.get("status")),
    )


def _read_body(place: str, value: Json) -> bytes:
    body = value["body"]
    if not isinstance(body, str):
        return b"" if body is None else encode_json(body)
    if value.get("isBase64Encoded") is True:
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError) as error:
            raise RecordError(
                f"{place}: body is not base64, although isBase64Encoded says so; mend it"
            ) from error
    return body.encode("utf-8", "surrogatepass")


def _read_status(place: str, status: object) -> int | None:
    if status is None:
        return None
    if isinstance(status, int) and 100 <= status <= 599:
        return status
    raise RecordError(
        f"{place}: status must be the expected HTTP status, such as 200; mend or remove it"
    )


def _read_log_line(place: str, value: Json) -> Record | None:
    try:
        callback = rebuild_callback(value)
    except LogLineError as error:
        raise RecordError(f"{place}: {error}; remove this line") from error
    if callback is None:
        return None
    sdk_app_id = value.get("sdk_app_id")
    return Record(
        place, encode_json(callback), sdk_app_id=None if sdk_app_id is None else str(sdk_app_id)
    )


def _kind(value: object) -> str:
    kinds = {list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number" if isinstance(value, int | float) else "an object")
