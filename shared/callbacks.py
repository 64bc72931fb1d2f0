"""TRTC callbacks: prove where one comes from, then parse it into a Callback."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from shared.errors import CallbackError, MethodError, RequestError, SignatureError, TooLargeError
from shared.scf import Request, is_direct, read_request
from shared.settings import Application
from shared.signer import WHOLE_ROOM, verify_callback
from shared.transcripts.records import SentenceNews

MAX_BODY_BYTES = 64 * 1024
MAX_ROOM_NUMBER = 2**32 - 1

ROOM_CREATED, ROOM_DISMISSED = 101, 102
USER_ENTERED, USER_LEFT = 103, 104
AUDIO_STARTED, AUDIO_STOPPED = 203, 204
ROOM_EVENTS = frozenset(
    (ROOM_CREATED, ROOM_DISMISSED, USER_ENTERED, USER_LEFT, AUDIO_STARTED, AUDIO_STOPPED)
)

USER_EVENTS = ROOM_EVENTS - {ROOM_CREATED, ROOM_DISMISSED}

# Of a task: group 9 is StartAITranscription's, group 14 CreateCloudTranscription's.
TASK_STARTED = frozenset((901, 1401))
TASK_STOPPED = frozenset((902, 1402))
TASK_SPOKE = frozenset((903, 1403, 1404))
TASK_EVENTS = TASK_STARTED | TASK_STOPPED | TASK_SPOKE

NUMERIC_ROOM, STRING_ROOM = 0, 1
ANCHOR = 20

Milliseconds = Annotated[int, Meta(ge=0, le=2**53)]


class EventInfo(Struct):
    """The fields of EventInfo that Roomscribe reads; TRTC may add others at any time.

    Source: TRTC documentation, room and media callbacks (product 647, document 51586), 2025-01.
    """

    room_id: int | str | None = msgspec.field(default=None, name="RoomId")
    room_id_type: int | None = msgspec.field(default=None, name="RoomIdType")
    event_ms: Milliseconds | str | None = msgspec.field(default=None, name="EventMsTs")
    event_s: Annotated[int, Meta(ge=0, le=2**43)] | None = msgspec.field(
        default=None, name="EventTs"
    )
    user_id: Annotated[str, Meta(max_length=128)] | None = msgspec.field(
        default=None, name="UserId"
    )
    role: int | None = msgspec.field(default=None, name="Role")


class TaskInfo(Struct):
    """What EventInfo says of a task; RobotId is group 14's, LeaveCode documented for 902 only.

    Source: TRTC documentation, AI service callbacks (product 647, documents 109686 and 129976), 2026-04.
    """

    task_id: Annotated[str, Meta(min_length=1, max_length=256)] = msgspec.field(name="TaskId")
    bot_user_id: str | None = msgspec.field(default=None, name="RobotId")
    payload: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"null"), name="Payload")


class TaskPayload(Struct):
    """What a task's Payload may say of its start (0: it runs) or of its end."""

    status: int = msgspec.field(default=0, name="Status")
    leave_code: int | None = msgspec.field(default=None, name="LeaveCode")


class DocumentedPayload(TaskPayload, forbid_unknown_fields=True):
    """The Payload of a start or an end with nothing else in it."""


class DocumentedInfo(EventInfo, forbid_unknown_fields=True, kw_only=True):
    """The EventInfo of a start or an end with nothing else in it; 2.0's ends have a Payload or none."""

    task_id: str = msgspec.field(name="TaskId")
    bot_user_id: str | None = msgspec.field(default=None, name="RobotId")
    payload: DocumentedPayload | None = msgspec.field(default=None, name="Payload")


class TaskNews(Struct, frozen=True):
    """What a callback tells of a task; `bot_user_id` and `leave_code` are None when it does not say.

    `unread` is all that a start or an end tells, when that is more than the documents say.
    """

    task_id: str
    service: str
    bot_user_id: str | None = None
    leave_code: int | None = None
    failed: bool = False
    unread: SentenceNews | None = None


