"""Places of the task quota come back, however badly the rooms before have ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.hosted_cloud import CloudAndHost
from tests.support.hosted_roomscribe import OpenHouse

pytestmark = pytest.mark.slow

ROOMS = 50
WITHIN_MS = 180_000
REFUSED = {"where": "api", "what": "error", "actions": ["DeleteCloudTranscription"]}
ENDS_UNTOLD = {"where": "callback", "what": "lose", "events": [1402]}
BREAKS_OFF = {"where": "task", "what": "crash", "after_ms": 1_000, "leave_code": 98}


@pytest.mark.parametrize("dismissal_ends_tasks", [True, False])
def test_later_room_gets_its_task_within_3_minutes(
    house: OpenHouse, dismissal_ends_tasks: bool
) -> None:
    """Ends are not told, stops are refused, tasks break off; all of it in rooms that soon close."""

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(**ENDS_UNTOLD)
        await stage.plan(**REFUSED, code="AuthFailure", rate=0.7, seed=1)
        await stage.plan(**REFUSED, code="ResourceNotFound", rate=0.7, seed=2)
        await stage.plan(**BREAKS_OFF, rate=0.3, seed=3)
        for number in range(ROOMS):
            await stage.create_room(f"room-{number}")
            await stage.pass_time(2_000)
            await stage.act(f"room-{number}", "dismiss")
        await stage.create_room("later")
        await stage.pass_time(WITHIN_MS)
        assert stage.count_tasks_started()["later"] >= 1
        assert "later" in await stage.list_tasks()
        assert sum(stage.count_tasks_started().values()) >= 3

    theatre = house(TASK_QUOTA="2")
    config = replace(theatre.config, dismissal_ends_tasks=dismissal_ends_tasks)
    replace(theatre, config=config).play(act)
