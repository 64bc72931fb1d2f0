"""When an event happened: TRTC's time, unless it cannot be; then CallbackTs, in every event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.replay.rebuild import rebuild_callback
from local.replay.records import Record
from local.replay.signing import Signer
from shared.callbacks import ROOM_EVENTS, Callback, receive_callback
from shared.errors import CallbackError, SignatureError
from tests.shared.posted_callbacks import APP, NOW_MS, post, receive

SENT_MS = NOW_MS - 400
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
FAR = [
    *(SENT_MS // 1000, SENT_MS * 1000, SENT_MS * 1_000_000),  # in s, µs and ns
    *(SENT_MS + DAY_MS, SENT_MS - DAY_MS, SENT_MS + 300_001, SENT_MS - 300_001),
    *(
        0,
        -1,
        1.5,
        10**20,
        2**53,
        "soon",
        "",
        str(SENT_MS + DAY_MS),
        [1],
        {"ms": 1},
        True,
        "16\ud83d",
    ),
]
TYPES = [101, 102, 103, 104, 203, 204, 901, 902, 903, 1401, 1402, 1403, 1404]


def make_body(event_type: int, event_ms: object, sent_ms: int = SENT_MS, **more: object) -> str:
    info = {
        "RoomId": "lobby",
        "RoomIdType": 1,
        "EventMsTs": event_ms,
        "EventTs": SENT_MS // 1000,
        "UserId": "ann",
        "TaskId": "task-1",
        "Payload": {"Text": "Good morning", "More": 1},
    }
    envelope = {"EventGroupId": event_type // 100, "EventType": event_type}
    return json.dumps({**envelope, "CallbackTs": sent_ms, "EventInfo": info, **more})


def list_times(callback: Callback) -> set[int]:
    """Every time that is read of the event."""
    news = [callback.said, callback.task.unread if callback.task else None]
    return {callback.event_ms, *(each.event_ms for each in news if each)}


@pytest.mark.parametrize("event_type", TYPES)
@pytest.mark.parametrize("event_ms", FAR)
def test_time_that_cannot_be_is_the_callbacks_own(event_type: int, event_ms: object) -> None:
    callback = receive(post(make_body(event_type, event_ms)))
    assert callback.event_type in ROOM_EVENTS or callback.task
    assert (list_times(callback), callback.precise) == ({SENT_MS}, True)


@pytest.mark.parametrize("event_type", TYPES)
@pytest.mark.parametrize("drift_ms", [0, 5, -300_000, 300_000, -60_000])
def test_time_close_to_the_callbacks_is_kept(event_type: int, drift_ms: int) -> None:
    callback = receive(post(make_body(event_type, SENT_MS + drift_ms)))
    assert (list_times(callback), callback.precise) == ({SENT_MS + drift_ms}, True)


@pytest.mark.parametrize(
    ("event_s", "read"),
    [
        (SENT_MS // 1000 - 7, (SENT_MS // 1000 * 1000 - 7000, False)),
        (SENT_MS, (SENT_MS, True)),
        (SENT_MS // 1000 + 86_400, (SENT_MS, True)),
    ],
)
def test_seconds_are_judged_likewise(event_s: int, read: tuple[int, bool]) -> None:
    info = {"RoomId": "lobby", "EventTs": event_s, "UserId": "ann"}
    body = {"EventType": 101, "CallbackTs": SENT_MS, "EventInfo": info}
    callback = receive(post(json.dumps(body)))
    assert (callback.event_ms, callback.precise) == read


def test_event_that_says_nothing_of_its_time_is_none() -> None:
    body = {"EventType": 101, "CallbackTs": SENT_MS, "EventInfo": {"RoomId": "a", "UserId": "b"}}
    with pytest.raises(CallbackError):
        receive(post(json.dumps(body)))


def test_direct_invocation_of_long_ago_keeps_its_time() -> None:
    event = json.loads(make_body(103, SENT_MS - HOUR_MS, SENT_MS - HOUR_MS))
    assert receive_callback(event, [APP], NOW_MS, 300).event_ms == SENT_MS - HOUR_MS
    del event["CallbackTs"]
    assert receive_callback(event, [APP], NOW_MS, 300).event_ms == SENT_MS - HOUR_MS
    event["EventInfo"]["EventMsTs"] = "soon"
    with pytest.raises(CallbackError):
        receive_callback(event, [APP], NOW_MS, 300)


def play(record: Record, now_ms: int = NOW_MS) -> dict[str, Any]:
    """The function-URL event of a callback that is played again."""
    sent = Signer([APP]).prepare(record, now_ms)
    headers = {name.lower(): value for name, value in sent.headers.items()}
    return post(sent.body, headers=headers)


@pytest.mark.parametrize("event_ms", [SENT_MS - HOUR_MS - 60, SENT_MS // 1000, SENT_MS + DAY_MS])
@pytest.mark.parametrize("event_type", [101, 1403])
def test_played_callback_has_the_time_it_had_the_first_time(event_type: int, event_ms: int) -> None:
    body = make_body(event_type, event_ms, SENT_MS - HOUR_MS).encode()
    first = receive(post(body), SENT_MS - HOUR_MS)
    assert receive(play(Record("here:1", body))) == first
    again = Signer([APP]).prepare(Record("here:1", body), NOW_MS - DAY_MS).body
    assert receive(play(Record("here:1", again))) == first


def test_played_log_line_has_the_time_it_tells_of() -> None:
    line = {"event_type": 103, "event_ms": SENT_MS - HOUR_MS, "room_id": "lobby", "user_id": "ann"}
    body = json.dumps(rebuild_callback(line)).encode()
    assert receive(play(Record("here:1", body))).event_ms == SENT_MS - HOUR_MS


def test_former_callback_ts_makes_no_old_callback_young() -> None:
    with pytest.raises(SignatureError, match="CallbackTs"):
        receive(post(make_body(101, SENT_MS, SENT_MS - HOUR_MS, SavedCallbackTs=SENT_MS)))
    unsigned = post(make_body(101, SENT_MS - HOUR_MS))
    unsigned["body"] = make_body(101, SENT_MS - HOUR_MS, SavedCallbackTs=SENT_MS - HOUR_MS)
    with pytest.raises(SignatureError, match="Sign"):
        receive(unsigned)


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.sampled_from(TYPES), NUMBERS | st.booleans() | st.lists(st.integers(), max_size=1))
def test_whatever_the_time_is_the_event_is_of_about_now(event_type: int, event_ms: object) -> None:
    callback = receive(post(make_body(event_type, event_ms)))
    assert all(abs(each - SENT_MS) <= 300_000 for each in list_times(callback))
