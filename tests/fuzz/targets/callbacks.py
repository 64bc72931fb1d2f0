"""Callbacks: an HTTP request, a signed body, an event of SCF; what a refusal is, and that all ways in agree.

The first byte says which: `b` a body that is signed, `e` a whole event of SCF as JSON.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from shared.applications import Application
from shared.callbacks import Callback, receive_callback
from shared.errors import CallbackError, RoomscribeError, SignatureError
from shared.room import NUMERIC_ROOM, names_numeric_room, names_string_room, names_user
from shared.signer import sign_callback

EVENTS = Path(__file__).parents[2] / "events"
APPLICATION = Application(1400000000, "a secret key of a test", "CallbackKey1")
NOW_MS, ANY_AGE_S = 1_687_770_730_166, 2**53
LATEST_MS = 2**53 * 1000  # a time in seconds may be that great; a ledger keeps 64 bits


def list_seeds() -> Iterator[bytes]:
    """A callback of each kind as a body, and an event of each kind of trigger."""
    for path in sorted(EVENTS.glob("*.json")):
        yield b"b" + path.read_bytes()
    for path in sorted(EVENTS.rglob("*.json")):
        yield b"e" + path.read_bytes()


def run(data: bytes) -> None:
    """Fail on anything but a Callback that can be kept, or an error of ours that is not the server's."""
    if data[:1] == b"e":
        _receive_json(data[1:])
    else:
        _receive_body(data[1:])


def _receive_json(text: bytes) -> None:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return
    _receive(event)


def _receive_body(body: bytes) -> None:
    event = write_event(body)
    callback = _receive(event)
    coded = {**event, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    assert _receive(coded) == callback
    _refuse_another_sign(event)
    if callback is not None:
        _compare_direct(body, callback)


def write_event(body: bytes) -> dict[str, Any]:
    """The event of a function URL for a body with a good Sign."""
    headers = {
        "SdkAppId": str(APPLICATION.sdk_app_id),
        "Sign": sign_callback(APPLICATION.callback_key, body),
    }
    text = base64.b64encode(body).decode()
    return {"httpMethod": "POST", "headers": headers, "body": text, "isBase64Encoded": True}


def _receive(event: object) -> Callback | None:
    try:
        callback = receive_callback(event, [APPLICATION], NOW_MS, ANY_AGE_S)
    except RoomscribeError as error:
        assert 400 <= error.http_status < 500, error
        return None
    _check(callback)
    return callback


def _check(callback: Callback) -> None:
    """Whatever was accepted can be kept, and names a room and a time that can be."""
    written = msgspec.json.encode(callback)
    assert msgspec.json.decode(written, type=Callback) == callback
    assert 0 <= callback.event_ms <= LATEST_MS
    if not callback.room.room_id:
        return
    is_numeric = callback.room.room_id_type == NUMERIC_ROOM
    names_room = names_numeric_room if is_numeric else names_string_room
    assert names_room(callback.room.room_id)
    assert callback.event_type not in (103, 104, 203, 204) or names_user(callback.user_id)


def _refuse_another_sign(event: dict[str, Any]) -> None:
    headers = event["headers"]
    for sign in ("", headers["Sign"][:-2] + "A=", headers["Sign"].swapcase()):
        if sign == headers["Sign"]:
            continue
        other = {**event, "headers": {**headers, "Sign": sign}}
        try:
            receive_callback(other, [APPLICATION], NOW_MS, ANY_AGE_S)
        except SignatureError:
            continue
        raise AssertionError("a callback with a wrong Sign was taken")


def _compare_direct(body: bytes, callback: Callback) -> None:
    """The console gives the same event decoded; it must mean the same."""
    try:
        event = json.loads(body, object_pairs_hook=_refuse_twins, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return
    try:
        direct = receive_callback(event, [APPLICATION], NOW_MS, ANY_AGE_S)
    except (CallbackError, RoomscribeError):
        return
    for name in ("room", "event_type", "event_ms", "precise", "user_id", "role"):
        assert getattr(direct, name) == getattr(callback, name), name


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name twice: decoders differ in which one counts")
    return dict(pairs)


def _refuse(name: str) -> Any:
    raise ValueError(name)
