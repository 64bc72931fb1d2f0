"""What is said becomes captions of the tasks that hear it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from local.cloud.clock import ManualClock
from tests.support.emulator import CONFIG, RunningCloud, running_cloud

AMY, BEN = {"UserId": "amy"}, {"UserId": "ben"}


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    """A room with amy and ben, at a time that stands still."""
    config = replace(CONFIG, preparing_ms=0)
    with running_cloud(config, clock=ManualClock(), callbacks=True) as running:
        running.create(1234, "amy")
        running.act("1234", "enter", user_id="ben")
        yield running


def say(cloud: RunningCloud, user_id: str, text: str = "Hello", **translations: str) -> list[str]:
    """The ids of the tasks that heard it."""
    answer = cloud.act("1234", "say", user_id=user_id, text=text, translations=translations)
    heard_by = answer.json()["heard_by"]
    assert isinstance(heard_by, list)
    return heard_by


def read_captions(cloud: RunningCloud) -> list[tuple[object, object, object]]:
    feed = cloud.read_feed()
    captions = [entry for entry in feed if entry["kind"] == "caption"]
    return [(caption["user_id"], caption["language"], caption["text"]) for caption in captions]


@pytest.mark.parametrize(
    ("service", "params", "heard"),
    [
        ("ai", {}, ["amy", "ben"]),
        ("ai", {"TargetUserId": "amy"}, ["amy", "ben"]),
        ("ai", {"TranscriptionMode": 1, "TargetUserId": "amy"}, ["amy"]),
        ("ai", {"TranscriptionMode": 1, "TargetUserIdList": ["ben"]}, ["ben"]),
        ("ai", {"TranscriptionMode": 1, "TargetUserId": "amy", "TargetUserIdList": ["ben"]}, None),
        ("cloud", {}, ["amy", "ben"]),
        ("cloud", {"SubscribeList": []}, ["amy", "ben"]),
        ("cloud", {"SubscribeList": [AMY]}, ["amy"]),
        ("cloud", {"UnSubscribeList": [AMY]}, ["ben"]),
        ("cloud", {"SubscribeList": [AMY, BEN], "UnSubscribeList": [AMY]}, ["ben"]),
    ],
)
def test_task_hears_whom_its_request_names(
    cloud: RunningCloud, service: str, params: dict[str, object], heard: list[str] | None
) -> None:
    if service == "ai":
        cloud.start_ai(TranscriptionParams=params)
    else:
        cloud.start_cloud(TranscriptionParam=params)
    hearing = [user_id for user_id in ("amy", "ben") if say(cloud, user_id)]
    assert hearing == (["amy", "ben"] if heard is None else heard)


def test_speaking_switches_the_microphone_on_once(cloud: RunningCloud) -> None:
    cloud.take_callbacks()
    say(cloud, "amy")
    say(cloud, "amy")
    cloud.act("1234", "dismiss")
    assert [one.event_type for one in cloud.take_callbacks()] == [203, 104, 104, 102]


def test_1_0_calls_back_with_903_and_translates_into_the_room_only(cloud: RunningCloud) -> None:
    cloud.start_ai(
        RecognizeConfig={"TranslationLanguage": "zh"}, TranslationConfig={"TargetLanguages": ["ja"]}
    )
    cloud.advance(5000)
    say(cloud, "amy", "Hello", zh="你好", ja="こんにちは", fr="Bonjour")
    received = cloud.take_callbacks()
    (spoken,) = [one for one in received if one.event_type > 902]
    assert spoken.event_type == 903
    payload = spoken.payload
    assert isinstance(payload, dict)
    assert payload.pop("RoundId")
    assert payload == {"UserId": "amy", "Text": "Hello", "StartTimeMs": 4600, "EndTimeMs": 5000}
    assert read_captions(cloud) == [("amy", None, "Hello")]


def test_2_0_calls_back_with_1403_and_a_1404_for_each_language_asked_for(
    cloud: RunningCloud,
) -> None:
    cloud.start_cloud(TranslationParam={"TargetLang": ["zh", "ja"]})
    say(cloud, "ben", "Hello", zh="你好", fr="Bonjour")
    received = cloud.take_callbacks()
    spoken, translated = (one for one in received if one.event_type > 1402)
    assert (spoken.event_type, translated.event_type) == (1403, 1404)
    assert isinstance(spoken.payload, dict)
    assert isinstance(translated.payload, dict)
    assert spoken.payload["Text"] == "Hello"
    assert translated.payload["TranslationText"] == "你好"
    assert translated.payload["TranslationLanguage"] == "zh"
    assert spoken.payload["RoundId"] == translated.payload["RoundId"]
    assert read_captions(cloud) == [("ben", None, "Hello"), ("ben", "zh", "你好")]


def test_sentences_of_one_person_do_not_overlap(cloud: RunningCloud) -> None:
    cloud.start_ai()
    cloud.advance(5000)
    say(cloud, "amy", "Short.")
    cloud.advance(100)
    say(cloud, "amy", "A sentence that takes longer to say than the time since the one before.")
    say(cloud, "ben", "Who interrupts somebody begins before they have ended.")
    times = [
        (caption["user_id"], caption["start_ms"], caption["end_ms"])
        for caption in cloud.read_feed()
        if caption["kind"] == "caption"
    ]
    assert times == [("amy", 4600, 5000), ("amy", 5000, 5100), ("ben", 1860, 5100)]


def test_every_task_of_the_room_has_captions_of_its_own(cloud: RunningCloud) -> None:
    first = cloud.start_ai(bot="a")["TaskId"]
    second = cloud.start_cloud(bot="b")["TaskId"]
    assert say(cloud, "amy") == [first, second]
    assert len(read_captions(cloud)) == 2


def test_feed_tells_of_what_no_task_hears(cloud: RunningCloud) -> None:
    say(cloud, "amy", "In vain.")
    cloud.start_ai()
    cloud.advance(5000)
    say(cloud, "amy", "Heard.")
    unheard = [entry for entry in cloud.read_feed() if entry["kind"] == "speech.unheard"]
    told = [(one["room_id"], one["user_id"], one["text"]) for one in unheard]
    assert told == [("1234", "amy", "In vain.")]


def test_speaking_waits_for_a_task_as_long_as_it_is_told_to(cloud: RunningCloud) -> None:
    def wait(seconds: int) -> object:
        answer = cloud.act("1234", "say", user_id="amy", text="Hello", wait_s=seconds)
        return answer.json()["heard_by"]

    assert wait(0) == []
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait, 60)
        task_id = cloud.start_ai()["TaskId"]
        cloud.advance(CONFIG.preparing_ms)
        assert waiting.result() == [task_id]
    assert wait(60) == [task_id]


def test_preparing_and_stopped_tasks_hear_nothing() -> None:
    with running_cloud(clock=ManualClock()) as cloud:
        cloud.create(1234)
        task_id = cloud.start_ai()["TaskId"]
        assert say(cloud, "amy") == []
        cloud.advance(CONFIG.preparing_ms)
        assert say(cloud, "amy") == [task_id]
        cloud.stop_ai(task_id)
        assert say(cloud, "amy") == []


@pytest.mark.parametrize(
    "text", ["x" * 100_000, 'tab\t"quote" \\ \x00 \x7f', "🙂 你好", "</script>"]
)
def test_any_text_arrives_as_it_was_said(cloud: RunningCloud, text: str) -> None:
    cloud.start_cloud()
    say(cloud, "amy", text)
    payload = cloud.take_callbacks()[-1].payload
    assert isinstance(payload, dict)
    assert payload["Text"] == text
