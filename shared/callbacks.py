"""TRTC callbacks: prove where one comes from, then parse it into a Callback."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from shared.applications import Application
from shared.errors import (
    CallbackError,
    MethodError,
    RequestError,
    RoomscribeError,
    SignatureError,
    TooLargeError,
)
from shared.room import (
    MAX_ROOM_NUMBER,
    NUMERIC_ROOM,
    STRING_ROOM,
    Room,
    names_numeric_room,
    names_string_room,
    names_user,
)
from shared.scf import Request, fold_names, is_direct, mend_json, read_request
from shared.signer import verify_callback
from shared.task_news import TASK_EVENTS, TASK_SPOKE, TaskNews, read_sentence, read_task
from shared.transcripts.records import SentenceNews

MAX_BODY_BYTES = 64 * 1024
# Further from CallbackTs an event's time is in another unit, or of a clock that is wrong.
MAX_DRIFT_MS = 300_000

ROOM_CREATED, ROOM_DISMISSED = 101, 102
USER_ENTERED, USER_LEFT = 103, 104
AUDIO_STARTED, AUDIO_STOPPED = 203, 204
USER_EVENTS = frozenset((USER_ENTERED, USER_LEFT, AUDIO_STARTED, AUDIO_STOPPED))
ROOM_EVENTS = USER_EVENTS | {ROOM_CREATED, ROOM_DISMISSED}

ANCHOR = 20

Milliseconds = Annotated[int, Meta(ge=0, le=2**53)]


class EventInfo(Struct):
    """The fields of EventInfo that Roomscribe reads, names folded; TRTC may add others at any time.

    Source: TRTC documentation, room and media callbacks (product 647, document 51586), 2025-01.
    """

    roomid: int | str | None = None
    roomidtype: int | None = None
    eventmsts: Any = None
    eventts: Any = None
    userid: Annotated[str, Meta(max_length=128)] | None = None
    role: int | None = None


class Envelope(Struct):
    """The outside of every callback; group 9's table calls CallbackTs by another name.

    `sent_ms` is when this callback was sent, `told_ms` when TRTC sent it: SavedCallbackTs is the
    CallbackTs of then, in a callback that is played again. None when the callback does not say.
    """

    event_type: Annotated[int, Meta(ge=0, le=2**31)] = msgspec.field(name="EventType")
    info: msgspec.Raw = msgspec.field(name="EventInfo")
    sent_ms: Milliseconds | None = msgspec.field(default=None, name="CallbackTs")
    sent_ms_too: Milliseconds | None = msgspec.field(default=None, name="CallbackMsTs")
    told_ms: Milliseconds | None = msgspec.field(default=None, name="SavedCallbackTs")


class Callback(Struct, frozen=True):
    """One TRTC event.

    `event_ms` is when it happened, in ms since 1970; only seconds of it are known when it is
    not `precise`. What an event of an unknown type does not tell is None, and a room's id "".
    `signed_with` is "old key" when the Sign is of the application's old callback key, else None.
    """

    room: Room
    event_type: int
    event_ms: int
    precise: bool = True
    user_id: str | None = None
    role: int | None = None
    task: TaskNews | None = None
    said: SentenceNews | None = None
    signed_with: Literal["old key"] | None = None


def receive_callback(
    event: object, applications: Sequence[Application], now_ms: int, max_age_s: int
) -> Callback:
    """The callback in an SCF event.

    Over HTTP it must carry a valid Sign and be at most `max_age_s` old or ahead; invoked directly,
    SCF has authenticated the caller and the event is the bare callback. Raises RequestError,
    SignatureError or CallbackError.
    """
    if is_direct(event):
        return _receive_direct(event, applications)
    request = read_request(event if isinstance(event, dict) else {})
    if request.method != "POST":
        raise MethodError("TRTC sends callbacks with POST")
    if len(request.body) > MAX_BODY_BYTES:
        raise TooLargeError(f"a callback has at most {MAX_BODY_BYTES} bytes")
    application, by_old_key = verify_request(request, applications)
    envelope = _decode(request.body)
    if envelope.sent_ms is None:
        raise CallbackError("the callback has no CallbackTs")
    off_ms = now_ms - envelope.sent_ms
    if abs(off_ms) > max_age_s * 1000:
        off = f"{abs(off_ms) // 1000} s {'older' if off_ms > 0 else 'newer'}"
        reason = f"the callback is {off} than this function's clock, says its CallbackTs: check the clock"
        raise SignatureError(f"{reason}, or replay with a new Sign", "stale", off_ms)
    callback = _read_callback(application.sdk_app_id, envelope)
    return msgspec.structs.replace(callback, signed_with="old key") if by_old_key else callback


def read_event_type(event: object) -> int | None:
    """The EventType in a callback, if it can be read, whoever has sent it: for the log alone."""
    with suppress(RoomscribeError):
        request = read_request(event if isinstance(event, dict) else {})
        return _decode(request.body).event_type if len(request.body) <= MAX_BODY_BYTES else None
    return None


def verify_request(
    request: Request, applications: Sequence[Application]
) -> tuple[Application, bool]:
    """The application whose key, or else old key (True), signed the raw body; raise SignatureError without.

    The SdkAppId header is not signed: it only says which key to try. That is why two
    applications may not share a key.
    """
    claimed = request.headers.get("sdkappid", "").strip()
    application = next((app for app in applications if str(app.sdk_app_id) == claimed), None)
    sign = request.headers.get("sign", "").strip()
    # An unknown application costs the same work as a known one, an old key the same as the new one.
    key = application.callback_key if application else "unknown"
    old_key = application.old_callback_key if application else ""
    by_new_key = verify_callback(key, request.body, sign)
    by_old_key = bool(old_key) and verify_callback(old_key, request.body, sign)
    if not sign:
        raise SignatureError("no Sign header: set a callback key in the TRTC console", "no_sign")
    if application is None:
        raise SignatureError("the SdkAppId header names no application of ours", "foreign_app")
    if not (by_new_key or by_old_key):
        raise SignatureError(
            "the Sign header does not match the body: compare TRTC_CALLBACK_KEY with the console",
            "wrong_sign",
        )
    return application, not by_new_key


def parse_event(sdk_app_id: int, event: Mapping[str, Any]) -> Callback:
    """The Callback in an already decoded callback body; raises CallbackError."""
    try:
        body = json.dumps(dict(event)).encode()
    except (TypeError, ValueError, RecursionError):
        raise CallbackError("the event is not JSON") from None
    return _read_callback(sdk_app_id, _decode(body))


def _receive_direct(event: object, applications: Sequence[Application]) -> Callback:
    if not isinstance(event, Mapping) or "EventInfo" not in event:
        raise RequestError(
            "invoke this function with a TRTC callback, such as "
            '{"EventGroupId": 1, "EventType": 101, "CallbackTs": 1687770730166, "EventInfo": '
            '{"RoomId": 12345, "EventTs": 1687770730, "EventMsTs": 1687770730160, "UserId": "test"}}; '
            "to start a room by hand, invoke start_transcription"
        )
    known = {app.sdk_app_id for app in applications}
    sdk_app_id = event.get("SdkAppId", next(iter(known)) if len(known) == 1 else None)
    if not isinstance(sdk_app_id, int) or sdk_app_id not in known:
        raise RequestError(
            "add SdkAppId to the event: the number of one of the configured applications"
        )
    return parse_event(sdk_app_id, event)


def _decode(body: bytes) -> Envelope:
    is_plain = body.isascii() and b"\\u" not in body  # nothing in it can be broken
    try:
        envelope = msgspec.json.decode(body if is_plain else mend_json(body), type=Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise CallbackError("the body is not a TRTC callback") from None
    if envelope.sent_ms is None:
        envelope.sent_ms = envelope.sent_ms_too
    if envelope.told_ms is None:
        envelope.told_ms = envelope.sent_ms
    return envelope


def _read_callback(sdk_app_id: int, envelope: Envelope) -> Callback:
    event_type, wrong = envelope.event_type, "EventInfo is not that of a TRTC room event"
    try:
        fields = fold_names(msgspec.json.decode(envelope.info))
        info = msgspec.convert(fields, EventInfo)
        event_ms, precise = _read_time(info, envelope.told_ms)
        room = _read_room(sdk_app_id, info)
        about = (event_type, bytes(envelope.info), fields, event_ms)
        task = read_task(*about) if event_type in TASK_EVENTS else None
        said = read_sentence(*about) if event_type in TASK_SPOKE else None
    except (msgspec.MsgspecError, ValueError, RecursionError):  # its text may quote the body
        if event_type not in ROOM_EVENTS:
            return Callback(Room(sdk_app_id, "", NUMERIC_ROOM), event_type, envelope.told_ms or 0)
        raise CallbackError(wrong) from None
    if event_type in USER_EVENTS and not names_user(info.userid):
        raise CallbackError(wrong)
    return Callback(room, event_type, event_ms, precise, info.userid, info.role, task, said)


def _read_time(info: EventInfo, told_ms: int | None) -> tuple[int, bool]:
    """When it happened, and whether that is known to the ms; CallbackTs for a time that cannot be."""
    precise = info.eventmsts is not None
    told = info.eventmsts if precise else info.eventts
    if told is None:
        raise ValueError("EventMsTs is missing")
    try:
        event_ms = msgspec.convert(told, Milliseconds, strict=False) * (1 if precise else 1000)
    except msgspec.ValidationError:
        if told_ms is None:
            raise
        return told_ms, True
    if told_ms is not None and abs(event_ms - told_ms) > MAX_DRIFT_MS:
        return told_ms, True
    return event_ms, precise


def _read_room(sdk_app_id: int, info: EventInfo) -> Room:
    """The room; the JSON type of RoomId tells its type, unless RoomIdType does (group 9 on)."""
    room_id = info.roomid
    if isinstance(room_id, int):
        if not 1 <= room_id <= MAX_ROOM_NUMBER:
            raise ValueError("RoomId is out of range")
        return Room(sdk_app_id, str(room_id), NUMERIC_ROOM)
    if not room_id or not names_string_room(room_id):
        raise ValueError("RoomId is not a room id")
    if info.roomidtype != NUMERIC_ROOM:
        return Room(sdk_app_id, room_id, STRING_ROOM)
    if not names_numeric_room(room_id):
        raise ValueError("RoomId is not a number")
    return Room(sdk_app_id, room_id, NUMERIC_ROOM)
