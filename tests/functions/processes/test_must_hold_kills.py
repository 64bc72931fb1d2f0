"""The handler is killed at any step of a start: there is one running task, and the ledger knows it."""

from __future__ import annotations

import pytest

from tests.support.hosted_cloud import STARTS, CloudAndHost
from tests.support.hosted_roomscribe import OpenHouse

pytestmark = pytest.mark.slow

SWEEP_MS = 45_000  # the claim of the dead runs out after 9 s, the timer comes every 30 s
SERVICES = ("lobby", "ai-lobby")  # 2.0 and 1.0, by the rules of rooms.py

Fault = dict[str, object]
KILL: Fault = {"where": "instance", "what": "kill", "times": 1}
HANG: Fault = {"where": "api", "what": "hang", "when": "before", "times": 1}


async def check_rooms(stage: CloudAndHost, rooms: list[str]) -> None:
    """Each got one task, which runs, and whose id the ledger knows."""
    running = await stage.list_tasks()
    started = stage.count_tasks_started()
    for room_id in rooms:
        task = stage.read_book(room_id).sessions[0].tasks["*"]
        assert (task.state, [task.task_id]) == ("running", running[room_id]), room_id
        assert [known.task_id for known in task.alive] == running[room_id]
        assert started[room_id] == 1
    assert stage.read_seconds()["doubled"] == 0


def count_killed_runs(stage: CloudAndHost, rooms: list[str]) -> int:
    """How many callbacks of the rooms were answered by nobody."""
    delivered = stage.list_entries("callback.delivered")
    return sum(one.get("status") == 500 and one["room_id"] in rooms for one in delivered)


def test_handler_killed_before_the_call_leaves_one_task(house: OpenHouse) -> None:
    """At many moments of the few ms it takes: before, in and after the claim in the ledger."""
    rooms = [f"{service}-{ms}" for ms in range(1, 8, 2) for service in SERVICES]

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("warm-up")
        await stage.pass_time(0)
        for room_id in rooms:
            ms = int(room_id.rpartition("-")[2])
            await stage.plan(**KILL, step="event", events=[101], room=room_id, ms=ms)
            await stage.create_room(room_id)
            await stage.pass_time(0)
        await stage.pass_time(SWEEP_MS)
        assert count_killed_runs(stage, rooms) >= len(SERVICES)
        await check_rooms(stage, rooms)

    house().play(act)


@pytest.mark.parametrize(
    "faults",
    [[{**KILL, "step": "call"}], [{**KILL, "step": "call"}, HANG], [{**KILL, "step": "effect"}]],
    ids=["during-the-call", "during-a-call-without-effect", "before-the-ledger-knows"],
)
def test_handler_killed_leaves_one_task(house: OpenHouse, faults: list[Fault]) -> None:
    async def act(stage: CloudAndHost) -> None:
        for room_id in SERVICES:
            for fault in faults:
                await stage.plan(**fault, room=room_id, actions=[*STARTS])
            await stage.create_room(room_id)
        await stage.pass_time(SWEEP_MS)
        assert count_killed_runs(stage, [*SERVICES]) >= len(SERVICES)
        await check_rooms(stage, [*SERVICES])

    house().play(act)
