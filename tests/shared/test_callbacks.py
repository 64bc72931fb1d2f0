"""Callbacks: strangers are refused before anything is parsed; TRTC's own oddities are not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.applications import Application
from shared.callbacks import ROOM_EVENTS, Callback, receive_callback
from shared.errors import (
    CallbackError,
    MethodError,
    RequestError,
    RoomscribeError,
    SignatureError,
    TooLargeError,
)
from shared.room import Room
from tests.shared.posted_callbacks import APP, NOW_MS, OTHER, post, receive
from tests.support.event_samples import EVENTS, LoadEvent


def test_documented_room_created_is_parsed(load_event: LoadEvent) -> None:
    callback = receive(post(json.dumps(load_event("room-created"))))
    assert callback == Callback(Room(1400000000, "12345", 0), 101, 1687770730160, True, "test")


def test_string_room_is_told_from_numeric_by_its_json_type(load_event: LoadEvent) -> None:
    assert receive(post(json.dumps(load_event("string-room-created")))).room.room_id_type == 1
    assert (
        receive(post(json.dumps(load_event("room-dismissed"))), 1687771618531).room.room_id_type
        == 1
    )


def test_event_without_milliseconds_is_known_to_the_second() -> None:
    body = (EVENTS / "room-created-seconds-only.json").read_text()
    callback = receive(post(body), 1608086882372)
    assert (callback.event_ms, callback.precise) == (1608086882000, False)


def test_unknown_fields_change_nothing(load_event: LoadEvent) -> None:
    plain, extra = (
        json.dumps(load_event(n)) for n in ("room-created", "room-created-extra-fields")
    )
    assert receive(post(plain)) == receive(post(extra))


def test_unknown_type_is_a_callback_not_acted_on(load_event: LoadEvent) -> None:
    callback = receive(post(json.dumps(load_event("unknown-type"))))
    assert (callback.event_type, callback.room.room_id) == (3107, "12345")
    assert callback.event_type not in ROOM_EVENTS


def test_unknown_type_may_have_any_event_info() -> None:
    body = json.dumps({"EventType": 999, "CallbackTs": NOW_MS, "EventInfo": ["what", 1]})
    assert receive(post(body)).event_type not in ROOM_EVENTS


def test_sentence_keeps_its_room_and_no_text(load_event: LoadEvent) -> None:
    callback = receive(post(json.dumps(load_event("ai-sentence"))))
    assert (callback.event_type, callback.room.room_id, callback.room.room_id_type) == (
        903,
        "12345",
        0,
    )
    assert "good morning" not in repr(callback)


def test_base64_body_verifies_over_its_bytes(load_event: LoadEvent) -> None:
    assert receive(post(json.dumps(load_event("room-created")).encode())).room.room_id == "12345"


def test_each_application_has_its_own_key(load_event: LoadEvent) -> None:
    body = json.dumps(load_event("room-created"))
    assert receive(post(body, app=OTHER)).room.sdk_app_id == 1400000001
    forged = post(body, app=Application(1400000000, "", "callbackB"))
    with pytest.raises(SignatureError):
        receive(forged)


ROTATED = Application(1400000000, "secret", "callbackNew", "callbackOld")


@pytest.mark.parametrize(
    ("key", "signed_with"), [("callbackNew", None), ("callbackOld", "old key")]
)
def test_new_and_old_callback_key_are_valid_at_once(
    key: str, signed_with: str | None, load_event: LoadEvent
) -> None:
    event = post(json.dumps(load_event("room-created")), app=Application(1400000000, "", key))
    assert receive_callback(event, [ROTATED, OTHER], NOW_MS, 300).signed_with == signed_with


@pytest.mark.parametrize("key", ["callbackA", "callbackNew,callbackOld", "", "unknown"])
def test_no_other_key_is_valid_beside_them(key: str, load_event: LoadEvent) -> None:
    event = post(json.dumps(load_event("room-created")), app=Application(1400000000, "", key))
    for app in (ROTATED, OTHER):
        with pytest.raises(SignatureError):
            receive_callback(event, [app], NOW_MS, 300)


def test_empty_key_is_nobodys_although_no_old_key_is_set(load_event: LoadEvent) -> None:
    event = post(json.dumps(load_event("room-created")), app=Application(1400000000, "", ""))
    with pytest.raises(SignatureError):
        receive_callback(event, [Application(1400000000, "secret", "callbackNew")], NOW_MS, 300)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sdkappid": "1400000000"},
        {"sdkappid": "1400000000", "sign": ""},
        {"sdkappid": "1400000000", "sign": "AAAA"},
        {"sdkappid": "1400000000", "sign": "签名é\udcff"},
        {"sdkappid": "1400000000", "sign": "A" * 100_000},
        {"sdkappid": "1", "sign": "t2Yq1R4wilV/RIMRyygkgdhxWO8dgTdXXrfNVtz7V3k="},
        {"sdkappid": "1400000000; DROP", "sign": "x"},
        {"sign": "t2Yq1R4wilV/RIMRyygkgdhxWO8dgTdXXrfNVtz7V3k="},
    ],
)
def test_strangers_are_unauthorized_whatever_the_body(headers: dict[str, str]) -> None:
    for body in ("{}", "not json", "\x00"):
        with pytest.raises(SignatureError):
            receive(post(body, headers=headers))


@pytest.mark.parametrize("age_ms", [300_001, -300_001, 86_400_000])
def test_old_and_future_callbacks_are_unauthorized(age_ms: int, load_event: LoadEvent) -> None:
    event = post(json.dumps(load_event("room-created")))
    with pytest.raises(SignatureError, match="CallbackTs"):
        receive(event, 1687770730166 + age_ms)


def test_the_age_window_is_closed_on_both_sides(load_event: LoadEvent) -> None:
    event = post(json.dumps(load_event("room-created")))
    assert receive(event, 1687770730166 + 300_000)
    assert receive(event, 1687770730166 - 300_000)


@pytest.mark.parametrize("method", ["GET", "PUT", "", "DELETE"])
def test_only_post_is_answered(method: str) -> None:
    with pytest.raises(MethodError):
        receive(post("{}", httpMethod=method))


def test_body_over_64_kib_is_refused() -> None:
    with pytest.raises(TooLargeError):
        receive(post("x" * (64 * 1024 + 1)))
    with pytest.raises(TooLargeError):
        receive(post("x" * 1_000_000))


ROOM = {"RoomId": 1, "EventMsTs": 1, "UserId": "u"}


WRONG_ROOM_INFOS: list[object] = [
    None,
    [],
    {},
    {**ROOM, "RoomId": None},
    {**ROOM, "RoomId": ""},
    {**ROOM, "RoomId": 0},
    {**ROOM, "RoomId": -5},
    {**ROOM, "RoomId": 2**32 - 1},
    {**ROOM, "RoomId": 10**30},
    {**ROOM, "RoomId": 1.5},
    {**ROOM, "RoomId": "a\x00b"},
    {**ROOM, "RoomId": "x" * 65},
    {**ROOM, "RoomId": ["x"]},
    {**ROOM, "RoomId": "abc", "RoomIdType": 0},
    {**ROOM, "RoomId": "²", "RoomIdType": 0},
    {**ROOM, "UserId": "*"},
    {**ROOM, "UserId": ""},
    {"RoomId": 1, "UserId": "u"},
    {"RoomId": 1, "EventMsTs": 1},
    {**ROOM, "UserId": 5},
    {**ROOM, "UserId": "u" * 1000},
]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        "null",
        '"text"',
        "{}",
        b"\xff\xfe{}",
        "\x00",
        "[" * 10_000,
        json.dumps({"EventType": "101", "CallbackTs": NOW_MS, "EventInfo": ROOM}),
        json.dumps({"EventType": True, "CallbackTs": NOW_MS, "EventInfo": ROOM}),
        json.dumps({"EventType": -1, "CallbackTs": NOW_MS, "EventInfo": ROOM}),
        json.dumps({"EventType": 101, "EventInfo": ROOM}),
        json.dumps({"EventType": 101, "CallbackTs": NOW_MS}),
        *(
            json.dumps({"EventType": 103, "CallbackTs": NOW_MS, "EventInfo": info})
            for info in WRONG_ROOM_INFOS
        ),
    ],
)
def test_what_is_no_callback_is_said_to_be_none(body: str | bytes) -> None:
    with pytest.raises(CallbackError) as caught:
        receive(post(body))
    assert "EventMsTs" not in str(caught.value.__cause__)


def test_largest_and_smallest_legal_values_pass() -> None:
    for room_id in (1, 2**32 - 2, "x", "x" * 64, " !#$%&()+-:;<=.>?@[]^_{}|~,"):
        info = {"RoomId": room_id, "EventMsTs": 0, "UserId": "u" * 32}
        body = json.dumps({"EventType": 103, "CallbackTs": NOW_MS, "EventInfo": info})
        assert receive(post(body)).room.room_id == str(room_id)


def test_milliseconds_may_come_as_text() -> None:
    info = {"RoomId": 1, "EventMsTs": "1687770730160"}
    body = json.dumps({"EventType": 101, "CallbackTs": NOW_MS, "EventInfo": info})
    assert receive(post(body)).event_ms == 1687770730160


def test_end_of_a_task_is_understood_whatever_bytes_come_with_it() -> None:
    body = (
        b'{"EventType": 1402, "CallbackTs": %d, "EventInfo": {"RoomId": 1, "EventMsTs": %d, '
        b'"TaskId": "t", "Payload": {"LeaveCode": 98}, "Surprise": "\xff what ann said"}}'
    )
    callback = receive(post(body % (NOW_MS, NOW_MS)))
    assert callback.task
    assert callback.task.unread
    assert callback.task.leave_code == 98
    assert "what ann said" in callback.task.unread.opaque
    assert "what ann said" not in repr(callback)


def test_direct_invocation_takes_the_bare_callback(load_event: LoadEvent) -> None:
    event = load_event("room-created")
    assert receive_callback(event, [APP], 0, 300).room.sdk_app_id == APP.sdk_app_id
    assert receive({**event, "SdkAppId": OTHER.sdk_app_id}).room.sdk_app_id == OTHER.sdk_app_id
    with pytest.raises(RequestError, match="SdkAppId"):
        receive(event)


@pytest.mark.parametrize(
    "event", [{"key1": "test value 1", "key2": "test value 2"}, {}, None, [], "x"]
)
def test_console_test_event_is_answered_with_an_example(event: object) -> None:
    with pytest.raises(RequestError, match="start_transcription"):
        receive(event)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
LIKELY = st.dictionaries(
    st.sampled_from(["EventGroupId", "EventType", "CallbackTs", "EventInfo", "SdkAppId"]),
    JSON
    | st.sampled_from([101, 102, 103, 203, NOW_MS])
    | st.dictionaries(
        st.sampled_from(["RoomId", "RoomIdType", "EventMsTs", "EventTs", "UserId", "Role"]), JSON
    ),
)


@given(st.binary(max_size=200) | (JSON | LIKELY).map(lambda value: json.dumps(value).encode()))
def test_any_signed_body_is_parsed_or_refused_by_name(body: bytes) -> None:
    try:
        receive(post(body))
    except RoomscribeError as error:
        assert error.http_status in (400, 401)  # noqa: PT017  both are right; anything else is a bug


@given(LIKELY | JSON)
def test_any_direct_event_is_parsed_or_refused_by_name(event: object) -> None:
    try:
        receive_callback(event, [APP], NOW_MS, 300)
    except RoomscribeError as error:
        assert error.http_status == 400  # noqa: PT017  as above
