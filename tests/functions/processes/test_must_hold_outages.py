"""An hour in which the API fails, or refuses the credentials, heals by itself when that is over."""

from __future__ import annotations

import pytest

from tests.support.hosted_cloud import CloudAndHost
from tests.support.hosted_roomscribe import OpenHouse

pytestmark = pytest.mark.slow

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("code", "heals_ms"),
    [("InternalError", 60_000), ("AuthFailure.SecretIdNotFound", 330_000)],
)
def test_hour_of_failing_starts_heals_without_a_command(
    house: OpenHouse, code: str, heals_ms: int
) -> None:
    """Rooms of before that hour keep their task, and those that ended in it get none."""

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("before")
        await stage.pass_time(5_000)
        await stage.plan(where="api", what="error", code=code)
        rooms = [f"room-{number}" for number in range(10)]
        for room_id in rooms:
            await stage.create_room(room_id)
        await stage.pass_time(HOUR_MS // 2)
        await stage.act(rooms[0], "leave", user_id="amy")
        await stage.pass_time(HOUR_MS // 2)
        assert set(await stage.list_tasks()) <= {"before"}
        await stage.clear_faults()
        await stage.pass_time(heals_ms)
        running = await stage.list_tasks()
        assert {room_id: len(ids) for room_id, ids in running.items()} == dict.fromkeys(
            ["before", *rooms[1:]], 1
        )
        assert stage.read_seconds()["doubled"] == 0

    house().play(act)
