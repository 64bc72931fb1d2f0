"""The webhook answers in time, with the status that fits, whatever the API and the ledger do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from local.cloud.clock import SystemClock
from local.redis_server import RedisServer
from tests.support.hosted_cloud import STARTS, CloudAndHost, open_house
from tests.support.hosted_roomscribe import write_rules

pytestmark = pytest.mark.slow

TRTC_WAITS_MS = 5_000
CALL_MS = 2_000  # how long a call of a cold instance may take
FAULTS: dict[str, dict[str, object]] = {
    "hang": {"what": "hang", "when": "before"},
    "drip": {"what": "drip", "ms": 100},
    "slow": {"what": "latency", "ms": 3_500},
}


async def create_rooms(stage: CloudAndHost, *rooms: str) -> dict[str, tuple[int, int]]:
    """The status of the webhook's first answer to each room's creation, and after how many ms."""
    for room_id in rooms:
        await stage.create_room(room_id)
    while True:
        delivered = {
            str(one["room_id"]): one
            for one in stage.list_entries("callback.delivered")
            if one["event_type"] == 101 and one["attempt"] == 1
        }
        if delivered.keys() >= set(rooms):
            break
        await asyncio.sleep(0.01)
    return {
        room_id: (int(str(delivered[room_id].get("status"))), read_elapsed_ms(delivered[room_id]))
        for room_id in rooms
    }


def read_elapsed_ms(entry: dict[str, object]) -> int:
    return int(str(entry["elapsed_ms"]))


async def plan_faults(stage: CloudAndHost) -> None:
    """A kind of trouble for the rooms of each name, and nobody who enters them."""
    await stage.plan(where="callback", what="lose", events=[103])
    for name, fault in FAULTS.items():
        await stage.plan(where="api", room=f"*{name}", actions=[*STARTS], **fault)


def test_webhook_answers_in_time_while_the_api_hangs_or_drips(tmp_path: Path) -> None:
    async def act(stage: CloudAndHost) -> None:
        await plan_faults(stage)
        cold = await create_rooms(stage, "hang", "drip", "slow")
        warm = await create_rooms(stage, "ai-hang", "ai-drip", "ai-slow")
        for room_id, (status, elapsed_ms) in {**cold, **warm}.items():
            assert status == 503, room_id  # it may have happened, or not: come back
            assert CALL_MS <= elapsed_ms < TRTC_WAITS_MS, room_id
        deferred = stage.list_lines("transcription.deferred")
        assert {(line["error_code"], line["cold_start"]) for line in deferred} == {
            ("ClientNetworkError.TimeoutError", True),
            ("ClientNetworkError.TimeoutError", False),
        }

    theatre = open_house(f"sqlite:///{tmp_path}/ledger.db", write_rules(tmp_path))
    replace(theatre, clock=SystemClock(), instances=3).play(act)


def test_webhook_answers_in_time_while_redis_hangs(own_redis: RedisServer, tmp_path: Path) -> None:
    async def act(stage: CloudAndHost) -> None:
        await plan_faults(stage)
        own_redis.pause()
        try:
            answers = await create_rooms(stage, "lobby", "ai-lobby", "hang")
        finally:
            own_redis.resume()
        assert {room_id: status for room_id, (status, _) in answers.items()} == {
            "lobby": 200,
            "ai-lobby": 200,
            "hang": 503,
        }
        assert max(elapsed_ms for _, elapsed_ms in answers.values()) < TRTC_WAITS_MS
        assert sorted(await stage.list_tasks()) == ["ai-lobby", "lobby"]

    theatre = open_house(own_redis.url, write_rules(tmp_path), PYTHONPATH="")
    replace(theatre, clock=SystemClock(), instances=3).play(act)