class Envelope(Struct):
    """The outside of every callback; group 9's table calls CallbackTs by another name."""

    event_type: Annotated[int, Meta(ge=0, le=2**31)] = msgspec.field(name="EventType")
    info: msgspec.Raw = msgspec.field(name="EventInfo")
    callback_ms: Milliseconds | None = msgspec.field(default=None, name="CallbackTs")
    callback_ms_too: Milliseconds | None = msgspec.field(default=None, name="CallbackMsTs")


class Callback(Struct, frozen=True):
    """One TRTC event.

    `event_ms` is when it happened, in ms since 1970; only seconds of it are known when it is
    not `precise`. `room_id` is text, `room_id_type` 0 for numeric and 1 for string rooms.
    What an event of an unknown type does not tell is None.
    """

    sdk_app_id: int
    event_type: int
    event_ms: int
    precise: bool = True
    room_id: str = ""
    room_id_type: int = NUMERIC_ROOM
    user_id: str | None = None
    role: int | None = None
    task: TaskNews | None = None
    said: SentenceNews | None = None

    @property
    def is_room_event(self) -> bool:
        """Whether it tells of a room or of somebody in it."""
        return self.event_type in ROOM_EVENTS

    @property
    def is_task_event(self) -> bool:
        """Whether it tells of a transcription task."""
        return self.task is not None

    def describe(self) -> dict[str, int | str | None]:
        """What log lines say of it: enough to build the event again."""
        return {
            "sdk_app_id": self.sdk_app_id,
            "room_id": self.room_id or None,
            "room_id_type": self.room_id_type if self.room_id else None,
            "user_id": self.user_id,
            "role": self.role,
            "event_type": self.event_type,
            "event_ms": self.event_ms,
            "task_id": self.task.task_id if self.task else None,
        }


def names_numeric_room(room_id: str) -> bool:
    """Whether a numeric room (room_id_type 0) can have this id: 1 to 4294967295, no leading zero."""
    return bool(re.fullmatch(r"[1-9][0-9]{0,9}", room_id)) and int(room_id) <= MAX_ROOM_NUMBER


def names_string_room(room_id: str) -> bool:
    """Whether a string room (room_id_type 1) can have this id: 1 to 64 bytes of printable text."""
    return room_id.isprintable() and 1 <= len(room_id.encode()) <= 64


def names_user(user_id: str | None) -> bool:
    """Whether somebody can have this UserId; an asterisk stands for everybody."""
    return user_id is not None and user_id.isprintable() and user_id not in ("", WHOLE_ROOM)


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
    application = verify_request(request, applications)
    envelope = _decode(request.body)
    _check_age(envelope, now_ms, max_age_s)
    return _read_callback(application.sdk_app_id, envelope)


def verify_request(request: Request, applications: Sequence[Application]) -> Application:
    """The application whose key signed the request's raw body; raise SignatureError without one.

    The SdkAppId header is not signed: it only says which key to try. That is why two
    applications may not share a key.
    """
    claimed = request.headers.get("sdkappid", "").strip()
    application = next((app for app in applications if str(app.sdk_app_id) == claimed), None)
    sign = request.headers.get("sign", "").strip()
    # An unknown application costs the same work as a known one.
    key = application.callback_key if application else "unknown"
    valid = verify_callback(key, request.body, sign)
    if not sign:
        raise SignatureError("no Sign header: set a callback key in the TRTC console")
    if application is None:
        raise SignatureError("the SdkAppId header names no application of ours")
    if not valid:
        raise SignatureError(
            "the Sign header does not match the body: compare TRTC_CALLBACK_KEY with the console"
        )
    return application


