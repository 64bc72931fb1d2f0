"""Tencent's own transcribers, which clients start by themselves."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.cloud.clock import ManualClock
from tests.support.emulator import CONFIG, RunningCloud, running_cloud

BOT = "transcriber_1234_robot_amy"


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    """A room with amy, at a time that stands still."""
    config = replace(CONFIG, bots_hold_rooms=False)
    with running_cloud(config, clock=ManualClock(), callbacks=True) as running:
        running.create(1234, "amy")
        yield running


def transcribe(cloud: RunningCloud, *languages: str) -> str:
    answer = cloud.act("1234", "transcribe", user_id="amy", languages=languages)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["task_id"])


def test_transcriber_comes_in_and_tells_the_webhook_what_it_hears(cloud: RunningCloud) -> None:
    task_id = transcribe(cloud, "zh")
    cloud.act("1234", "say", user_id="amy", text="Hello", translations={"zh": "你好"})
    cloud.http.post(f"/_local/tasks/{task_id}/end", json={"leave_code": 0})
    received = cloud.take_callbacks()
    told = [one for one in received if one.event_type > 1000]
    assert [one.event_type for one in told] == [1401, 1403, 1404, 1402]
    assert {one.info["RobotId"] for one in told} == {BOT}
    came, left = (one for one in received if one.info.get("UserId") == BOT)
    assert (came.event_type, left.event_type) == (103, 104)


def test_transcriber_hears_on_when_whoever_started_it_has_left(cloud: RunningCloud) -> None:
    task_id = transcribe(cloud)
    cloud.act("1234", "enter", user_id="ben")
    cloud.act("1234", "leave", user_id="amy")
    assert cloud.act("1234", "say", user_id="ben", text="Hi").json()["heard_by"] == [task_id]


def test_transcriber_started_again_takes_the_place_of_the_first(cloud: RunningCloud) -> None:
    transcribe(cloud)
    second = transcribe(cloud)
    assert [task["task_id"] for task in cloud.list_tasks()] == [second]


def test_transcriber_ends_half_a_minute_after_everybody_has_left(cloud: RunningCloud) -> None:
    transcribe(cloud)
    cloud.act("1234", "leave", user_id="amy")
    cloud.advance(29_999)
    assert len(cloud.list_tasks()) == 1
    cloud.advance(1)
    assert cloud.list_tasks() == []


def test_api_knows_nothing_of_it(cloud: RunningCloud) -> None:
    assert "Error" in cloud.describe_cloud(transcribe(cloud))


def test_books_leave_it_out(cloud: RunningCloud) -> None:
    """amy is neither heard by it, nor heard twice; and nobody has to end it."""
    transcribe(cloud)
    cloud.advance(1000)
    cloud.start_cloud()
    cloud.advance(2000)
    report = cloud.http.get("/_local/report").json()
    assert (report["missing_s"], report["doubled_s"], report["orphaned_s"]) == (1.0, 0.0, 0.0)


def test_transcriber_that_came_in_as_a_user_is_nobody_whom_a_task_should_hear(
    cloud: RunningCloud,
) -> None:
    cloud.start_cloud(TranscriptionParam={"SubscribeList": [{"UserId": "amy"}]})
    cloud.act("1234", "enter", user_id=BOT)
    cloud.advance(1000)
    assert cloud.http.get("/_local/report").json()["missing_s"] == 0.0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({}, 400),
        ({"user_id": "nobody"}, 404),
        ({"user_id": "amy", "languages": "zh"}, 400),
        ({"user_id": "amy", "languages": [1]}, 400),
    ],
)
def test_transcriber_of_nobody_is_refused(
    cloud: RunningCloud, arguments: dict[str, object], status: int
) -> None:
    assert cloud.act("1234", "transcribe", **arguments).status_code == status


def test_transcriber_beyond_the_quota_is_refused() -> None:
    with running_cloud(replace(CONFIG, task_quota=1)) as cloud:
        cloud.create(1234, "amy")
        cloud.start_cloud()
        answer = cloud.act("1234", "transcribe", user_id="amy")
        assert answer.status_code == 409
        assert "TRTC refuses the transcriber" in answer.json()["error"]
