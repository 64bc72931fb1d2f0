"""Saved callbacks: files in any shape, log lines rebuilt, the present time put in: only RecordErrors.

The first byte says what the file is called.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.replay.files import LINE_SUFFIXES, TABLE_SUFFIX, RecordError
from local.replay.records import Record, read_recording
from local.replay.signing import SENT_AT, renew

EVENTS = Path(__file__).parents[2] / "events"
NAMES = ("a.json", *(f"a{suffix}" for suffix in LINE_SUFFIXES), "a", f"a{TABLE_SUFFIX}")
FOLDER = tempfile.TemporaryDirectory()
PATHS = [Path(FOLDER.name, name) for name in NAMES]
NOW_MS = 1_800_000_000_000
LINE = (
    '{"message": "transcription.started", "event_type": 101, "event_ms": 1700000000000, '
    '"room_id": "12", "room_id_type": 0, "user_id": "amy", "sdk_app_id": 1400000000, '
    '"function_request_id": "f"}'
)
SERVICE = LINE.replace("101", "902").replace("}", ', "leave_code": 1, "task_id": "t"}')
EXPORTED = json.dumps({"SCF_Message": LINE, "SCF_LogTime": 1700000000000})
TABLE = f"SCF_Message,SCF_LogTime\n'{LINE}',1\nSTART,2\n".replace('"', '""').replace("'", '"')
WRAPPED = '{"body": "e30=", "isBase64Encoded": true, "status": 401, "headers": {"SdkAppId": "1"}}'
BARE = '{"EventType": 101, "CallbackTs": 1700000000000, "EventInfo": {"RoomId": 1}}'


def list_seeds() -> Iterator[bytes]:
    """Every event, a list of them, and lines of each kind."""
    for path in sorted(EVENTS.glob("*.json")):
        yield b"\0" + path.read_bytes()
    yield b"\1" + "\n".join((LINE, SERVICE, WRAPPED, BARE, LINE)).encode()
    yield b"\1" + EXPORTED.encode()
    yield b"\5" + TABLE.encode()
    yield b"\0" + f"[{LINE}, {WRAPPED}, {BARE}]".encode()
    yield from (b"\4" + text.encode() for text in (LINE, SERVICE, WRAPPED, BARE))


def run(data: bytes) -> None:
    """Fail on anything but records or a RecordError."""
    path = PATHS[(data or b"\0")[0] % len(PATHS)]
    path.write_bytes(data[1:])
    try:
        recording = read_recording([path])
    except RecordError as error:
        assert str(error).startswith(str(path))
        return
    for record in recording.records:
        _check(record)


def _check(record: Record) -> None:
    """With the present time in it, a callback says the same; a second time, nothing changes at all."""
    assert record.expected is None or 100 <= record.expected <= 599
    renewed = renew(record.body, NOW_MS)
    assert renew(renewed, NOW_MS) == renewed
    before, after = _read(record.body), _read(renewed)
    if not isinstance(before, dict) or not isinstance(after, dict):
        assert renewed == record.body
        return
    sent = next((name for name in SENT_AT if type(before.get(name)) is int), None)
    if sent is None:
        assert renewed == record.body
        return
    assert after[sent] == NOW_MS
    changed = {name for name in after if after[name] != before.get(name, after[name])}
    assert changed <= {sent}
    assert after.keys() - before.keys() <= {"SavedCallbackTs"}


def _read(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=str)
    except (ValueError, RecursionError):
        return None
