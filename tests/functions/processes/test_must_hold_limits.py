"""More rooms than the API takes at once: all get their turn, nobody storms it, and waiting is visible."""

from __future__ import annotations

import pytest

from tests.support.hosted_cloud import START_MS, CloudAndHost, find_most_in_a_second
from tests.support.hosted_roomscribe import OpenHouse

pytestmark = pytest.mark.slow

STARTS_PER_S = 20
QUOTA = 100


async def create_rooms(stage: CloudAndHost, count: int, *, within_ms: int = 0) -> list[str]:
    rooms = [f"room-{number:03}" for number in range(count)]
    for number, room_id in enumerate(rooms, 1):
        await stage.create_room(room_id)
        if within_ms:
            await stage.pass_time(within_ms * number // count - within_ms * (number - 1) // count)
    return rooms


def test_burst_of_60_rooms_in_one_second_is_started_without_a_storm(house: OpenHouse) -> None:
    async def act(stage: CloudAndHost) -> None:
        rooms = await create_rooms(stage, 60, within_ms=1_000)
        await stage.pass_time(10_000)
        starts = stage.list_starts()
        throttled = sum(call["outcome"] == "RequestLimitExceeded" for call in starts)
        assert throttled <= 0.05 * len(starts)
        assert find_most_in_a_second(starts) <= STARTS_PER_S
        assert stage.count_tasks_started() == dict.fromkeys(rooms, 1)
        assert stage.read_seconds()["doubled"] == 0

    house(STARTS_PER_S_CLOUD=str(STARTS_PER_S), TASK_QUOTA="200").play(act)


def test_limiter_lets_no_storm_through_while_100_rooms_wait(house: OpenHouse) -> None:
    async def act(stage: CloudAndHost) -> None:
        rooms = await create_rooms(stage, 100)
        await stage.pass_time(0)
        assert len(stage.list_starts()) <= STARTS_PER_S
        await stage.pass_time(8_000)
        starts = stage.list_starts()
        assert find_most_in_a_second(starts) <= STARTS_PER_S
        assert {call["outcome"] for call in starts} == {"ok"}
        assert stage.count_tasks_started() == dict.fromkeys(rooms, 1)

    house(STARTS_PER_S_CLOUD=str(STARTS_PER_S), TASK_QUOTA="500").play(act)


def test_150_rooms_that_want_100_slots_wait_visibly_and_start_as_slots_free(
    house: OpenHouse,
) -> None:
    async def act(stage: CloudAndHost) -> None:
        rooms = await create_rooms(stage, 150)
        await stage.pass_time(5_000)
        running = await stage.list_tasks()
        waiting = [room_id for room_id in rooms if room_id not in running]
        assert (len(running), len(waiting)) == (QUOTA, 50)
        for room_id in waiting:
            told = await stage.invoke("describe_room", room_id=room_id)
            (task,) = told["sessions"][0]["tasks"]
            assert (task["state"], task["error_code"]) == ("due", "TaskQuota")
            assert START_MS <= task["waiting_since_ms"] <= START_MS + 1_000

        for room_id in list(running)[:30]:
            await stage.act(room_id, "dismiss")
        await stage.pass_time(5_000)
        assert len(await stage.list_tasks()) == QUOTA
        for room_id in list(running)[30:]:
            await stage.act(room_id, "dismiss")
        await stage.pass_time(10_000)
        assert sorted(await stage.list_tasks()) == waiting
        assert stage.count_tasks_started() == dict.fromkeys(rooms, 1)
        # What it waited for last: on a slow machine also time that a sweep had not.
        started = stage.list_lines("transcription.started")
        waited_for = {line["room_id"]: line.get("waited_for") for line in started}
        assert all(waited_for[room_id] for room_id in waiting)
        assert {call["outcome"] for call in stage.list_starts()} == {"ok"}

    house(STARTS_PER_S_CLOUD="300", TASK_QUOTA=str(QUOTA)).play(act)
