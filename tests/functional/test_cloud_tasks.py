"""The life of tasks, as the API, the callbacks and the rooms show it."""

from dataclasses import replace
from typing import Any

import pytest

from local.cloud.clock import ManualClock
from tests.functional.cloud_server import CONFIG, SDK_APP_ID, RunningCloud, running_cloud

SESSION = {"SessionId": "s"}


def read_code(response: dict[str, Any]) -> object:
    return response["Error"]["Code"]


def find_by_session(cloud: RunningCloud, session_id: str = "s") -> dict[str, Any]:
    body = {"TaskId": "", "SdkAppId": SDK_APP_ID, "SessionId": session_id}
    return cloud.call("DescribeAITranscription", body)


def test_1_0_prepares_runs_stops_and_is_gone() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        cloud.create(1234)
        task_id = cloud.start_ai(**SESSION)["TaskId"]
        started_s = cloud.cloud.clock.now_ms() // 1000
        described = cloud.describe_ai(task_id)
        del described["RequestId"]
        assert described == {
            "StartTime": str(started_s),
            "Status": "Preparing",
            "TaskId": task_id,
            "SessionId": "s",
        }
        cloud.advance(CONFIG.preparing_ms)
        assert cloud.describe_ai(task_id)["Status"] == "InProgress"
        assert cloud.stop_ai(task_id).keys() == {"RequestId"}
        assert cloud.describe_ai(task_id)["Status"] == "Stopped"
        assert read_code(cloud.stop_ai(task_id)) == "FailedOperation.TaskNotExist"
        cloud.advance(CONFIG.cleaning_ms)
        assert read_code(cloud.describe_ai(task_id)) == "FailedOperation.TaskNotExist"
        assert read_code(find_by_session(cloud)) == "FailedOperation.TaskNotExist"


def test_2_0_runs_at_once_and_errs_once_it_exited() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        cloud.create(1234)
        task_id = cloud.start_cloud()["TaskId"]
        described = cloud.describe_cloud(task_id)
        del described["RequestId"]
        started_s = cloud.cloud.clock.now_ms() // 1000
        assert described == {"StartTime": started_s, "Status": "InProgress", "TaskId": task_id}
        assert cloud.stop_cloud(task_id).keys() == {"RequestId"}
        assert read_code(cloud.describe_cloud(task_id)) == "FailedOperation.TaskFinished"
        assert read_code(cloud.stop_cloud(task_id)) == "FailedOperation.TaskFinished"


def test_task_is_shown_with_its_room() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        cloud.create(1234)
        task_id = cloud.start_ai(RecognizeConfig={"TranslationLanguage": "en"}, **SESSION)["TaskId"]
        assert cloud.list_tasks() == [
            {
                "task_id": task_id,
                "service": "ai",
                "status": "Preparing",
                "bot_user_id": "bot",
                "region": "ap-singapore",
                "session_id": "s",
                "started_ms": cloud.cloud.clock.now_ms(),
                "languages": ["en"],
            }
        ]


def test_task_is_not_found_by_another_service_application_or_region() -> None:
    with running_cloud() as cloud:
        ai, cloud_2_0 = cloud.start_ai(**SESSION)["TaskId"], cloud.start_cloud(bot="b")["TaskId"]
        absent = "FailedOperation.TaskNotExist"
        assert read_code(cloud.describe_ai(cloud_2_0)) == absent
        assert read_code(cloud.stop_cloud(ai)) == absent
        body = {"SdkAppId": 7, "TaskId": cloud_2_0}
        assert read_code(cloud.call("DescribeCloudTranscription", body)) == absent
        more = {"x-tc-region": "ap-guangzhou"}
        assert read_code(cloud.call("StopAITranscription", {"TaskId": ai}, more=more)) == absent
        by_session = {"TaskId": "", "SdkAppId": SDK_APP_ID, "SessionId": "s"}
        response = cloud.call("DescribeAITranscription", by_session, more=more)
        assert read_code(response) == absent
        assert cloud.call("DescribeAITranscription", by_session)["TaskId"] == ai


def test_1_0_session_id_is_held_until_the_task_is_cleaned_up() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        task_id = cloud.start_ai("1", "a", **SESSION)["TaskId"]
        assert read_code(cloud.start_ai("2", "b", **SESSION)) == "FailedOperation.TaskExist"
        assert find_by_session(cloud)["TaskId"] == task_id
        cloud.stop_ai(task_id)
        assert read_code(cloud.start_ai("2", "b", **SESSION)) == "FailedOperation.TaskExist"
        assert find_by_session(cloud)["Status"] == "Stopped"
        cloud.advance(CONFIG.cleaning_ms)
        assert "TaskId" in cloud.start_ai("2", "b", **SESSION)


