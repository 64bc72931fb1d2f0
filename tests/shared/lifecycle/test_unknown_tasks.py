"""Sentences of tasks the ledger knows nothing of: kept if the task is ours, told to come back if unclear."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from shared.lifecycle.outcome import Outcome
from shared.lifecycle.task_api import find_slot_wait
from tests.support.faked_api import LIVES, OPENED_MS, STARTED, Stage, claim_for_another, error

CREATE, START_AI = "CreateCloudTranscription", "StartAITranscription"
DESCRIBE_AI, STOP = "DescribeAITranscription", "DeleteCloudTranscription"
KEPT = ["task.found", "sentence.kept", "transcription.first_sentence"]


def ours(stage: Stage, opened_ms: int = OPENED_MS) -> dict[str, Any]:
    """The API's answer about a 1.0 task of ours."""
    return {"Response": {**LIVES["Response"], "SessionId": f"{stage.bot()}-{opened_ms}"}}


def words(outcomes: list[Outcome]) -> list[str]:
    return [outcome.message for outcome in outcomes]


@pytest.fixture
def ai(stage: Stage) -> Stage:
    """A room that 1.0 transcribes."""
    stage.room_id = "ai-1"
    return stage


def test_sentence_of_a_1_0_task_that_nobody_wrote_down_is_kept(ai: Stage) -> None:
    ai.answer(DESCRIBE_AI, ours(ai))
    assert words(ai.say(903, "task-7", OPENED_MS + 9_000, EndTimeMs=4_000)) == KEPT
    assert (ai.session().opened_ms, ai.task().state, ai.texts()) == (
        OPENED_MS,
        "running",
        ["good morning"],
    )
    assert ai.task().task_ids[0].started_ms == OPENED_MS + 5_000
    assert words(ai.say(903, "task-7", OPENED_MS + 10_000, "and more")) == ["sentence.kept"]
    assert ai.asked() == [DESCRIBE_AI]
    ai.tell(901, "task-7", OPENED_MS + 4_900)
    assert ai.task().task_ids[0].started_ms == OPENED_MS + 4_900


@pytest.mark.parametrize(
    "answer",
    [error("InternalError"), error("RequestLimitExceeded"), requests.ConnectionError()],
)
@pytest.mark.parametrize("event_type", [901, 903])
def test_it_comes_back_while_the_api_cannot_say_whose_it_is(
    ai: Stage, event_type: int, answer: object
) -> None:
    ai.answer(DESCRIBE_AI, answer, ours(ai))
    (early,) = ai.say(event_type, "task-7", OPENED_MS + 9_000)
    assert (early.message, early.http_status) == ("task.early", 503)
    assert words(ai.say(event_type, "task-7", OPENED_MS + 9_000))[0] == "task.found"


def test_it_comes_back_when_the_limiter_has_no_slot_to_ask(ai: Stage) -> None:
    ai.answer(DESCRIBE_AI, ours(ai))
    while find_slot_wait("describe/ai", ai.resources) == 0:
        pass
    (early,) = ai.say(903, "task-7", OPENED_MS + 9_000)
    assert (early.http_status, ai.asked()) == (503, [])


def test_it_comes_back_while_a_start_is_under_way(ai: Stage) -> None:
    claim_for_another(ai)
    (early,) = ai.say(903, "task-1", OPENED_MS + 9)
    assert (early.message, early.http_status, ai.asked()) == ("task.early", 503, [])


@pytest.mark.parametrize("answer", [LIVES, error("FailedOperation.TaskNotExist")])
def test_somebody_elses_task_is_asked_about_once_and_its_words_are_not_kept(
    ai: Stage, answer: object
) -> None:
    ai.answer(START_AI, STARTED)
    ai.answer(DESCRIBE_AI, answer)
    ai.create()
    for number in range(3):
        told = ai.say(903, "theirs", OPENED_MS + 9_000 + number, f"sentence {number}")
        assert words(told) == ["callback.ignored"]
    assert ai.asked().count(DESCRIBE_AI) == 1
    assert ai.texts() == []


@pytest.mark.parametrize(("event_type", "name"), [(1403, "Text"), (1404, "TranslationText")])
def test_sentence_that_overtakes_its_rooms_creation_is_kept(
    stage: Stage, event_type: int, name: str
) -> None:
    stage.answer(CREATE, STARTED)
    told = stage.say(event_type, "task-1", OPENED_MS + 900, bot=stage.bot(), **{name: "hello"})
    assert words(told)[:2] == KEPT[:2]
    assert stage.event(101, OPENED_MS, "ann").message == "callback.ignored"
    assert stage.event(103, OPENED_MS + 950, "ann").message == "transcription.unchanged"
    assert len(stage.resources.ledger.list_sentences(stage.session(), 0)) == 1
    assert stage.asked() == []


def test_speakers_sentence_that_overtakes_the_speaker_is_kept(stage: Stage) -> None:
    stage.room_id = "speakers-1"
    told = stage.say(1403, "task-1", OPENED_MS + 900, bot=stage.bot("ann"))
    assert words(told) == KEPT
    assert (stage.session().tasks["ann"].task_id, stage.texts()) == ("task-1", ["good morning"])


@pytest.mark.parametrize("event_type", [1401, 1403])
def test_what_a_speakers_bot_tells_comes_back_until_the_speaker_is_known(
    stage: Stage, event_type: int
) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, STARTED)
    bot = stage.bot("bob")
    (early,) = stage.say(event_type, "task-1", OPENED_MS + 900, bot=bot, UserId="")
    assert (early.message, early.http_status) == ("task.early", 503)
    stage.event(103, OPENED_MS, "bob")
    assert (
        stage.say(event_type, "task-1", OPENED_MS + 900, bot=bot, UserId="")[0].http_status == 200
    )


def test_sentence_of_somebody_elses_2_0_task_is_not_kept(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.create()
    told = stage.say(1403, "theirs", OPENED_MS + 900, bot="roomscribe_aaaaaaaabbbbbbbbbbbb")
    assert (words(told), stage.texts()) == (["callback.ignored"], [])


def test_late_sentence_stays_in_its_own_life_of_the_room(stage: Stage) -> None:
    stage.answer(CREATE, *({"Response": {"TaskId": f"task-{n}"}} for n in range(4)))
    stage.answer(STOP, {"Response": {"RequestId": "r"}})
    lives = []
    for number in range(4):
        stage.event(101, OPENED_MS + 10 * number, "ann")
        lives.append(stage.session())
        stage.event(102, OPENED_MS + 10 * number + 5)
    assert words(stage.say(1403, "task-0", OPENED_MS + 4, bot=stage.bot())) == ["sentence.kept"]
    kept = [len(stage.resources.ledger.list_sentences(life, 0)) for life in lives]
    assert kept == [1, 0, 0, 0]


def test_unseen_tasks_sentence_from_before_the_room_was_opened_again_stays_there(
    stage: Stage,
) -> None:
    stage.answer(CREATE, requests.ReadTimeout(), {"Response": {"TaskId": "task-2"}})
    stage.answer(STOP, {"Response": {"RequestId": "r"}})
    stage.create()
    first = stage.session()
    stage.event(102, OPENED_MS + 5_000)
    stage.event(101, OPENED_MS + 6_000, "ann")
    told = stage.say(1403, "task-1", OPENED_MS + 4_000, bot=stage.bot())
    assert words(told)[:2] == KEPT[:2]
    assert stage.texts() == []
    assert len(stage.resources.ledger.list_sentences(first, 0)) == 1
    assert stage.task().task_id == "task-2"
