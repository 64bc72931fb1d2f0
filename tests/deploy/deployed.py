"""What is deployed, as TRTC meets it."""

from __future__ import annotations

import json
import re
import time

import httpx

from shared.signer import sign_callback
from tests.support.tccli_deployment import CALLBACK_KEY, Tencent

URL = re.compile(r"^http://127\.0\.0\.1:\d+/url/\w+$", re.MULTILINE)


def post_room_created(url: str, room_id: str) -> httpx.Response:
    """What TRTC posts when a room is created."""
    now_ms = int(time.time() * 1000)
    info = {"RoomId": room_id, "EventTs": now_ms // 1000, "EventMsTs": now_ms, "UserId": "amy"}
    event = {"EventGroupId": 1, "EventType": 101, "CallbackTs": now_ms, "EventInfo": info}
    body = json.dumps(event).encode()
    headers = {
        "Content-Type": "application/json",
        "SdkAppId": "1400000001",
        "Sign": sign_callback(CALLBACK_KEY, body),
    }
    return httpx.post(url, content=body, headers=headers, trust_env=False, timeout=30)


def say_in_new_room(tencent: Tencent, callback_url: str, room_id: str) -> int:
    """Enter the address as in TRTC's console, open a room and speak: how many tasks heard it."""
    tencent.http.post("/_local/callback_url", json={"url": callback_url}).raise_for_status()
    room = {"room_id": room_id, "room_id_type": 1, "user_id": "amy"}
    tencent.http.post("/_local/rooms", json=room).raise_for_status()
    sentence = {"user_id": "amy", "text": "Good morning.", "wait_s": 25}
    said = tencent.http.post(f"/_local/rooms/{room_id}/say", json=sentence).raise_for_status()
    return len(said.json()["heard_by"])


def list_task_rooms(tencent: Tencent) -> list[str]:
    """The rooms for which a task was started."""
    rooms = tencent.http.get("/_local/rooms").json()["rooms"]
    return [room["room_id"] for room in rooms for _ in room["tasks"]]
