"""DescribeRoomInfo and DescribeUserInfo: what TRTC's dashboard tells of rooms afterwards.

Source: documents 36754 and 36755 of the international site (product 647), the docstrings of
tencentcloud-sdk-python-trtc 3.1.177, and the official examples of tccli 3.1.189.1, in which a room that is
not finished has the time of the query as its DestroyTime. What else is assumed stands in assumed.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from local.cloud.admission import Answer
from local.cloud.assumed import NO_ROOM_DATA_CODE
from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError
from local.cloud.history import History, Life, Visit

DAY_S = 86_400
OLDEST_S = 14 * DAY_S
LONGEST_S = {"DescribeRoomInfo": DAY_S, "DescribeUserInfo": 4 * 3600}
PAGE_SIZES = {"DescribeRoomInfo": 10, "DescribeUserInfo": 6}  # unless both parameters are given

One = TypeVar("One")


class RoomData:
    """Answers both actions, once their parameters are checked against their tables."""

    def __init__(self, config: CloudConfig, clock: Clock, history: History) -> None:
        self._config = config
        self._known = {application.sdk_app_id for application in config.applications}
        self._clock = clock
        self._history = history

    def describe_room_info(self, _region: str, parameters: Mapping[str, Any]) -> Answer:
        """The rooms that were created in the time asked about, the newest first; raises ApiError."""
        told_ms = self._admit("DescribeRoomInfo", parameters)
        lives = [
            life
            for life in self._history.list_lives(parameters["SdkAppId"])
            if life.created_ms <= told_ms
            and parameters["StartTime"] <= life.created_ms // 1000 <= parameters["EndTime"]
            and parameters.get("RoomId", life.key[1]) == life.key[1]
        ]
        page = _cut("DescribeRoomInfo", lives, parameters)
        return {"Total": len(page), "RoomList": [self._show_life(life, told_ms) for life in page]}

    def describe_user_info(self, _region: str, parameters: Mapping[str, Any]) -> Answer:
        """Who was in a room in the time asked about; raises ApiError."""
        told_ms = self._admit("DescribeUserInfo", parameters)
        lives = self._history.list_lives(parameters["SdkAppId"])
        life = next((one for one in lives if one.comm_id == parameters["CommId"]), None)
        visits = list(self._list_visits(life, parameters, told_ms)) if life else []
        page = _cut("DescribeUserInfo", visits, parameters)
        name = life.key[1] if life else ""
        users = [self._show_visit(name, visit, told_ms) for visit in page]
        return {"Total": len(visits), "UserList": users}

    def _admit(self, action: str, parameters: Mapping[str, Any]) -> int:
        """Until which ms the data reaches; raises ApiError for what is refused."""
        now_ms = self._clock.now_ms()
        start_s, end_s = parameters["StartTime"], parameters["EndTime"]
        if parameters["SdkAppId"] not in self._known:
            raise ApiError("InvalidParameter.SdkAppId")
        if self._config.room_data == "none":
            raise ApiError(NO_ROOM_DATA_CODE)
        if start_s < now_ms // 1000 - OLDEST_S:
            raise ApiError("InvalidParameter.StartTsOversize")
        if end_s < start_s:
            raise ApiError("InvalidParameter.EndTs")
        if end_s - start_s > LONGEST_S[action]:
            raise ApiError("InvalidParameter.QueryScaleOversize")
        return now_ms - self._config.room_data_delay_ms

    def _show_life(self, life: Life, told_ms: int) -> Answer:
        ended_ms = _find_end(life.destroyed_ms, told_ms)
        return {
            "CommId": life.comm_id,
            "RoomString": life.key[1],
            "CreateTime": life.created_ms // 1000,
            "DestroyTime": (ended_ms or self._clock.now_ms()) // 1000,
            "IsFinished": ended_ms is not None,
            "UserId": life.creator,
        }

    def _list_visits(
        self, life: Life, parameters: Mapping[str, Any], told_ms: int
    ) -> Iterable[Visit]:
        start_s, end_s = parameters["StartTime"], parameters["EndTime"]
        asked = parameters.get("UserIds")
        for visit in life.visits:
            left_ms = _find_end(visit.left_ms, told_ms)
            is_in_time = visit.joined_ms // 1000 <= end_s and (
                left_ms is None or left_ms // 1000 >= start_s
            )
            is_told = visit.joined_ms <= told_ms and (not asked or visit.user_id in asked)
            if is_in_time and is_told:
                yield visit

    def _show_visit(self, room_id: str, visit: Visit, told_ms: int) -> Answer:
        left_ms = _find_end(visit.left_ms, told_ms)
        return {
            "RoomStr": room_id,
            "UserId": visit.user_id,
            "JoinTs": visit.joined_ms // 1000,
            "LeaveTs": (left_ms or self._clock.now_ms()) // 1000,
            "DeviceType": "",
            "SdkVersion": "",
            "ClientIp": "",
            "Finished": left_ms is not None,
        }


def _find_end(ms: int | None, told_ms: int) -> int | None:
    """When something ended; None if that is not told yet."""
    return ms if ms is not None and ms <= told_ms else None


def _cut(action: str, found: Sequence[One], parameters: Mapping[str, Any]) -> Sequence[One]:
    """One page; pages count from 0. Raises ApiError for one that is too large."""
    number, size = parameters.get("PageNumber"), parameters.get("PageSize")
    if size is not None and size > 100:
        raise ApiError("InvalidParameter.PageSizeOversize")
    if number is None or size is None:
        return found[: PAGE_SIZES[action]]
    return found[number * size : (number + 1) * size]