def test_1_0_bot_is_held_in_its_room() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        task_id = cloud.start_ai("1", "a")["TaskId"]
        assert read_code(cloud.start_ai("1", "a")) == "FailedOperation.TaskExist"
        assert "TaskId" in cloud.start_ai("1", "b")
        assert "TaskId" in cloud.start_ai("2", "a")
        assert "TaskId" in cloud.start_ai("1", "a", RoomIdType=1)
        cloud.stop_ai(task_id)
        assert read_code(cloud.start_ai("1", "a")) == "FailedOperation.TaskExist"
        cloud.advance(CONFIG.cleaning_ms)
        assert "TaskId" in cloud.start_ai("1", "a")


def test_2_0_same_bot_replaces_the_earlier_task() -> None:
    with running_cloud(callbacks=True) as cloud:
        cloud.create(1234)
        first = cloud.start_cloud()["TaskId"]
        second = cloud.start_cloud()["TaskId"]
        assert [task["task_id"] for task in cloud.list_tasks()] == [second]
        received = cloud.take_callbacks()
        stopped = next(one for one in received if one.event_type == 1402)
        assert (stopped.info["TaskId"], stopped.payload) == (first, {"LeaveCode": 3})
        assert [one.event_type for one in received] == [101, 103, 1401, 103, 1402, 104, 1401, 103]


def test_2_0_same_bot_may_be_refused() -> None:
    with running_cloud(replace(CONFIG, same_bot="refuse")) as cloud:
        first = cloud.start_cloud()["TaskId"]
        assert read_code(cloud.start_cloud()) == "FailedOperation.TaskExist"
        assert cloud.describe_cloud(first)["Status"] == "InProgress"


def test_2_0_same_bot_may_live_twice_and_leaves_with_its_last_task() -> None:
    with running_cloud(replace(CONFIG, same_bot="both")) as cloud:
        cloud.create(1234)
        first, second = cloud.start_cloud()["TaskId"], cloud.start_cloud()["TaskId"]
        assert len(cloud.list_tasks()) == 2
        cloud.stop_cloud(first)
        assert "bot" in list_users(cloud)
        cloud.stop_cloud(second)
        assert "bot" not in list_users(cloud)


def list_users(cloud: RunningCloud) -> list[str]:
    """The user ids in the only room."""
    (room,) = cloud.list_rooms()
    users = room["users"]
    assert isinstance(users, list)
    return [user["user_id"] for user in users]


def test_quota_counts_living_tasks_of_both_services() -> None:
    with running_cloud(replace(CONFIG, task_quota=2)) as cloud:
        first = cloud.start_ai("1", "a")["TaskId"]
        cloud.start_cloud("2", "b")
        assert read_code(cloud.start_cloud("3", "c")) == "LimitExceeded.ConcurrencyLimit"
        assert read_code(cloud.start_ai("3", "c")) == "LimitExceeded.ConcurrencyLimit"
        assert "TaskId" in cloud.start_cloud("2", "b")  # replaces
        cloud.stop_ai(first)
        assert "TaskId" in cloud.start_cloud("3", "c")


@pytest.mark.parametrize(
    ("service", "started", "stopped"), [("ai", 901, 902), ("cloud", 1401, 1402)]
)
def test_start_and_stop_call_back_and_the_bot_comes_and_goes(
    service: str, started: int, stopped: int
) -> None:
    with running_cloud(replace(CONFIG, preparing_ms=0), callbacks=True) as cloud:
        cloud.create(1234)
        task_id = getattr(cloud, f"start_{service}")()["TaskId"]
        getattr(cloud, f"stop_{service}")(task_id)
        received = cloud.take_callbacks()
    assert [one.event_type for one in received] == [101, 103, started, 103, stopped, 104]
    robot = {"RobotId": "bot"} if service == "cloud" else {}
    about = {"TaskId": task_id, "RoomId": "1234", "RoomIdType": 0, **robot}
    start, entered, stop, left = received[2:]
    assert start.event["EventGroupId"] == (9 if service == "ai" else 14)
    assert start.info == {"EventMsTs": start.event_ms, **about, "Payload": {"Status": 0}}
    assert stop.info == {"EventMsTs": stop.event_ms, **about, "Payload": {"LeaveCode": 0}}
    bot = {"RoomId": 1234, "UserId": "bot", "Role": 20, "Reason": 1}
    assert {**bot, "TerminalType": 4}.items() <= entered.info.items()
    assert bot.items() <= left.info.items()


