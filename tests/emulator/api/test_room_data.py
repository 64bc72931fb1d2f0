"""DescribeRoomInfo and DescribeUserInfo, by the official SDK's own models and against its examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.cloud.clock import ManualClock
from tests.emulator import official_sdk
from tests.emulator.api import definitions
from tests.support.emulator import CONFIG, SDK_APP_ID, RunningCloud, running_cloud

DAY_S = 86_400
ROOM = {"CommId", "RoomString", "CreateTime", "DestroyTime", "IsFinished", "UserId"}
USER = {
    "RoomStr",
    "UserId",
    "JoinTs",
    "LeaveTs",
    "DeviceType",
    "SdkVersion",
    "ClientIp",
    "Finished",
}


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(clock=ManualClock()) as running:
        yield running


def now_s(cloud: RunningCloud) -> int:
    return cloud.cloud.clock.now_ms() // 1000


def pass_time(cloud: RunningCloud, seconds: int) -> None:
    clock = cloud.cloud.clock
    assert isinstance(clock, ManualClock)
    cloud.run(lambda: clock.advance(seconds * 1000))


def ask_rooms(cloud: RunningCloud, **more: Any) -> dict[str, Any]:
    times = {"StartTime": now_s(cloud) - 3600, "EndTime": now_s(cloud)}
    return cloud.call("DescribeRoomInfo", {"SdkAppId": SDK_APP_ID, **times, **more})


def ask_users(cloud: RunningCloud, comm_id: str, **more: Any) -> dict[str, Any]:
    times = {"StartTime": now_s(cloud) - 3600, "EndTime": now_s(cloud)}
    event = {"SdkAppId": SDK_APP_ID, "CommId": comm_id, **times, **more}
    return cloud.call("DescribeUserInfo", event)


def test_room_that_goes_on_has_the_time_of_the_query_as_its_end(cloud: RunningCloud) -> None:
    created_s = now_s(cloud)
    cloud.create(77)
    pass_time(cloud, 60)
    (room,) = ask_rooms(cloud)["RoomList"]
    assert room.keys() == ROOM
    assert room["CommId"] == f"{SDK_APP_ID}_77_{created_s}"
    assert (room["CreateTime"], room["DestroyTime"]) == (created_s, created_s + 60)
    assert (room["IsFinished"], room["UserId"]) == (False, "amy")
    cloud.act("77", "dismiss")
    pass_time(cloud, 60)
    (room,) = ask_rooms(cloud)["RoomList"]
    assert (room["IsFinished"], room["DestroyTime"]) == (True, created_s + 60)


def test_every_life_of_a_room_is_told_the_newest_first(cloud: RunningCloud) -> None:
    cloud.create("lobby", room_id_type=1)
    cloud.act("lobby", "dismiss")
    pass_time(cloud, 60)
    cloud.create("lobby", room_id_type=1)
    cloud.create("hall", room_id_type=1)
    rooms = ask_rooms(cloud, RoomId="lobby")["RoomList"]
    assert [room["IsFinished"] for room in rooms] == [False, True]
    assert len({room["CommId"] for room in rooms}) == 2
    assert all(room["CommId"].split("_")[1].isdecimal() for room in rooms)


def test_users_are_told_with_whether_they_have_left(cloud: RunningCloud) -> None:
    cloud.create(77)
    cloud.act("77", "enter", user_id="ben")
    pass_time(cloud, 60)
    cloud.act("77", "leave", user_id="ben")
    (room,) = ask_rooms(cloud)["RoomList"]
    answer = ask_users(cloud, room["CommId"])
    amy, ben = answer["UserList"]
    assert (answer["Total"], amy.keys(), amy["RoomStr"]) == (2, USER, "77")
    assert (amy["Finished"], ben["Finished"], ben["LeaveTs"]) == (False, True, now_s(cloud))
    assert ask_users(cloud, room["CommId"], UserIds=["ben"])["UserList"] == [ben]
    assert ask_users(cloud, "of no room")["UserList"] == []


def test_pages_count_from_0_and_are_short_unless_both_parameters_are_given(
    cloud: RunningCloud,
) -> None:
    for number in range(12):
        cloud.create(str(number + 1))
    assert ask_rooms(cloud)["Total"] == 10
    assert ask_rooms(cloud, PageSize=100)["Total"] == 10
    assert ask_rooms(cloud, PageNumber=0, PageSize=100)["Total"] == 12
    assert ask_rooms(cloud, PageNumber=1, PageSize=10)["Total"] == 2
    assert ask_rooms(cloud, PageNumber=2, PageSize=10)["RoomList"] == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"PageSize": 101, "PageNumber": 0}, "InvalidParameter.PageSizeOversize"),
        ({"PageSize": 0, "PageNumber": 0}, "InvalidParameter.PageSize"),
        ({"SdkAppId": 7}, "InvalidParameter.SdkAppId"),
        ({"SdkAppId": None}, "MissingParameter.SdkAppId"),
        ({"StartTime": None}, "MissingParameter.StartTs"),
        ({"EndTime": None}, "MissingParameter.EndTs"),
        ({"EndTime": 1}, "InvalidParameter.EndTs"),
    ],
)
def test_mistakes_have_the_codes_of_the_actions(
    cloud: RunningCloud, given: dict[str, Any], code: str
) -> None:
    assert ask_rooms(cloud, **given)["Error"]["Code"] == code
    assert ask_users(cloud, "c", **given)["Error"]["Code"] == code
    assert ask_users(cloud, "", **given)["Error"]["Code"] in (code, "MissingParameter.CommId")


def test_no_more_than_a_day_of_rooms_or_four_hours_of_users_and_fourteen_days_back(
    cloud: RunningCloud,
) -> None:
    end_s = now_s(cloud)
    for span_s, ask in ((DAY_S, ask_rooms), (4 * 3600, lambda c, **t: ask_users(c, "c", **t))):
        assert "Error" not in ask(cloud, StartTime=end_s - span_s)
        assert _read_code(ask(cloud, StartTime=end_s - span_s - 1)) == "QueryScaleOversize"
        old_s = end_s - 14 * DAY_S
        assert "Error" not in ask(cloud, StartTime=old_s, EndTime=old_s + 60)
        assert _read_code(ask(cloud, StartTime=old_s - 1, EndTime=old_s)) == "StartTsOversize"


def _read_code(answer: dict[str, Any]) -> str:
    code: str = answer["Error"]["Code"]
    return code.removeprefix("InvalidParameter.")


def test_nothing_is_told_without_the_package() -> None:
    with running_cloud(replace(CONFIG, room_data="none"), clock=ManualClock()) as cloud:
        cloud.create(77)
        assert _read_code(ask_rooms(cloud)) == "StartTimeOversize"
        assert _read_code(ask_users(cloud, "c")) == "StartTimeOversize"


def test_data_that_is_late_tells_neither_the_newest_room_nor_the_newest_end() -> None:
    config = replace(CONFIG, room_data_delay_ms=300_000)
    with running_cloud(config, clock=ManualClock()) as cloud:
        cloud.create(77)
        pass_time(cloud, 299)
        assert ask_rooms(cloud)["RoomList"] == []
        pass_time(cloud, 2)
        cloud.act("77", "dismiss")
        (room,) = ask_rooms(cloud)["RoomList"]
        assert (room["IsFinished"], room["DestroyTime"]) == (False, now_s(cloud))
        (user,) = ask_users(cloud, room["CommId"])["UserList"]
        assert not user["Finished"]
        pass_time(cloud, 301)
        assert ask_rooms(cloud)["RoomList"][0]["IsFinished"]


def test_official_sdk_reads_rooms_and_users_and_raises_errors() -> None:
    """The real clock: the SDK signs with this machine's."""
    with running_cloud() as cloud:
        cloud.create(77)
        client = official_sdk.connect(cloud.port)
        times = {"SdkAppId": SDK_APP_ID, "StartTime": now_s(cloud) - 60, "EndTime": now_s(cloud)}
        told = official_sdk.call(client, "DescribeRoomInfo", times)
        (room,) = told["RoomList"]
        users = official_sdk.call(client, "DescribeUserInfo", {**times, "CommId": room["CommId"]})
        assert (room["RoomString"], users["UserList"][0]["UserId"]) == ("77", "amy")
        with pytest.raises(TencentCloudSDKException, match="QueryScaleOversize"):
            official_sdk.call(
                client, "DescribeRoomInfo", {**times, "StartTime": 60 + now_s(cloud) - 2 * DAY_S}
            )


@pytest.mark.parametrize(
    ("action", "key"), [("DescribeRoomInfo", "RoomList"), ("DescribeUserInfo", "UserList")]
)
def test_answer_has_the_form_of_the_official_example(
    cloud: RunningCloud, action: str, key: str
) -> None:
    cloud.create(77)
    pass_time(cloud, 1)
    comm_id = ask_rooms(cloud)["RoomList"][0]["CommId"]
    ours = ask_rooms(cloud) if key == "RoomList" else ask_users(cloud, comm_id)
    for example in definitions.list_examples(action):
        official = example.answer[key][0]
        assert {name: type(value) for name, value in ours[key][0].items()} == {
            name: type(value) for name, value in official.items()
        }


def test_region_is_one_of_the_documents(cloud: RunningCloud) -> None:
    event = {"SdkAppId": SDK_APP_ID, "StartTime": now_s(cloud) - 60, "EndTime": now_s(cloud)}
    assert "Error" not in cloud.call("DescribeRoomInfo", event, more={"x-tc-region": "na-toronto"})
    refused = cloud.call("DescribeRoomInfo", event, more={"x-tc-region": "ap-tokyo"})
    assert refused["Error"]["Code"] == "UnsupportedRegion"
