"""Callbacks as TRTC signs them, handed to the real trtc_callback as SCF would."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.ingest.plan import (
    CREATED,
    SENTENCE_MS,
    SPEAKERS,
    SPOKEN,
    Post,
    Size,
    name_room,
    write_text,
    write_translation,
)
from local.cloud.callbacks import sign_body, write_body
from local.development import CALLBACK_KEY, SDK_APP_ID, SDK_SECRET_KEY
from shared.room import Room
from shared.signer import bot_user_id

GROUP = 14
STRING_ROOM = 1
CONTEXT = {"function_name": "trtc_callback", "time_limit_in_ms": 10_000}
LANGUAGE = "zh"

Json = dict[str, Any]


class Webhook:
    """trtc_callback in this process; `began_ms` is when all meetings began."""

    def __init__(self, size: Size, began_ms: int) -> None:
        self._handle: Callable[[Json, Json], Json] = importlib.import_module(
            "trtc_callback"
        ).main_handler
        self._size = size
        self._began_ms = began_ms

    def open_room(self, room: int) -> int:
        """Tell that a room's task runs, which opens its session; the HTTP status of the answer."""
        return self._send(room, CREATED, self._began_ms, {"Status": 0})[0]

    def post(self, post: Post) -> tuple[int, float]:
        """Deliver a callback: the HTTP status of the answer, and after how many ms it came."""
        room, number, event_type = post
        end_ms = self._size.find_end_ms(number)
        payload = {
            "UserId": SPEAKERS[number % len(SPEAKERS)],
            **_write_words(post),
            "StartTimeMs": end_ms - SENTENCE_MS,
            "EndTimeMs": end_ms,
            "RoundId": f"round-{number}",
        }
        return self._send(room, event_type, self._began_ms + end_ms, payload)

    def _send(
        self, room: int, event_type: int, event_ms: int, payload: Mapping[str, object]
    ) -> tuple[int, float]:
        room_id = name_room(room)
        info = {
            "EventMsTs": event_ms,
            "TaskId": f"task-{room_id}",
            "RoomId": room_id,
            "RoomIdType": STRING_ROOM,
            "RobotId": bot_user_id(Room(SDK_APP_ID, room_id, STRING_ROOM), SDK_SECRET_KEY),
            "Payload": payload,
        }
        event = write_event(event_type, info)
        began_s = time.perf_counter()
        answer = self._handle(event, CONTEXT)
        return int(answer["statusCode"]), (time.perf_counter() - began_s) * 1000


def write_event(event_type: int, info: Mapping[str, object]) -> Json:
    """The event SCF makes of a signed callback at a function URL."""
    now_ms = time.time_ns() // 1_000_000
    body = write_body(
        {"EventGroupId": GROUP, "EventType": event_type, "CallbackTs": now_ms, "EventInfo": info}
    )
    headers = {"SdkAppId": str(SDK_APP_ID), "Sign": sign_body(body, CALLBACK_KEY)}
    return {"httpMethod": "POST", "path": "/", "headers": headers, "body": body.decode()}


def _write_words(post: Post) -> dict[str, str]:
    if post.event_type == SPOKEN:
        return {"Text": write_text(post.room, post.number)}
    text = write_translation(post.room, post.number)
    return {"TranslationText": text, "TranslationLanguage": LANGUAGE}