@pytest.mark.parametrize(("service", "default_s"), [("ai", 60), ("cloud", 30)])
@pytest.mark.parametrize("limit_s", [None, 7])
def test_task_with_nobody_to_hear_ends_after_its_idle_time(
    service: str, default_s: int, limit_s: int | None
) -> None:
    name = {"ai": "TranscriptionParams", "cloud": "TranscriptionParam"}[service]
    more = {name: {"MaxIdleTime": limit_s}} if limit_s else {}
    with running_cloud(clock=ManualClock(), callbacks=True) as cloud:
        cloud.create(1234)
        getattr(cloud, f"start_{service}")(**more)
        cloud.advance(3_600_000)
        assert len(cloud.list_tasks()) == 1
        cloud.act("1234", "enter", user_id="amy", role=21)  # an audience is not heard
        idle_ms = (limit_s or default_s) * 1000
        cloud.advance(idle_ms - 1)
        assert len(cloud.list_tasks()) == 1
        cloud.advance(1)
        assert cloud.list_tasks() == []
        code = 902 if service == "ai" else 1402
        (stopped,) = [one for one in cloud.take_callbacks() if one.event_type == code]
    assert stopped.payload == {"LeaveCode": 99}


def test_idle_time_begins_anew_when_somebody_comes_back() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        cloud.create(1234, "amy")
        cloud.act("1234", "enter", user_id="zoe")
        cloud.start_cloud(
            TranscriptionParam={"MaxIdleTime": 10, "SubscribeList": [{"UserId": "amy"}]}
        )
        cloud.act("1234", "leave", user_id="amy")
        cloud.advance(9_000)
        cloud.act("1234", "enter", user_id="amy")
        cloud.advance(60_000)
        assert len(cloud.list_tasks()) == 1
        cloud.act("1234", "leave", user_id="amy")
        cloud.advance(10_000)
        assert cloud.list_tasks() == []


def test_bot_waits_outside_a_room_that_is_not_open() -> None:
    with running_cloud(callbacks=True) as cloud:
        cloud.start_cloud()
        assert cloud.take_callbacks()[0].event_type == 1401
        (room,) = cloud.list_rooms()
        assert (room["open"], room["opened_ms"], room["users"]) == (False, None, [])
        cloud.create(1234)
        assert [one.event_type for one in cloud.take_callbacks()] == [101, 103, 103]
        assert list_users(cloud) == ["amy", "bot"]


def test_task_of_a_dismissed_room_goes_on_until_it_is_stopped_or_idle() -> None:
    with running_cloud(clock=ManualClock(), callbacks=True) as cloud:
        cloud.create(1234)
        task_id = cloud.start_cloud()["TaskId"]
        cloud.act("1234", "leave", user_id="amy")
        (room,) = cloud.list_rooms()
        assert room["open"] is False
        assert cloud.describe_cloud(task_id)["Status"] == "InProgress"
        cloud.advance(30_000)
        assert cloud.list_rooms() == []
        types = [one.event_type for one in cloud.take_callbacks()]
    assert types == [101, 103, 1401, 103, 104, 102, 1402, 104]


def test_bot_may_hold_its_room_open() -> None:
    with running_cloud(replace(CONFIG, bots_hold_rooms=True), callbacks=True) as cloud:
        cloud.create(1234)
        task_id = cloud.start_cloud()["TaskId"]
        cloud.act("1234", "leave", user_id="amy")
        assert [room["open"] for room in cloud.list_rooms()] == [True]
        cloud.stop_cloud(task_id)
        assert cloud.list_rooms() == []
        types = [one.event_type for one in cloud.take_callbacks()]
    assert types == [101, 103, 1401, 103, 104, 1402, 104, 102]


def test_bot_under_the_user_id_of_a_person_removes_that_person() -> None:
    with running_cloud(callbacks=True) as cloud:
        cloud.create(1234, "amy")
        cloud.act("1234", "enter", user_id="bot")
        cloud.start_cloud()
        received = cloud.take_callbacks()
        assert [one.event_type for one in received] == [101, 103, 103, 1401, 104, 103]
        assert received[4].info["Reason"] == 3
        assert cloud.act("1234", "enter", user_id="bot").status_code == 409
        assert cloud.act("1234", "leave", user_id="bot").status_code == 404


def test_start_and_end_are_in_the_feed() -> None:
    with running_cloud(replace(CONFIG, preparing_ms=0)) as cloud:
        task_id = cloud.start_ai()["TaskId"]
        cloud.stop_ai(task_id)
        shown = [e for e in cloud.cloud.feed.recent() if str(e["kind"]).startswith("task.")]
    assert [entry["kind"] for entry in shown] == ["task.started", "task.running", "task.stopped"]
    assert {
        "sdk_app_id": SDK_APP_ID,
        "room_id": "1234",
        "room_id_type": 0,
        "task_id": task_id,
        "service": "ai",
        "bot_user_id": "bot",
        "leave_code": 0,
    }.items() <= shown[-1].items()
