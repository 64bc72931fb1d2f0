"""The life of tasks, as the API, the callbacks and the rooms show it."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from local.cloud.assumed import QUOTA_CODES, Service
from local.cloud.clock import ManualClock
from local.cloud.config import Application
from local.errors import LocalError
from tests.support.emulator import CONFIG, SDK_APP_ID, RunningCloud, running_cloud

AT_ONCE = replace(CONFIG, preparing_ms=0, idle_ms=0)
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
        described = cloud.describe_ai(task_id)
        del described["RequestId"]
        assert described == {
            "StartTime": "2023-11-15 06:13:20.000000",
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


def test_2_0_is_idle_runs_and_errs_once_it_exited() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        cloud.create(1234)
        task_id = cloud.start_cloud()["TaskId"]
        described = cloud.describe_cloud(task_id)
        del described["RequestId"]
        started_ms = cloud.cloud.clock.now_ms()
        assert described == {"StartTime": started_ms, "Status": "Idle", "TaskId": task_id}
        cloud.advance(CONFIG.idle_ms - 1)
        assert cloud.describe_cloud(task_id)["Status"] == "Idle"
        cloud.advance(1)
        assert cloud.describe_cloud(task_id)["Status"] == "InProgress"
        stopped = cloud.stop_cloud(task_id)
        assert stopped == {"TaskId": task_id, "RequestId": stopped["RequestId"]}
        assert read_code(cloud.describe_cloud(task_id)) == "ResourceNotFound"
        assert read_code(cloud.stop_cloud(task_id)) == "ResourceNotFound"


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


def test_task_is_not_found_by_another_service_or_region() -> None:
    with running_cloud() as cloud:
        ai, cloud_2_0 = cloud.start_ai(**SESSION)["TaskId"], cloud.start_cloud(bot="b")["TaskId"]
        absent = "FailedOperation.TaskNotExist"
        assert read_code(cloud.describe_ai(cloud_2_0)) == absent
        assert read_code(cloud.stop_cloud(ai)) == "ResourceNotFound"
        more = {"x-tc-region": "ap-guangzhou"}
        assert read_code(cloud.call("StopAITranscription", {"TaskId": ai}, more=more)) == absent
        by_session = {"TaskId": "", "SdkAppId": SDK_APP_ID, "SessionId": "s"}
        response = cloud.call("DescribeAITranscription", by_session, more=more)
        assert read_code(response) == absent
        assert cloud.call("DescribeAITranscription", by_session)["TaskId"] == ai


@pytest.mark.parametrize("action", ["DescribeCloudTranscription", "DeleteCloudTranscription"])
def test_2_0_task_of_another_application_is_refused_for_its_sdk_app_id(action: str) -> None:
    other = Application(7, "other-secret", "")
    config = replace(CONFIG, applications=(*CONFIG.applications, other))
    with running_cloud(config) as cloud:
        task_id = cloud.start_cloud()["TaskId"]
        for stranger in (7, 8):
            answer = cloud.call(action, {"SdkAppId": stranger, "TaskId": task_id})
            assert read_code(answer) == "InvalidParameter.SdkAppId"
        assert len(cloud.list_tasks()) == 1


@pytest.mark.parametrize("names_task", [True, False])
def test_1_0_query_by_session_may_leave_the_task_id_out(names_task: bool) -> None:
    config = replace(CONFIG, session_query_names_task=names_task)
    with running_cloud(config, clock=ManualClock()) as cloud:
        task_id = cloud.start_ai(**SESSION)["TaskId"]
        by_session = find_by_session(cloud)
        assert by_session.get("TaskId") == (task_id if names_task else None)
        assert (by_session["Status"], by_session["SessionId"]) == ("Preparing", "s")


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
    with running_cloud(replace(AT_ONCE, same_bot="refuse")) as cloud:
        first = cloud.start_cloud()["TaskId"]
        assert read_code(cloud.start_cloud()) == "FailedOperation"
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


def start(cloud: RunningCloud, service: str, **more: Any) -> dict[str, Any]:
    answer = cloud.start_ai(**more) if service == "ai" else cloud.start_cloud(**more)
    assert isinstance(answer, dict)
    return answer


ACROSS = [("cloud", "cloud"), ("cloud", "ai"), ("ai", "cloud")]


@pytest.mark.parametrize("bots_hold_rooms", [False, True])
@pytest.mark.parametrize(("first", "second"), ACROSS)
def test_same_bot_replaces_whatever_the_service(
    first: str, second: str, bots_hold_rooms: bool
) -> None:
    config = replace(AT_ONCE, same_bot="replace", bots_hold_rooms=bots_hold_rooms)
    with running_cloud(config, callbacks=True) as cloud:
        cloud.create(1234)
        start(cloud, first)
        second_id = start(cloud, second)["TaskId"]
        assert [task["task_id"] for task in cloud.list_tasks()] == [second_id]
        assert list_users(cloud) == ["amy", "bot"]
        stopped = [one for one in cloud.take_callbacks() if one.event_type in (902, 1402)]
    assert [one.payload for one in stopped] == [{"LeaveCode": 3}]


@pytest.mark.parametrize("bots_hold_rooms", [False, True])
@pytest.mark.parametrize(("first", "second"), ACROSS)
def test_same_bot_is_refused_whatever_the_service(
    first: str, second: str, bots_hold_rooms: bool
) -> None:
    config = replace(AT_ONCE, same_bot="refuse", bots_hold_rooms=bots_hold_rooms)
    with running_cloud(config) as cloud:
        cloud.create(1234)
        first_id = start(cloud, first)["TaskId"]
        code = "FailedOperation.TaskExist" if second == "ai" else "FailedOperation"
        assert read_code(start(cloud, second)) == code
        assert [task["task_id"] for task in cloud.list_tasks()] == [first_id]


@pytest.mark.parametrize("bots_hold_rooms", [False, True])
@pytest.mark.parametrize(("first", "second"), ACROSS)
def test_same_bot_lives_twice_whatever_the_service(
    first: str, second: str, bots_hold_rooms: bool
) -> None:
    config = replace(AT_ONCE, same_bot="both", bots_hold_rooms=bots_hold_rooms)
    with running_cloud(config, clock=ManualClock()) as cloud:
        cloud.create(1234)
        start(cloud, first)
        start(cloud, second)
        cloud.advance(10_000)
        assert cloud.http.get("/_local/report").json()["doubled_s"] == 10
        ending, staying = (str(task["task_id"]) for task in cloud.list_tasks())
        assert end(cloud, ending).status_code == 200
        assert list_users(cloud) == ["amy", "bot"]
        cloud.advance(10_000)
        assert cloud.http.get("/_local/report").json()["doubled_s"] == 10
        end(cloud, staying)
        assert list_users(cloud) == ["amy"]


@pytest.mark.parametrize("same_bot", ["replace", "refuse", "both"])
def test_1_0_refuses_its_own_bot_in_every_position(same_bot: Any) -> None:
    with running_cloud(replace(AT_ONCE, same_bot=same_bot)) as cloud:
        cloud.start_ai()
        assert read_code(cloud.start_ai()) == "FailedOperation.TaskExist"


def test_replaced_bot_that_holds_a_room_leaves_it_open_for_the_next() -> None:
    config = replace(CONFIG, bots_hold_rooms=True)
    with running_cloud(config, callbacks=True) as cloud:
        cloud.create(1234)
        cloud.start_cloud()
        cloud.act("1234", "leave", user_id="amy")
        cloud.start_cloud()
        assert [(room["open"], len(read_tasks(room))) for room in cloud.list_rooms()] == [(True, 1)]
        assert 102 not in [one.event_type for one in cloud.take_callbacks()]


def read_tasks(room: dict[str, object]) -> list[object]:
    tasks = room["tasks"]
    assert isinstance(tasks, list)
    return tasks


def end(cloud: RunningCloud, task_id: str, **body: object) -> httpx.Response:
    """`POST /_local/tasks/{task_id}/end`."""
    return cloud.http.post(f"/_local/tasks/{task_id}/end", json=body)


@pytest.mark.parametrize(
    ("asked", "leave_code", "reason"), [({}, 98, 1), ({"leave_code": 1}, 1, 3)]
)
@pytest.mark.parametrize(("service", "event_type"), [("ai", 902), ("cloud", 1402)])
def test_server_ends_a_task_and_says_so(
    service: str, event_type: int, asked: dict[str, object], leave_code: int, reason: int
) -> None:
    with running_cloud(AT_ONCE, callbacks=True) as cloud:
        cloud.create(1234)
        task_id = start(cloud, service)["TaskId"]
        answer = end(cloud, task_id, **asked)
        assert answer.json() == {
            "task_id": task_id,
            "status": "Stopped" if service == "ai" else "Exited",
            "leave_code": leave_code,
        }
        assert cloud.list_tasks() == []
        stopped, left = cloud.take_callbacks()[-2:]
    assert (stopped.event_type, stopped.payload) == (event_type, {"LeaveCode": leave_code})
    assert (left.event_type, left.info["Reason"]) == (104, reason)


@pytest.mark.parametrize(
    ("task", "body", "status", "word"),
    [
        ("mine", {"leave_code": 7}, 400, "leave_code must be one of 0, 1"),
        ("mine", {"leave_code": "98"}, 400, "whole number"),
        ("nobodys", {}, 404, "there is no task"),
        ("ended", {}, 409, "ended already"),
    ],
)
def test_end_that_makes_no_sense_is_refused(
    task: str, body: dict[str, object], status: int, word: str
) -> None:
    with running_cloud() as cloud:
        ids = {"mine": cloud.start_cloud()["TaskId"], "nobodys": "nobodys"}
        ids["ended"] = cloud.start_cloud(bot="b")["TaskId"]
        end(cloud, ids["ended"])
        answer = end(cloud, ids[task], **body)
        assert (answer.status_code, word in answer.json()["error"]) == (status, True)
        assert len(cloud.list_tasks()) == 1


@pytest.mark.parametrize(
    ("leave_code", "payloads"),
    [
        ("always", [{"LeaveCode": 0}, {"LeaveCode": 0}]),
        ("ai", [{"LeaveCode": 0}, {}]),
        ("never", [{}, {}]),
    ],
)
def test_why_a_task_ended_may_stay_unsaid(leave_code: Any, payloads: list[object]) -> None:
    with running_cloud(replace(AT_ONCE, leave_code=leave_code), callbacks=True) as cloud:
        cloud.stop_ai(cloud.start_ai("1", "a")["TaskId"])
        cloud.stop_cloud(cloud.start_cloud("2", "b")["TaskId"])
        received = cloud.take_callbacks()
    stops = {one.event_type: one.payload for one in received}
    assert [stops[902], stops[1402]] == payloads


def test_started_task_crashes_by_itself_when_a_fault_says_so() -> None:
    with running_cloud(AT_ONCE, clock=ManualClock(), callbacks=True) as cloud:
        cloud.add_fault(where="task", what="crash", after_ms=5_000, room="1")
        cloud.add_fault(where="task", what="crash", after_ms=3_000, room="1", service="cloud")
        cloud.start_ai("1", "a")
        cloud.start_cloud("1", "b")
        cloud.start_cloud("2", "b")
        cloud.advance(2_999)
        assert len(cloud.list_tasks()) == 3
        cloud.advance(1)
        assert [task["service"] for task in cloud.list_tasks()] == ["ai", "cloud"]
        cloud.advance(2_000)
        assert [task["service"] for task in cloud.list_tasks()] == ["cloud"]
        stops = [one for one in cloud.take_callbacks() if one.event_type in (902, 1402)]
    assert [(one.event_type, one.payload) for one in stops] == [
        (1402, {"LeaveCode": 98}),
        (902, {"LeaveCode": 98}),
    ]


def test_task_that_was_stopped_does_not_crash_any_more() -> None:
    with running_cloud(clock=ManualClock(), callbacks=True) as cloud:
        cloud.add_fault(where="task", what="crash", after_ms=1_000)
        cloud.stop_cloud(cloud.start_cloud()["TaskId"])
        cloud.advance(10_000)
        assert [one.event_type for one in cloud.take_callbacks()] == [1401, 1402]


def test_server_may_forget_to_end_idle_tasks() -> None:
    with running_cloud(replace(CONFIG, idle_stops=False), clock=ManualClock()) as cloud:
        cloud.start_cloud()
        cloud.advance(3_600_000)
        assert len(cloud.list_tasks()) == 1


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
        assert read_code(cloud.start_cloud("3", "c")) == "FailedOperation"
        assert read_code(cloud.start_ai("3", "c")) == "ResourceInsufficient.RequestRejection"
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
    with running_cloud(AT_ONCE, clock=ManualClock(), callbacks=True) as cloud:
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
        shown = [e for e in cloud.read_feed() if str(e["kind"]).startswith("task.")]
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


@pytest.mark.parametrize(
    ("service", "code"),
    [(service, code) for service in QUOTA_CODES for code in QUOTA_CODES[service]],
)
def test_full_quota_is_told_in_each_form_that_a_start_may_have(service: Service, code: str) -> None:
    full = replace(CONFIG, task_quota=0)
    is_ai = service == "ai"
    config = replace(full, quota_code_ai=code) if is_ai else replace(full, quota_code_cloud=code)
    with running_cloud(config) as cloud:
        assert read_code(start(cloud, service)) == code


def test_quota_code_that_no_start_has_is_refused() -> None:
    with pytest.raises(LocalError, match="quota_code_cloud must be one of FailedOperation, "):
        replace(CONFIG, quota_code_cloud="LimitExceeded.ConcurrencyLimit")


@pytest.mark.parametrize("by", ["leave", "dismiss"])
def test_dismissed_room_ends_its_tasks_and_an_abandoned_one_does_not(by: str) -> None:
    with running_cloud(AT_ONCE, callbacks=True) as cloud:
        cloud.create(1234)
        start(cloud, "cloud", bot="a")
        start(cloud, "ai", bot="b")
        cloud.act("1234", by, **({"user_id": "amy"} if by == "leave" else {}))
        ended = [one for one in cloud.take_callbacks() if one.event_type in (902, 1402)]
        assert [one.payload for one in ended] == [{"LeaveCode": 2}] * (2 if by == "dismiss" else 0)
        assert len(cloud.list_tasks()) == (0 if by == "dismiss" else 2)


def test_tasks_may_outlive_the_dismissal() -> None:
    with running_cloud(replace(AT_ONCE, dismissal_ends_tasks=False)) as cloud:
        cloud.create(1234)
        task_id = start(cloud, "cloud")["TaskId"]
        cloud.act("1234", "dismiss")
        assert cloud.describe_cloud(task_id)["Status"] == "InProgress"


@pytest.mark.parametrize(
    ("needs", "started"),
    [
        ("nothing", [True, True, True]),
        ("room", [False, True, True]),
        ("anchor", [False, False, True]),
    ],
)
def test_2_0_start_may_need_a_room_or_an_anchor(needs: Any, started: list[bool]) -> None:
    with running_cloud(replace(AT_ONCE, start_needs=needs)) as cloud:
        answers = [start(cloud, "cloud")]
        cloud.create(1234, role=21)
        answers.append(start(cloud, "cloud"))
        cloud.act("1234", "enter", user_id="ben")
        answers.append(start(cloud, "cloud"))
    assert [("TaskId" in answer) for answer in answers] == started
    codes = [read_code(answer) for answer in answers if "Error" in answer]
    assert codes == ["FailedOperation"] * started.count(False)


def test_1_0_start_needs_nobody() -> None:
    with running_cloud(replace(AT_ONCE, start_needs="anchor")) as cloud:
        assert "TaskId" in start(cloud, "ai")


def test_new_2_0_task_may_not_be_found_for_a_while() -> None:
    with running_cloud(replace(AT_ONCE, lookup_lag_ms=10_000), clock=ManualClock()) as cloud:
        cloud.create(1234)
        task_id, other = start(cloud, "cloud")["TaskId"], start(cloud, "ai", bot="b")["TaskId"]
        assert read_code(cloud.describe_cloud(task_id)) == "ResourceNotFound"
        assert read_code(cloud.stop_cloud(task_id)) == "ResourceNotFound"
        assert cloud.describe_ai(other)["Status"] == "InProgress"
        cloud.advance(10_000)
        assert cloud.describe_cloud(task_id)["Status"] == "InProgress"


@pytest.mark.parametrize("told", [True, False])
def test_bots_coming_and_going_may_not_be_told(told: bool) -> None:
    with running_cloud(replace(AT_ONCE, bots_are_told=told), callbacks=True) as cloud:
        cloud.create(1234)
        cloud.stop_cloud(start(cloud, "cloud")["TaskId"])
        received = [one.event_type for one in cloud.take_callbacks()]
    assert received == ([101, 103, 1401, 103, 1402, 104] if told else [101, 103, 1401, 1402])
