"""After an hour in which no webhook came, one call finds every room that lives and starts it, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.hosted_cloud import CloudAndHost, find_most_in_a_second
from tests.support.hosted_roomscribe import OpenHouse

pytestmark = pytest.mark.slow

HOUR_MS = 3_600_000
BEFORE, ROOMS, ENDED, REOPENED = 100, 500, 100, 10
STARTS_PER_S = 20


@pytest.mark.parametrize("delay_ms", [0, 300_000])
def test_rooms_of_an_hour_without_a_webhook(house: OpenHouse, delay_ms: int) -> None:
    """Of the rooms that end, half have been known before that hour, and half have not; some open again."""

    async def act(stage: CloudAndHost) -> None:
        rooms = [f"room-{number:03}" for number in range(ROOMS)]
        for room_id in rooms[:BEFORE]:
            await stage.create_room(room_id)
        await stage.pass_time(10_000)
        assert len(await stage.list_tasks()) == BEFORE
        webhook = f"{stage.url}/functions/trtc_callback"
        stage.cloud.set_callback_url(None)
        for room_id in rooms[BEFORE:]:
            await stage.create_room(room_id)
        dead = [*rooms[: ENDED // 2], *rooms[-ENDED // 2 :]]
        for room_id in dead:
            await stage.act(room_id, "leave", user_id="amy")
        await stage.pass_time(600_000)
        reopened = dead[:REOPENED]
        for room_id in reopened:
            await stage.create_room(room_id)
        await stage.pass_time(HOUR_MS)
        alive = set(rooms) - {*dead[REOPENED:]}
        assert len(await stage.list_tasks()) < BEFORE
        stage.cloud.set_callback_url(webhook)
        known = len(stage.list_starts())

        told = await stage.invoke("reconcile_rooms", since="2h", dry_run=True)
        assert told["counts"]["start"] == ROOMS - BEFORE - ENDED // 2 + REOPENED
        assert len(stage.list_starts()) == known
        told = await stage.invoke("reconcile_rooms", since="2h")
        assert told["outcome"] == "reconciled"
        await stage.invoke("reconcile_rooms", since="2h")
        await stage.pass_time(30_000)
        running = await stage.list_tasks()
        assert (set(running), {len(ids) for ids in running.values()}) == (alive, {1})
        assert find_most_in_a_second(stage.list_starts()[known:]) <= STARTS_PER_S
        assert stage.read_seconds()["doubled"] == 0
        for room_id in dead[REOPENED : ENDED // 2]:
            assert stage.read_book(room_id).open_now is None
        await stage.pass_time(120_000)
        assert await stage.list_tasks() == running
        again = await stage.invoke("reconcile_rooms", since="2h")
        assert again["counts"] == {"unchanged": ROOMS + REOPENED}

    theatre = house(STARTS_PER_S_CLOUD=str(STARTS_PER_S), TASK_QUOTA="1000")
    replace(theatre, config=replace(theatre.config, room_data_delay_ms=delay_ms)).play(act)
