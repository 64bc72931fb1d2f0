"""What clients in a room get of a sentence: beginnings, the whole, translations."""

import pytest

from local.cloud.accounts import Account
from local.cloud.assumed import Sentence, Service
from local.cloud.captions import grow_text, write_captions
from local.cloud.state import Room, Task

STARTED_MS = 1_700_000_000_000
SAID = Sentence("amy", "Good morning all", 61_000, 3_663_000, "round-1")


def make_task(service: Service) -> Task:
    return Task(
        task_id="task.",
        service=service,
        room=Room((1, "r", 1), Account(0)),
        region="ap-singapore",
        bot_user_id="bot",
        session_id=None,
        only=frozenset(),
        deaf_to=frozenset(),
        languages=(),
        max_idle_ms=60_000,
        started_ms=STARTED_MS,
    )


@pytest.mark.parametrize(
    ("text", "grown"),
    [
        ("one two three four", ["one", "one two", "one two three", "one two three four"]),
        ("Good  morning", ["Good", "Good  morning"]),
        ("大家早上好啊", ["大", "大家早", "大家早上", "大家早上好啊"]),
        ("好", ["好"]),
        ("Hello", ["H", "He", "Hel", "Hello"]),
        (" ", [" "]),
        ("ที่นี่", ["ที่", "ที่นี่"]),  # vowels and tones stay on their consonants
        ("👩‍👩‍👧👍🏽", ["👩‍👩‍👧", "👩‍👩‍👧👍🏽"]),
    ],
)
def test_text_grows_by_words_or_else_by_characters(text: str, grown: list[str]) -> None:
    assert grow_text(text) == grown


def test_long_text_has_no_more_beginnings_than_a_short_one() -> None:
    assert [len(text) for text in grow_text("x" * 100_000)] == [25_000, 50_000, 75_000, 100_000]


def test_1_0_sends_beginnings_then_the_whole_then_each_translation() -> None:
    messages = list(write_captions(make_task("ai"), SAID, {"zh": "早", "fr": "Bonjour tous"}))
    payloads = [message["payload"] for message in messages]
    assert [_find_text(payload) for payload in payloads] == [
        ("Good", False),
        ("Good morning", False),
        ("Good morning all", True),
        ("早", True),
        ("Bonjour", False),
        ("Bonjour tous", True),
    ]


def _find_text(payload: object) -> tuple[object, object]:
    assert isinstance(payload, dict)
    return payload.get("text", payload.get("translation_text")), payload["end"]


def test_caption_of_1_0_is_as_documented() -> None:
    messages = list(write_captions(make_task("ai"), SAID, {}))
    assert messages[-1] == {
        "type": 10000,
        "sender": "amy",
        "receiver": [],
        "start_ms_ts": STARTED_MS + 61_000,
        "end_ms_ts": STARTED_MS + 3_663_000,
        "payload": {
            "text": "Good morning all",
            "start_time": "00:01:01",
            "end_time": "01:01:03",
            "roundid": "round-1",
            "end": True,
        },
    }


def test_translation_of_1_0_is_as_documented() -> None:
    *_, message = write_captions(make_task("ai"), SAID, {"zh": "早"})
    assert message == {
        "type": 10000,
        "sender": "amy",
        "receiver": [],
        "start_ms_ts": STARTED_MS + 61_000,
        "end_ms_ts": STARTED_MS + 3_663_000,
        "payload": {
            "start_time_ms": 61_000,
            "end_time_ms": 3_663_000,
            "end": True,
            "roundid": "round-1",
            "translation_text": "早",
            "translation_language": "zh",
            "taskid": "task.",
        },
    }


def test_2_0_sends_what_the_web_client_reads_with_translations_beside_the_whole() -> None:
    messages = list(write_captions(make_task("cloud"), SAID, {"zh": "早", "fr": "Bonjour"}))
    translate_msg = [{"language": "zh", "text": "早"}, {"language": "fr", "text": "Bonjour"}]
    assert messages == [
        {
            "sender": "amy",
            "robotid": "bot",
            "payload": {
                "roundid": "round-1",
                "text": text,
                "translate_msg": translate_msg if end else [],
                "start_utc_ms": STARTED_MS + 61_000,
                "end": end,
            },
        }
        for text, end in [("Good", False), ("Good morning", False), ("Good morning all", True)]
    ]


def test_beginning_ends_when_it_was_said() -> None:
    ends = [message["end_ms_ts"] for message in write_captions(make_task("ai"), SAID, {})]
    assert all(isinstance(end, int) for end in ends)
    assert ends == sorted(set(ends), key=str)
    assert ends[0] == STARTED_MS + 61_000 + 3_602_000 * 4 // 16
