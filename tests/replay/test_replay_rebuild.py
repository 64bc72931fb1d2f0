"""Callbacks rebuilt from Roomscribe's own log lines."""

from __future__ import annotations

import pytest

from local.replay.rebuild import rebuild_callback

LINE = {
    "message": "room.opened",
    "sdk_app_id": 1400000001,
    "room_id": "12345",
    "room_id_type": 0,
    "user_id": "amy",
    "role": 20,
    "event_type": 103,
    "event_ms": 1687770731831,
}


def test_room_event_is_rebuilt_as_trtc_sends_it() -> None:
    assert rebuild_callback(LINE) == {
        "EventGroupId": 1,
        "EventType": 103,
        "CallbackTs": 1687770731831,
        "EventInfo": {
            "RoomId": 12345,
            "EventTs": 1687770731,
            "EventMsTs": 1687770731831,
            "UserId": "amy",
            "Role": 20,
        },
    }


def test_string_room_stays_text() -> None:
    callback = rebuild_callback({**LINE, "room_id_type": 1})
    assert callback is not None
    assert callback["EventInfo"]["RoomId"] == "12345"


@pytest.mark.parametrize(
    ("room_id", "room_id_type", "rebuilt"),
    [("12345", None, 12345), ("007", None, "007"), ("12345", "0", 12345), ("12345", "1", "12345")],
)
def test_line_without_a_type_means_a_number_by_digits(
    room_id: str, room_id_type: str | None, rebuilt: int | str
) -> None:
    callback = rebuild_callback({**LINE, "room_id": room_id, "room_id_type": room_id_type})
    assert callback is not None
    assert callback["EventInfo"]["RoomId"] == rebuilt


def test_fields_the_line_does_not_have_are_left_out() -> None:
    callback = rebuild_callback({**LINE, "event_type": 102, "user_id": None, "role": None})
    assert callback is not None
    assert set(callback["EventInfo"]) == {"RoomId", "EventTs", "EventMsTs"}


def test_media_event_is_of_group_two() -> None:
    callback = rebuild_callback({**LINE, "event_type": 203})
    assert callback is not None
    assert (callback["EventGroupId"], callback["EventType"]) == (2, 203)


def test_service_event_has_text_room_and_its_type() -> None:
    callback = rebuild_callback({**LINE, "event_type": 1402, "task_id": "t-1", "leave_code": 99})
    assert callback is not None
    assert callback["EventGroupId"] == 14
    assert callback["EventInfo"] == {
        "EventMsTs": 1687770731831,
        "TaskId": "t-1",
        "RoomId": "12345",
        "RoomIdType": 0,
        "Payload": {"LeaveCode": 99},
    }


@pytest.mark.parametrize("missing", ["event_type", "event_ms", "room_id"])
def test_line_without_an_event_is_none(missing: str) -> None:
    assert rebuild_callback({**LINE, missing: None}) is None


def test_line_of_a_callback_without_room_is_none() -> None:
    assert rebuild_callback({**LINE, "room_id": ""}) is None
