"""From a room's creation to its first sentence, and rooms in which none comes, on the emulator's clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.hosted_cloud import START_MS, CloudAndHost
from tests.support.hosted_roomscribe import AI_ROOM, CLOUD_ROOM, OpenHouse

pytestmark = pytest.mark.slow

SPOKEN = "a sentence nobody may log"


async def talk_and_be_silent(stage: CloudAndHost) -> None:
    """Amy talks after 5 s in one room of each service, and has her microphone on in a third for 10 min."""
    for room_id in (CLOUD_ROOM, AI_ROOM, "silent"):
        await stage.create_room(room_id)
        await stage.act(room_id, "audio", user_id="amy", on=True)
    await stage.pass_time(5_000)
    for minute in range(10):
        for room_id in (CLOUD_ROOM, AI_ROOM):
            await stage.act(room_id, "say", user_id="amy", text=f"{SPOKEN} {minute}")
        await stage.pass_time(60_000)


async def describe(stage: CloudAndHost, room_id: str) -> dict[str, Any]:
    told = await stage.invoke("describe_room", room_id=room_id)
    task: dict[str, Any] = told["sessions"][0]["tasks"][0]
    return task


def test_way_to_the_first_sentence_is_measured_and_silence_is_reported_once(
    house: OpenHouse,
) -> None:
    async def act(stage: CloudAndHost) -> None:
        await talk_and_be_silent(stage)
        for room_id in (CLOUD_ROOM, AI_ROOM):
            task = await describe(stage, room_id)
            timing = task["task_ids"][0]["timing"]
            steps = [timing[f"{name}_ms"] for name in ("event", "called", "running", "first_text")]
            assert steps[:3] == pytest.approx([START_MS] * 3, abs=1_000)
            assert steps[3] - steps[0] == timing["first_text_latency_ms"]
            assert timing["first_text_latency_ms"] == pytest.approx(5_000, abs=1_000)
            assert "silent_ms" not in task
        first = stage.list_lines("transcription.first_sentence")
        assert {line["room_id"]: line["first_text_latency_ms"] for line in first} == {
            CLOUD_ROOM: pytest.approx(5_000, abs=1_000),
            AI_ROOM: pytest.approx(5_000, abs=1_000),
        }
        assert len(first) == 2

        (line,) = stage.list_lines("room.silent")
        assert (line["room_id"], line["level"]) == ("silent", "WARNING")
        task = await describe(stage, "silent")
        assert (line["task_id"], task["state"]) == (task["task_id"], "running")
        assert 180_000 <= line["silent_ms"] <= 330_000 < task["silent_ms"]
        logged = [entry["line"] for entry in stage.list_entries("function.log")]
        assert SPOKEN not in json.dumps(logged)

    house().play(act)
