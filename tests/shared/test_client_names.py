"""2.0's words under the names that Tencent's client SDKs have for them: read like the documented ones."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from shared.callbacks import Callback, parse_event
from shared.transcripts.records import SentenceNews, TranscriptHead, merge_sentence
from shared.transcripts.timeline import build_transcript
from tests.support.event_samples import LoadEvent
from tests.support.faked_api import OPENED_MS, STARTED, Stage
from tests.support.instance import SDK_APP_ID

TOLD_MS, BEGUN_MS = 1687770735000, 1687770732600


def tell(event: dict[str, Any]) -> Callback:
    return parse_event(SDK_APP_ID, event)


def read_said(event: dict[str, Any]) -> SentenceNews:
    said = tell(event).said
    assert said
    return said


@pytest.mark.parametrize("name", ["cloud-sentence-web", "cloud-sentence-ios"])
def test_sentence_is_read_with_all_its_translations(load_event: LoadEvent, name: str) -> None:
    news = read_said(load_event(name))
    assert news.said
    assert (news.said.text, news.said.user_id, news.said.start_ms) == (
        "good morning",
        "test",
        BEGUN_MS,
    )
    assert {language: words.text for language, words in news.translations.items()} == {
        "zh": "早上好",
        "de": "Guten Morgen",
    }
    assert (news.task_id, news.opaque) == ("-mock-task", "")


def test_every_form_of_one_sentence_has_the_same_key(load_event: LoadEvent) -> None:
    names = ["cloud-sentence-web", "cloud-sentence-ios", "cloud-translation-web", "ai-sentence"]
    assert len({read_said(load_event(name)).key for name in names}) == 1


def test_translation_tells_of_both_texts(load_event: LoadEvent) -> None:
    news = read_said(load_event("cloud-translation-web"))
    assert news.said
    assert (news.said.text, list(news.translations)) == ("good morning", ["zh"])


def test_clock_of_the_world_places_the_sentence(load_event: LoadEvent) -> None:
    head = TranscriptHead("s", "12345", TOLD_MS - 60_000, None, 1)
    (sentence,) = build_transcript(head, [read_said(load_event("cloud-sentence-web"))]).sentences
    assert sentence.start_ms == BEGUN_MS - head.opened_ms


def test_sentence_that_goes_on_is_not_kept_yet(load_event: LoadEvent) -> None:
    growing = load_event("cloud-sentence-growing-web")
    callback = tell(growing)
    assert (bool(callback.task), callback.said) == (True, None)
    payload = growing["EventInfo"].pop("payload")
    growing["EventInfo"]["Payload"] = {"sourceText": payload["text"], "isCompleted": False}
    assert tell(growing).said is None


def test_final_text_wins_whatever_the_order(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.create()
    times = itertools.count(OPENED_MS + 9000)
    told = [("good", False), ("good morning", True), ("good mo", False)]
    for text, end in told:
        stage.say(1403, "task-1", next(times), text, RoundId="one", end=end)
    assert stage.texts() == ["good morning"]


@pytest.mark.parametrize(
    ("payload", "translations"),
    [
        ({"translate_msg": [{"language": "zh", "text": "好"}, {"language": "de"}]}, {"zh": "好"}),
        ({"translate_msg": [{"lang": "zh", "text": "好"}, "x", None]}, {"und": "好"}),
        ({"translate_msg": {"zh": "好"}}, {}),
        ({"translationTexts": {"zh": "好", "de": "", "<b>": "x"}}, {"zh": "好", "und": "x"}),
        ({"translationTexts": ["好"]}, {}),
        ({"TranslationText": "好", "TranslationLanguage": "zh"}, {"zh": "好"}),
    ],
)
def test_translations_are_read_as_far_as_they_are_understood(
    load_event: LoadEvent, payload: dict[str, Any], translations: dict[str, str]
) -> None:
    event = load_event("ai-sentence")
    event["EventInfo"]["Payload"] |= payload
    news = read_said(event)
    assert news.said
    assert {name: words.text for name, words in news.translations.items()} == translations


def test_end_of_a_task_is_read_in_any_spelling(load_event: LoadEvent) -> None:
    event = load_event("cloud-transcription-stopped-spelled")
    callback = tell(event)
    assert callback.task
    assert (callback.task.task_id, callback.task.bot_user_id) == ("-mock-task", "bot-1")
    assert (callback.task.leave_code, callback.task.unread) == (3, None)
    assert (callback.room.room_id, callback.room.room_id_type, callback.event_ms) == (
        "12345",
        0,
        TOLD_MS,
    )


@pytest.mark.parametrize(
    ("info", "leave_code", "is_unread"),
    [
        ({"Payload": {"LeaveCode": 98}}, 98, False),
        ({"LeaveCode": 98}, 98, True),
        ({"Payload": {"LeaveCode": "98"}}, None, True),
        ({"Payload": {"LeaveCode": "broken"}}, None, True),
        ({"Payload": {"StopReason": 1}}, None, True),
        ({"Payload": [98]}, None, True),
        ({"Payload": "98"}, None, True),
        ({"Payload": 98}, None, True),
        ({}, None, False),
        ({"Payload": None}, None, False),
    ],
)
def test_what_is_not_documented_of_an_end_is_kept(
    load_event: LoadEvent, info: dict[str, Any], leave_code: int | None, is_unread: bool
) -> None:
    event = load_event("cloud-transcription-started")
    del event["EventInfo"]["Payload"]
    event["EventInfo"] |= info
    task = tell({**event, "EventType": 1402}).task
    assert task
    assert (task.leave_code, task.unread is not None) == (leave_code, is_unread)


def test_task_id_may_stand_in_the_payload(load_event: LoadEvent) -> None:
    event = load_event("cloud-sentence-web")
    event["EventInfo"]["payload"]["taskid"] = event["EventInfo"].pop("TaskId")
    callback = tell(event)
    assert callback.task
    assert callback.said
    assert callback.task.task_id == callback.said.task_id == "-mock-task"


def test_repeated_news_in_another_form_change_only_what_is_new(load_event: LoadEvent) -> None:
    first, second = (read_said(load_event(f"cloud-sentence-{form}")) for form in ("web", "ios"))
    assert merge_sentence(first, second) is first
