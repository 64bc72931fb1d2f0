"""Rooms and people over HTTP, and the callbacks that they cause."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.cloud.callbacks import sign_body
from local.cloud.clock import ManualClock
from local.cloud.config import Application
from local.cloud.room_ids import CHARACTERS
from tests.support.emulator import (
    APPLICATION,
    CONFIG,
    SDK_APP_ID,
    Received,
    RunningCloud,
    running_cloud,
)


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(callbacks=True) as running:
        yield running


@pytest.fixture(scope="module")
def quiet_cloud() -> Iterator[RunningCloud]:
    """Shared by tests of what is refused; nothing may change in it."""
    with running_cloud() as running:
        running.create("lobby")
        running.act("lobby", "enter", user_id="listener", role=21)
        yield running


def read_types(received: list[Received]) -> list[int]:
    return [one.event_type for one in received]


def drop_times(received: Received) -> dict[str, object]:
    """EventInfo without its two timestamps."""
    return {k: v for k, v in received.info.items() if k not in ("EventTs", "EventMsTs")}


def test_created_room_is_shown_with_the_event_time_of_its_101(cloud: RunningCloud) -> None:
    answer = cloud.create("1234", room_id_type=0)
    created, entered = cloud.take_callbacks()
    assert answer.status_code == 201
    assert cloud.list_rooms() == [answer.json()]
    assert answer.json() == {
        "sdk_app_id": SDK_APP_ID,
        "room_id": "1234",
        "room_id_type": 0,
        "open": True,
        "opened_ms": created.event_ms,
        "users": [{"user_id": "amy", "role": 20, "microphone": False, "bot": False}],
        "tasks": [],
    }
    assert entered.event_type == 103


def test_callback_is_signed_over_its_own_formatting(cloud: RunningCloud) -> None:
    cloud.create(1234)
    created, _ = cloud.take_callbacks()
    assert created.headers["sdkappid"] == str(SDK_APP_ID)
    assert created.headers["content-type"] == "application/json"
    assert created.headers["sign"] == sign_body(created.body, APPLICATION.callback_key)
    assert created.body.decode() == (
        '{\n\t"EventGroupId":\t1,\n\t"EventType":\t101,\n'
        f'\t"CallbackTs":\t{created.event["CallbackTs"]},\n'
        '\t"EventInfo":\t{\n\t\t"RoomId":\t1234,\n'
        f'\t\t"EventTs":\t{created.event_ms // 1000},\n\t\t"EventMsTs":\t{created.event_ms},\n'
        '\t\t"UserId":\t"amy"\n\t}\n}'
    )


def test_application_without_callback_key_sends_no_sign() -> None:
    config = replace(CONFIG, applications=(Application(7, "k", ""),))
    with running_cloud(config, callbacks=True) as cloud:
        cloud.create("r")
        assert "sign" not in cloud.take_callbacks()[0].headers


def test_whole_meeting_emits_the_documented_events(cloud: RunningCloud) -> None:
    cloud.create("class-7")
    cloud.act("class-7", "enter", user_id="ben", role=21)
    cloud.act("class-7", "enter", user_id="ben", role=20)
    cloud.act("class-7", "enter", user_id="ben", role=20)
    cloud.act("class-7", "audio", user_id="ben", on=True)
    cloud.act("class-7", "audio", user_id="ben", on=True)
    cloud.act("class-7", "audio", user_id="ben", on=False)
    cloud.act("class-7", "say", user_id="ben", text="Hi")
    cloud.act("class-7", "say", user_id="ben", text="Hi again")
    cloud.act("class-7", "leave", user_id="ben")
    cloud.act("class-7", "leave", user_id="amy")
    received = cloud.take_callbacks()
    room = {"RoomId": "class-7"}
    native = {"TerminalType": 2, "UserType": 3, "Reason": 1}
    assert [(one.event_type, drop_times(one)) for one in received] == [
        (101, {**room, "UserId": "amy"}),
        (103, {**room, "UserId": "amy", "Role": 20, **native}),
        (103, {**room, "UserId": "ben", "Role": 21, **native}),
        (105, {**room, "UserId": "ben", "Role": 20}),
        (203, {**room, "UserId": "ben"}),
        (204, {**room, "UserId": "ben", "Reason": 0}),
        (203, {**room, "UserId": "ben"}),
        (104, {**room, "UserId": "ben", "Role": 20, "Reason": 1}),
        (104, {**room, "UserId": "amy", "Role": 20, "Reason": 1}),
        (102, room),
    ]
    assert cloud.list_rooms() == []


def test_event_times_of_a_room_are_strictly_increasing() -> None:
    with running_cloud(clock=ManualClock(), callbacks=True) as cloud:
        cloud.create("r")
        cloud.act("r", "dismiss")
        cloud.create("r")
        times = [one.event_ms for one in cloud.take_callbacks()]
    assert times == list(range(times[0], times[0] + 6))


def test_anchor_who_becomes_audience_loses_the_microphone(cloud: RunningCloud) -> None:
    cloud.create("r")
    cloud.act("r", "audio", user_id="amy", on=True)
    cloud.act("r", "enter", user_id="amy", role=21)
    received = cloud.take_callbacks()
    assert read_types(received) == [101, 103, 203, 204, 105]
    assert received[-1].info["Role"] == 21


def test_dismissed_room_removes_everybody_and_then_closes(cloud: RunningCloud) -> None:
    cloud.create("r")
    cloud.act("r", "enter", user_id="ben")
    assert cloud.act("r", "dismiss").json()["open"] is False
    received = cloud.take_callbacks()
    assert read_types(received) == [101, 103, 103, 104, 104, 102]
    assert [one.info.get("Reason") for one in received[3:]] == [3, 3, None]


@pytest.mark.parametrize(("switch", "room_id"), [("same", 1234), ("string", "1234")])
def test_102_of_a_numeric_room_follows_the_switch(switch: str, room_id: object) -> None:
    config = replace(CONFIG, dismissed_room_id="same" if switch == "same" else "string")
    with running_cloud(config, callbacks=True) as cloud:
        cloud.create(1234)
        cloud.act("1234", "dismiss")
        closed = cloud.take_callbacks()[-1]
    assert closed.info["RoomId"] == room_id


def test_room_can_be_created_again_and_is_another_session(cloud: RunningCloud) -> None:
    first = cloud.create("r").json()["opened_ms"]
    assert cloud.create("r", "ben").status_code == 409
    cloud.act("r", "dismiss")
    again = cloud.create("r", "ben")
    assert again.status_code == 201
    assert again.json()["opened_ms"] > first


def test_applications_are_listed(quiet_cloud: RunningCloud) -> None:
    listed = quiet_cloud.http.get("/_local/applications").json()
    assert listed == {"applications": [one.sdk_app_id for one in CONFIG.applications]}


def test_rooms_that_have_ended_are_listed_on_demand_the_last_first() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        for room_id in ("first", "second", "third", "open"):
            cloud.create(room_id)
        for room_id in ("first", "second", "third"):
            cloud.advance(1000)
            cloud.act(room_id, "dismiss")
        listed = cloud.http.get("/_local/rooms?ended=2").json()["rooms"]
        assert [room["room_id"] for room in listed] == ["open", "third", "second"]
        assert "closed_ms" not in listed[0]
        assert listed[1]["closed_ms"] == listed[2]["closed_ms"] + 1000
        assert [room["room_id"] for room in cloud.list_rooms()] == ["open"]
        assert cloud.http.get("/_local/rooms?ended=many").status_code == 400


def test_numeric_and_string_room_of_one_text_are_two(cloud: RunningCloud) -> None:
    cloud.create(123)
    cloud.create("123")
    ambiguous = cloud.act("123", "leave", user_id="amy")
    assert ambiguous.status_code == 409
    assert "?type=0|1" in ambiguous.json()["error"]
    assert cloud.act("123?type=1", "leave", user_id="amy").status_code == 200
    assert [(r["room_id"], r["room_id_type"]) for r in cloud.list_rooms()] == [("123", 0)]
    assert cloud.act("123", "leave", user_id="amy").status_code == 200
    received = cloud.take_callbacks()
    closed = [one.info["RoomId"] for one in received if one.event_type == 102]
    assert closed in ([123, "123"], ["123", 123])


def test_type_is_what_the_json_says_unless_given(cloud: RunningCloud) -> None:
    assert cloud.create(1).json()["room_id_type"] == 0
    assert cloud.create("2").json()["room_id_type"] == 1
    assert cloud.create("3", room_id_type=0).json()["room_id_type"] == 0
    assert cloud.create(4, room_id_type=1).json()["room_id_type"] == 1


def test_rooms_of_several_applications_are_apart() -> None:
    config = replace(CONFIG, applications=(APPLICATION, Application(7, "k", "key")))
    with running_cloud(config, callbacks=True) as cloud:
        cloud.create("r")
        cloud.create("r", sdk_app_id=7)
        assert cloud.act("r", "dismiss").status_code == 409
        assert cloud.act("r?sdk_app_id=7", "dismiss").json()["sdk_app_id"] == 7
        headers = [one.headers["sdkappid"] for one in cloud.take_callbacks()]
    assert headers.count("7") == 4


@pytest.mark.parametrize(
    "room_id",
    [
        "".join(sorted(CHARACTERS))[:45],
        "".join(sorted(CHARACTERS))[45:],
        " ",
        "a b",
        "100%",
        "%41",
        "a?type=0",
        "#",
        "....",
        "x" * 64,
    ],
)
def test_every_character_of_room_ids_survives_the_path(cloud: RunningCloud, room_id: str) -> None:
    assert cloud.create(room_id).json()["room_id"] == room_id
    encoded = quote(room_id, safe="")
    for verb, more in (("enter", {}), ("say", {"text": "x"}), ("audio", {"on": False})):
        answer = cloud.act(encoded, verb, user_id="ben", **more)
        assert (answer.status_code, answer.json()["room_id"]) == (200, room_id)
    assert cloud.act(encoded, "leave", user_id="ben").status_code == 200
    assert cloud.act(encoded, "dismiss").status_code == 200
    assert {one.info["RoomId"] for one in cloud.take_callbacks()} == {room_id}


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"{", 400, "JSON"),
        (b"\xff", 400, "JSON"),
        (b"[]", 400, "object"),
        (b'{"room_id": "r", "user_id": "\\ud800"}', 400, "JSON"),
        (b" " * (1024 * 1024 + 1), 413, "bytes"),
        (b"", 400, "room_id"),
        (b'{"room_id": true, "user_id": "a"}', 400, "room_id"),
        (b'{"room_id": 1.5, "user_id": "a"}', 400, "room_id"),
        (b'{"room_id": 0, "user_id": "a"}', 400, "room_id"),
        (b'{"room_id": "", "user_id": "a"}', 400, "room_id"),
        (b'{"room_id": "a/b", "user_id": "a"}', 400, "room_id"),
        (b'{"room_id": "r", "room_id_type": 2, "user_id": "a"}', 400, "room_id_type"),
        (b'{"room_id": "r", "room_id_type": "1", "user_id": "a"}', 400, "room_id_type"),
        (b'{"room_id": "r"}', 400, "user_id"),
        (b'{"room_id": "r", "user_id": 1}', 400, "user_id"),
        (b'{"room_id": "r", "user_id": "a b"}', 400, "user_id"),
        (b'{"room_id": "r", "user_id": "a", "role": 22}', 400, "role"),
        (b'{"room_id": "r", "user_id": "a", "role": "20"}', 400, "role"),
        (b'{"room_id": "r", "user_id": "a", "sdk_app_id": 5}', 404, "application 5"),
        (b'{"room_id": "lobby", "user_id": "a"}', 409, "already open"),
    ],
)
def test_room_that_makes_no_sense_is_refused(
    quiet_cloud: RunningCloud, body: bytes, status: int, word: str
) -> None:
    before = quiet_cloud.list_rooms()
    answer = quiet_cloud.http.post("/_local/rooms", content=body)
    assert (answer.status_code, word in answer.json()["error"]) == (status, True)
    assert quiet_cloud.list_rooms() == before


@pytest.mark.parametrize(
    ("room", "verb", "arguments", "status", "word"),
    [
        ("nowhere", "enter", {"user_id": "a"}, 404, "not open"),
        ("lobby?type=0", "enter", {"user_id": "a"}, 404, "not open"),
        ("lobby?type=x", "enter", {"user_id": "a"}, 400, "?type="),
        ("lobby", "dance", {"user_id": "a"}, 404, "dismiss"),
        ("lobby", "enter", {}, 400, "user_id"),
        ("lobby", "enter", {"user_id": "a" * 33}, 400, "user_id"),
        ("lobby", "enter", {"user_id": "a", "role": 0}, 400, "role"),
        ("lobby", "leave", {"user_id": "nobody"}, 404, "nobody"),
        ("lobby", "audio", {"user_id": "amy"}, 400, "on"),
        ("lobby", "audio", {"user_id": "amy", "on": 1}, 400, "on"),
        ("lobby", "audio", {"user_id": "listener", "on": True}, 409, "audience"),
        ("lobby", "say", {"user_id": "listener", "text": "x"}, 409, "audience"),
        ("lobby", "say", {"user_id": "nobody", "text": "x"}, 404, "nobody"),
        ("lobby", "say", {"user_id": "amy"}, 400, "text"),
        ("lobby", "say", {"user_id": "amy", "text": ""}, 400, "text"),
        ("lobby", "say", {"user_id": "amy", "text": "x", "translations": ["en"]}, 400, "transl"),
        ("lobby", "say", {"user_id": "amy", "text": "x", "translations": {"en": 1}}, 400, "transl"),
    ],
)
def test_command_that_makes_no_sense_is_refused(
    quiet_cloud: RunningCloud,
    room: str,
    verb: str,
    arguments: dict[str, object],
    status: int,
    word: str,
) -> None:
    before = quiet_cloud.list_rooms()
    answer = quiet_cloud.act(room, verb, **arguments)
    assert (answer.status_code, word in answer.json()["error"]) == (status, True)
    assert quiet_cloud.list_rooms() == before


_VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers())
_FIELDS = ["user_id", "role", "on", "text", "translations", "room_id", "room_id_type", "sdk_app_id"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["", "/nowhere/enter", "/lobby/leave", "/lobby/audio", "/nowhere/say"]),
    body=st.dictionaries(st.sampled_from(_FIELDS), _VALUES) | _VALUES,
)
def test_no_command_is_an_internal_error(
    quiet_cloud: RunningCloud, path: str, body: object
) -> None:
    answer = quiet_cloud.http.post(f"/_local/rooms{path}", json=body)
    assert answer.status_code in (200, 201, 400, 404, 409)
