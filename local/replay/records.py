"""Saved callbacks: reads them from files, in any of the shapes people keep them in."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.errors import LocalError
from local.replay.rebuild import LogLineError, identify_line, rebuild_callback

Json = dict[str, Any]  # a decoded JSON object: any value may stand in it

LINE_SUFFIXES = (".jsonl", ".ndjson", ".log")
SUFFIXES = (".json", *LINE_SUFFIXES)


class RecordError(LocalError):
    """A file holds something that cannot be played; the text says where, what, and what to do."""


@dataclass(frozen=True)
class Record:
    """One saved callback.

    `place` is file:index, from 1. `sdk_app_id` and `expected` (an HTTP status) are None where the
    file does not say.
    """

    place: str
    body: bytes
    method: str = "POST"
    sdk_app_id: str | None = None
    expected: int | None = None


@dataclass
class Recording:
    """What a set of files holds; `skipped` counts log lines that are no callback of their own."""

    records: list[Record] = field(default_factory=list)
    files: int = 0
    skipped: int = 0


def read_recording(paths: Iterable[Path]) -> Recording:
    """Read files, and folders with everything below them in name order; raises RecordError."""
    recording, seen = Recording(), set[object]()
    for path in paths:
        for file in find_files(path):
            recording.files += 1
            for place, value in read_values(file):
                _add(recording, seen, place, value)
    return recording


def find_files(path: Path) -> list[Path]:
    """The file itself, or the callback files of a folder; raises RecordError for neither."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise RecordError(f"{path}: no such file or folder; name files with saved callbacks")
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise RecordError(f"{path}: no {', '.join(SUFFIXES)} file in this folder; name another")
    return files


def read_values(file: Path) -> Iterator[tuple[str, object]]:
    """Each JSON value of a file with its place: a list's items, a line's value, or the only one."""
    text = _read_text(file)
    if file.suffix not in LINE_SUFFIXES:
        whole = _parse(text)
        if not isinstance(whole, ValueError):
            values = whole if isinstance(whole, list) else [whole]
            yield from ((f"{file}:{index}", value) for index, value in enumerate(values, 1))
            return
        if file.suffix == ".json":
            raise RecordError(
                f"{file}: not JSON ({whole}); mend it, or name it .jsonl if each line is a value"
            )
    yield from _read_lines(file, text)


def read_record(place: str, value: object) -> Record | None:
    """The callback in one value, None for a log line without an event; raises RecordError."""
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


def _add(recording: Recording, seen: set[object], place: str, value: object) -> None:
    """A function writes several lines about one callback: only the first of them plays it."""
    identity = identify_line(value) if isinstance(value, dict) else None
    record = None if identity is not None and identity in seen else read_record(place, value)
    if record is None:
        recording.skipped += 1
    else:
        seen.add(identity)
        recording.records.append(record)


def _read_text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(f"{file}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise RecordError(f"{file}: cannot be read: {error.strerror}") from error


def _read_lines(file: Path, text: str) -> Iterator[tuple[str, object]]:
    # Not splitlines(): JSON text may hold U+2028, which is no end of a line there.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        value = _parse(line)
        if isinstance(value, ValueError):
            raise RecordError(
                f"{file}:{number}: not JSON ({value}); each line must be one JSON object"
            )
        yield f"{file}:{number}", value


def _parse(text: str) -> object:
    """The value, or the error that says why there is none."""
    try:
        return json.loads(text)
    except RecursionError:
        return ValueError("nested too deeply")
    except ValueError as error:
        return error


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
