"""TRTC among the strangers: it tells of new rooms at random moments, and waits 5 s for each answer."""

from __future__ import annotations

import http.client
import random
import time
from collections.abc import Sequence
from multiprocessing.synchronize import Event
from typing import NamedTuple

from benchmarks.strangers.besieging import WEBHOOK
from local.cloud.callbacks import sign_body, write_body
from local.development import CALLBACK_KEY, SDK_APP_ID
from local.server import HOST

PATIENCE_S = 5.0  # Source: TRTC documentation, event callbacks
PAUSES_S = (0.2, 1.0)  # between an answer and the next callback
SEED = 13


class Answer(NamedTuple):
    """The HTTP status of an answer, 0 when none came, and after how many ms."""

    status: int
    waited_ms: float


def call_in(port: int, rooms: Sequence[int], begun: Event, over: Event) -> list[Answer]:
    """Tell of each room, from when the strangers have `begun`; then it is `over`."""
    chance = random.Random(SEED)  # noqa: S311  no secret depends on it
    begun.wait()
    try:
        return [_tell_of(port, room_id, chance.uniform(*PAUSES_S)) for room_id in rooms]
    finally:
        over.set()


def _tell_of(port: int, room_id: int, pause_s: float) -> Answer:
    time.sleep(pause_s)
    began_s = time.perf_counter()
    try:
        status = _post(port, room_id)
    except (OSError, http.client.HTTPException):
        status = 0
    return Answer(status, (time.perf_counter() - began_s) * 1000)


def _post(port: int, room_id: int) -> int:
    now_ms = time.time_ns() // 1_000_000
    info = {"RoomId": room_id, "EventMsTs": now_ms, "EventTs": now_ms // 1000, "UserId": "ann"}
    told = {"EventGroupId": 1, "EventType": 101, "CallbackTs": now_ms, "EventInfo": info}
    body = write_body(told)
    headers = {
        "Host": f"{HOST}:{port}",
        "SdkAppId": str(SDK_APP_ID),
        "Sign": sign_body(body, CALLBACK_KEY),
    }
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_S)
    try:
        connection.request("POST", WEBHOOK, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()
