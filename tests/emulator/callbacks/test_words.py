"""The names in 2.0's callbacks, which no document has: a switch."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from local.cloud.clock import ManualClock
from local.cloud.config import CloudWords
from tests.support.emulator import CONFIG, Received, running_cloud

COMMON = {"EventMsTs", "TaskId", "RoomId", "RoomIdType"}
SPOKEN_MS = 5_000
SHORTEST_MS = 400


@contextmanager
def talking(words: CloudWords) -> Iterator[dict[int, Received]]:
    """What a 2.0 task tells from its start to its end, by event type; amy says one sentence."""
    config = replace(CONFIG, cloud_words=words)
    with running_cloud(config, clock=ManualClock(), callbacks=True) as cloud:
        cloud.create(1234, "amy")
        task_id = cloud.start_cloud(TranslationParam={"TargetLang": ["zh"]})["TaskId"]
        cloud.advance(SPOKEN_MS)
        cloud.act("1234", "say", user_id="amy", text="Hello", translations={"zh": "你好"})
        cloud.stop_cloud(task_id)
        yield {one.event_type: one for one in cloud.take_callbacks() if one.event_type > 1000}


def test_words_are_like_903_unless_said_otherwise() -> None:
    with talking("like_903") as told:
        for event_type in (1402, 1403, 1404):
            assert set(told[event_type].info) == {*COMMON, "RobotId", "Payload"}
        assert set(read_payload(told[1403], "Payload")) == {
            *("UserId", "Text", "StartTimeMs", "EndTimeMs", "RoundId")
        }


def test_web_words_have_the_speaker_beside_the_payload() -> None:
    with talking("web") as told:
        for event_type in (1403, 1404):
            assert set(told[event_type].info) == {*COMMON, "robotid", "sender", "payload"}
            assert told[event_type].info["robotid"] == "bot"
            assert told[event_type].info["sender"] == "amy"
        spoken, translated = (read_payload(told[event], "payload") for event in (1403, 1404))
        round_id = spoken.pop("roundid")
        assert translated.pop("roundid") == round_id
        start_ms = spoken.pop("start_utc_ms")
        assert translated.pop("start_utc_ms") == start_ms
        assert isinstance(start_ms, int)
        assert told[1403].event_ms - 2 * SHORTEST_MS <= start_ms <= told[1403].event_ms
        assert spoken == {"text": "Hello", "translate_msg": [], "end": True}
        assert translated == {
            "text": "Hello",
            "translate_msg": [{"language": "zh", "text": "你好"}],
            "end": True,
        }
        assert told[1402].info["robotid"] == "bot"
        assert read_payload(told[1402], "payload") == {"LeaveCode": 0}


def test_ios_words_are_all_in_the_payload() -> None:
    with talking("ios") as told:
        for event_type in (1402, 1403, 1404):
            assert set(told[event_type].info) == {*COMMON, "transcriberRobotId", "Payload"}
        spoken, translated = (read_payload(told[event], "Payload") for event in (1403, 1404))
        segment = spoken.pop("segmentId")
        assert translated.pop("segmentId") == segment
        timestamp = spoken.pop("timestamp")
        assert isinstance(timestamp, int)
        assert 0 <= told[1403].event_ms - timestamp <= SHORTEST_MS
        assert translated.pop("timestamp") == timestamp
        same = {"speakerUserId": "amy", "sourceText": "Hello", "isCompleted": True}
        assert spoken == {**same, "translationTexts": {}}
        assert translated == {**same, "translationTexts": {"zh": "你好"}}


@pytest.mark.parametrize("words", ["like_903", "web", "ios"])
def test_documented_start_has_its_names_under_every_switch(words: CloudWords) -> None:
    with talking(words) as told:
        assert set(told[1401].info) == {*COMMON, "RobotId", "Payload"}


def test_1_0_tells_as_documented_under_every_switch() -> None:
    config = replace(CONFIG, cloud_words="web", preparing_ms=0)
    with running_cloud(config, clock=ManualClock(), callbacks=True) as cloud:
        cloud.create(1234, "amy")
        cloud.start_ai()
        cloud.act("1234", "say", user_id="amy", text="Hello")
        (spoken,) = (one for one in cloud.take_callbacks() if one.event_type == 903)
        assert set(spoken.info) == {*COMMON, "Payload"}
        assert read_payload(spoken, "Payload")["Text"] == "Hello"


def read_payload(callback: Received, name: str) -> dict[str, object]:
    payload = callback.info[name]
    assert isinstance(payload, dict)
    return dict(payload)
