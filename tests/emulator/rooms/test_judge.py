"""The judge is judged: what the books must find, done through the official SDK."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from local.cloud.clock import ManualClock
from local.cloud.config import Wanting
from tests.emulator import official_sdk
from tests.support.emulator import (
    CONFIG,
    RunningCloud,
    make_user_sig,
    running_cloud,
    write_cloud_order,
)


def now() -> ManualClock:
    """A clock that begins at the real time, with which the SDK signs."""
    return ManualClock(time.time_ns() // 1_000_000)


def want_classes(_app: int, room_id: str, _type: int, _user_id: str) -> Wanting:
    """The rule of these tests: rooms from 100 on while somebody speaks, the others not at all."""
    return "microphone" if int(room_id) >= 100 else None


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    config = replace(CONFIG, preparing_ms=0, idle_stops=False, bots_hold_rooms=True)
    with running_cloud(config, clock=now()) as running:
        yield running


def start(cloud: RunningCloud, bot: str, **params: object) -> None:
    """A 2.0 task in room 1234, by the SDK."""
    order: dict[str, Any] = write_cloud_order("1234", bot)
    order["TranscriptionParam"] |= params
    official_sdk.call(official_sdk.connect(cloud.port), "CreateCloudTranscription", order)


def start_ai(cloud: RunningCloud, bot: str) -> None:
    """A 1.0 task there."""
    order = {
        "SdkAppId": official_sdk.SDK_APP_ID,
        "RoomId": "1234",
        "RoomIdType": 0,
        "TranscriptionParams": {"UserId": bot, "UserSig": make_user_sig(bot)},
    }
    official_sdk.call(official_sdk.connect(cloud.port), "StartAITranscription", order)


def judge(cloud: RunningCloud) -> dict[str, object]:
    """The three numbers."""
    report = cloud.http.get("/_local/report").json()
    return {name: report[f"{name}_s"] for name in ("missing", "doubled", "orphaned")}


def test_two_bots_in_one_room_make_doubled_grow(cloud: RunningCloud) -> None:
    cloud.create(1234)
    start(cloud, "first")
    start(cloud, "second")
    cloud.advance(10_000)
    assert judge(cloud) == {"missing": 0, "doubled": 10, "orphaned": 0}
    cloud.advance(5_000)
    assert judge(cloud) == {"missing": 0, "doubled": 15, "orphaned": 0}


def test_bots_of_two_services_make_doubled_grow(cloud: RunningCloud) -> None:
    cloud.create(1234)
    start(cloud, "first")
    start_ai(cloud, "second")
    cloud.advance(10_000)
    assert judge(cloud) == {"missing": 0, "doubled": 10, "orphaned": 0}


def test_task_past_its_idle_limit_with_nobody_there_makes_orphaned_grow(
    cloud: RunningCloud,
) -> None:
    cloud.create(1234)
    start(cloud, "bot", MaxIdleTime=30)
    cloud.act("1234", "leave", user_id="amy")
    cloud.advance(30_000)
    assert judge(cloud) == {"missing": 0, "doubled": 0, "orphaned": 0}
    cloud.advance(10_000)
    assert judge(cloud) == {"missing": 0, "doubled": 0, "orphaned": 10}


def test_people_whom_no_task_serves_make_missing_grow_while_they_speak() -> None:
    config = replace(CONFIG, wanted=want_classes)
    with running_cloud(config, clock=now()) as cloud:
        for room_id in (99, 1234):
            cloud.create(room_id)
            cloud.act(str(room_id), "audio", user_id="amy", on=True)
        cloud.advance(10_000)
        assert judge(cloud) == {"missing": 10, "doubled": 0, "orphaned": 0}
        cloud.act("1234", "audio", user_id="amy", on=False)
        cloud.advance(10_000)
        assert judge(cloud) == {"missing": 10, "doubled": 0, "orphaned": 0}
        cloud.act("1234", "audio", user_id="amy", on=True)
        start(cloud, "bot")
        cloud.advance(10_000)
        assert judge(cloud) == {"missing": 10, "doubled": 0, "orphaned": 0}
