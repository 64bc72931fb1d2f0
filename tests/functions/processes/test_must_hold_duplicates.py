"""Exactly one task, however often and wherever a callback arrives."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.support.hosted_cloud import CloudAndHost
from tests.support.hosted_roomscribe import AI_ROOM, CLOUD_ROOM, OpenHouse

pytestmark = pytest.mark.slow

COPIES = 199


@pytest.mark.parametrize("room_id", [CLOUD_ROOM, AI_ROOM])
def test_200_duplicates_of_one_callback_in_parallel_over_8_processes_start_one_task(
    house: OpenHouse, room_id: str
) -> None:
    async def act(stage: CloudAndHost) -> None:
        await warm_up(stage)
        await stage.plan(where="api", what="latency", ms=400, room=room_id, when="before")
        await stage.plan(
            where="callback", what="duplicate", copies=COPIES, events=[101], room=room_id
        )
        await stage.create_room(room_id)
        await stage.pass_time(60_000)

        answers = [
            entry["status"]
            for entry in stage.list_entries("callback.delivered")
            if entry["event_type"] == 101 and entry["room_id"] == room_id
        ]
        assert answers.count(200) == COPIES + 1
        assert 503 in answers  # of those that came while the first was in flight
        assert len([one for one in stage.list_starts() if one["room_id"] == room_id]) == 1
        assert stage.count_tasks_started()[room_id] == 1
        assert stage.read_seconds()["doubled"] == 0
        (task_id,) = (await stage.list_tasks())[room_id]
        (session,) = stage.read_book(room_id).sessions
        assert [known.task_id for known in session.tasks["*"].task_ids] == [task_id]

    replace(house(), instances=8).play(act)


async def warm_up(stage: CloudAndHost) -> None:
    """Eight instances at once."""
    events = [stage.host.run("trtc_callback", {}, str(number)) for number in range(8)]
    await asyncio.gather(*events)
    assert len(stage.host.pids) == 8
