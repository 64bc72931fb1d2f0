"""1.0 may answer a question by SessionId without the TaskId, as its official example does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.hosted_cloud import Act, CloudAndHost
from tests.support.hosted_roomscribe import AI_ROOM, OpenHouse

pytestmark = pytest.mark.slow

UNSEEN = {"where": "api", "what": "drop", "when": "after", "actions": ["StartAITranscription"]}
UNTOLD = {"where": "callback", "what": "lose", "events": [901]}


def play(house: OpenHouse, act: Act, *, names_task: bool) -> None:
    theatre = house()
    config = replace(
        theatre.config, session_query_names_task=names_task, dismissal_ends_tasks=False
    )
    replace(theatre, config=config).play(act)


@pytest.mark.parametrize("names_task", [True, False])
def test_task_whose_start_nobody_saw_is_one_and_is_stopped(
    house: OpenHouse, names_task: bool
) -> None:
    """Without the TaskId in the answer, the first sentence brings it."""

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(**UNSEEN, times=1)
        await stage.plan(**UNTOLD)
        await stage.create_room(AI_ROOM)
        await stage.pass_time(40_000)
        await stage.act(AI_ROOM, "say", user_id="amy", text="Good morning")
        await stage.pass_time(5_000)
        assert stage.count_tasks_started() == {AI_ROOM: 1}
        ((running,),) = (await stage.list_tasks()).values()
        task = stage.read_book(AI_ROOM).sessions[0].tasks["*"]
        assert (task.state, task.task_id) == ("running", running)
        await stage.act(AI_ROOM, "dismiss")
        await stage.pass_time(5_000)
        assert await stage.list_tasks() == {}
        assert stage.read_seconds()["doubled"] == 0

    play(house, act, names_task=names_task)


def test_task_that_nothing_names_is_asked_about_until_its_idle_limit(house: OpenHouse) -> None:
    async def act(stage: CloudAndHost) -> None:
        await stage.plan(**UNSEEN, times=1)
        await stage.plan(**UNTOLD)
        await stage.plan(where="callback", what="lose", events=[902])
        await stage.create_room(AI_ROOM)
        await stage.pass_time(20_000)
        await stage.act(AI_ROOM, "dismiss")
        await stage.pass_time(180_000)
        assert await stage.list_tasks() == {}
        asked = [line["outcome"] for line in stage.list_lines("transcription.unclear")]
        assert asked
        assert len(asked) < 40  # TRTC comes back six times, too
        task = stage.read_book(AI_ROOM).sessions[0].tasks["*"]
        assert (task.state, task.unseen) == ("stopped", [])

    play(house, act, names_task=False)