def parse_event(sdk_app_id: int, event: Mapping[str, Any]) -> Callback:
    """The Callback in an already decoded callback body; raises CallbackError."""
    try:
        body = msgspec.json.encode(event)
    except (TypeError, ValueError) as error:
        raise CallbackError("the event is not JSON") from _without_text(error)
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
    try:
        return msgspec.json.decode(body, type=Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CallbackError("the body is not a TRTC callback") from _without_text(error)


def _check_age(envelope: Envelope, now_ms: int, max_age_s: int) -> None:
    sent_ms = envelope.callback_ms if envelope.callback_ms is not None else envelope.callback_ms_too
    if sent_ms is None:
        raise CallbackError("the callback has no CallbackTs")
    if abs(now_ms - sent_ms) > max_age_s * 1000:
        raise SignatureError(
            "CallbackTs is too old or in the future: check the clock, or replay with a new Sign"
        )


def _read_callback(sdk_app_id: int, envelope: Envelope) -> Callback:
    try:
        info = msgspec.json.decode(envelope.info, type=EventInfo)
        return _build_callback(envelope, sdk_app_id, info)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError) as error:
        if envelope.event_type in ROOM_EVENTS:
            raise CallbackError("EventInfo is not that of a TRTC room event") from _without_text(
                error
            )
        return Callback(sdk_app_id, envelope.event_type, envelope.callback_ms or 0)


def _build_callback(envelope: Envelope, sdk_app_id: int, info: EventInfo) -> Callback:
    event_type = envelope.event_type
    event_ms, precise = _read_time(info)
    room_id, room_id_type = _read_room(info)
    if event_type in USER_EVENTS and not names_user(info.user_id):
        raise ValueError("UserId is missing or none")
    task = _read_task(event_type, envelope.info) if event_type in TASK_EVENTS else None
    said = _read_sentence(event_type, envelope.info) if event_type in TASK_SPOKE else None
    return Callback(
        sdk_app_id,
        event_type,
        event_ms,
        precise,
        room_id,
        room_id_type,
        info.user_id,
        info.role,
        task,
        said,
    )


def _read_sentence(event_type: int, raw: msgspec.Raw) -> SentenceNews:
    from shared.transcripts.parsing import (
        parse_sentence,
    )  # late: most callbacks tell of no sentence

    return parse_sentence(event_type, bytes(raw))


def _keep_unread(raw: msgspec.Raw) -> SentenceNews:
    from shared.transcripts.parsing import keep_unread  # late: as above

    return keep_unread(bytes(raw))


def _read_task(event_type: int, raw: msgspec.Raw) -> TaskNews:
    info = msgspec.json.decode(raw, type=TaskInfo)
    try:
        payload = msgspec.json.decode(info.payload, type=TaskPayload)
    except (msgspec.MsgspecError, RecursionError):  # a payload no document has still names its task
        payload = TaskPayload()
    service = "ai" if event_type < 1000 else "cloud"
    failed = event_type in TASK_STARTED and payload.status != 0
    unread = None if event_type in TASK_SPOKE or _is_read(raw) else _keep_unread(raw)
    return TaskNews(info.task_id, service, info.bot_user_id, payload.leave_code, failed, unread)


def _is_read(raw: msgspec.Raw) -> bool:
    """Whether EventInfo and its Payload have nothing but what the documents name."""
    try:
        msgspec.json.decode(raw, type=DocumentedInfo)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True


def _read_time(info: EventInfo) -> tuple[int, bool]:
    if info.event_ms is not None:
        return msgspec.convert(info.event_ms, Milliseconds, strict=False), True
    if info.event_s is not None:
        return info.event_s * 1000, False
    raise ValueError("EventMsTs is missing")


def _read_room(info: EventInfo) -> tuple[str, int]:
    """The room's text and type; the JSON type of RoomId tells it, unless RoomIdType does (group 9 on)."""
    room_id = info.room_id
    if isinstance(room_id, int):
        if not 1 <= room_id <= MAX_ROOM_NUMBER:
            raise ValueError("RoomId is out of range")
        return str(room_id), NUMERIC_ROOM
    if not room_id or not names_string_room(room_id):
        raise ValueError("RoomId is not a room id")
    if info.room_id_type != NUMERIC_ROOM:
        return room_id, STRING_ROOM
    if not names_numeric_room(room_id):
        raise ValueError("RoomId is not a number")
    return room_id, NUMERIC_ROOM


def _without_text(error: Exception) -> ValueError:
    """The error's kind without its text, which may quote the body."""
    return ValueError(type(error).__name__)
