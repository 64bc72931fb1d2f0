"""Callbacks with half a character, or an impossible time: the room they are about goes its usual way."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable

import describe_room
import pytest
import read_transcript
import trtc_callback

from shared.links import sign_link
from shared.scf import now_ms
from shared.signer import sign_callback
from tests.support.emulator import APPLICATION, SDK_APP_ID
from tests.support.signed_callbacks import Scene
from tests.support.transcript_source import LINK_KEY

CREATED, DISMISSED, ENTERED, LEFT, SPOKE = 101, 102, 103, 104, 1403
DAY_MS = 86_400_000
UNITS: dict[str, Callable[[int], int]] = {
    "seconds": lambda ms: ms // 1000,
    "microseconds": lambda ms: ms * 1000,
    "a day ahead": lambda ms: ms + DAY_MS,
    "a day behind": lambda ms: ms - DAY_MS,
}


def post_bytes(body: bytes) -> int:
    """Deliver bytes, signed, as a function URL does when they are no UTF-8; the HTTP status."""
    headers = {
        "sign": sign_callback(APPLICATION.callback_key, body),
        "sdkappid": str(SDK_APP_ID),
    }
    event = {"httpMethod": "POST", "path": "/", "headers": headers, "isBase64Encoded": True}
    event["body"] = base64.b64encode(body).decode()
    return int(trtc_callback.main_handler(event, {"time_limit_in_ms": 10_000})["statusCode"])


def write_callback(event_type: int, event_ms: int, **info: object) -> bytes:
    info = {"RoomId": "lobby", "EventMsTs": event_ms, **info}
    envelope = {"EventType": event_type, "CallbackTs": now_ms(), "EventInfo": info}
    return json.dumps(envelope, ensure_ascii=False).encode()


@pytest.mark.parametrize("broken", [rb"\ud83d", "早".encode()[:2]])
def test_broken_name_starts_the_room_all_the_same(scene: Scene, broken: bytes) -> None:
    for event_type in (CREATED, ENTERED):
        body = write_callback(event_type, scene.now_ms(), UserId="ann@@", Role=20)
        assert post_bytes(body.replace(b"@@", broken)) == 200
    assert len(scene.tasks()) == 1
    answer = describe_room.main_handler({"room_id": "lobby"}, {"time_limit_in_ms": 10_000})
    (person,) = answer["sessions"][0]["people"]
    assert person["user_id"] == "ann\ufffd"


@pytest.mark.parametrize("unit", UNITS)
def test_time_in_another_unit_opens_hears_and_closes(
    scene: Scene, environment: pytest.MonkeyPatch, unit: str
) -> None:
    environment.setenv("TRANSCRIPT_LINK_KEY", LINK_KEY)
    send = UNITS[unit]
    assert post_bytes(write_callback(CREATED, send(now_ms()), UserId="ann")) == 200
    (task,) = scene.tasks()
    said = {"TaskId": task["task_id"], "RoomIdType": 1, "RobotId": task["bot_user_id"]}
    said["Payload"] = {"UserId": "ann", "Text": "Good morning", "RoundId": "r"}
    for event_type, info in [(ENTERED, {"Role": 20}), (SPOKE, said), (LEFT, {}), (DISMISSED, {})]:
        body = write_callback(event_type, send(now_ms()), UserId="ann", **info)
        assert post_bytes(body) == 200
    assert scene.tasks() == []
    answer = describe_room.main_handler({"room_id": "lobby"}, {"time_limit_in_ms": 10_000})
    (session,) = answer["sessions"]
    assert abs(session["closed_ms"] - now_ms()) < 300_000
    assert not session["people"][0]["present"]
    for form in ("vtt", "srt", "txt", "json"):
        path = f"/{sign_link(LINK_KEY, session['session'], int(time.time()) + 60)}.{form}"
        event = {"httpMethod": "GET", "path": path, "headers": {}, "queryString": {}}
        file = read_transcript.main_handler(event, {})
        assert file["statusCode"] == 200
        assert "Good morning" in file["body"]
        assert form != "vtt" or "\n00:00:0" in file["body"]
