"""What an operator asks of a cloud in which something goes wrong."""

from __future__ import annotations

from typing import Any

from tests.support.hosted_cloud import CloudAndHost

Answer = dict[str, Any]
MINUTE_MS, HOUR_MS = 60_000, 3_600_000


async def ask_why(stage: CloudAndHost, room_id: str) -> Answer:
    """What `why ROOM` tells."""
    answer = await stage.invoke("describe_room", room_id=room_id, room_id_type=1)
    assert all(answer[key] for key in ("verdict", "cause", "remedy")), answer
    return answer


async def ask_status(stage: CloudAndHost) -> Answer:
    """What `status` tells."""
    return await stage.invoke("describe_fleet")


async def ask_missed(stage: CloudAndHost) -> list[Answer]:
    """The rooms that `missed` tells of."""
    rooms = (await stage.invoke("list_missed", since="24h"))["rooms"]
    assert isinstance(rooms, list)
    return rooms


async def reconcile(stage: CloudAndHost) -> dict[str, str]:
    """What became of each room that was not as TRTC tells it is."""
    answer = await stage.invoke("reconcile_rooms", since="2h")
    assert answer["outcome"] == "reconciled", answer
    return {room["room_id"]: room["outcome"] for room in answer["rooms"]}


async def count_running(stage: CloudAndHost) -> dict[str, int]:
    """How many tasks run in each room that has any."""
    return {room_id: len(ids) for room_id, ids in (await stage.list_tasks()).items()}
