"""2.0 answers ResourceNotFound about a task that is over: when that is believed, and what follows."""

from __future__ import annotations

import pytest
import responses

from shared.ledger.claims.task_reports import BOT_LEFT_MS
from shared.ledger.due import CHECK_MS
from shared.lifecycle.signs_of_life import ABANDONED_MS, HEARD_MS
from shared.lifecycle.stop import IDLE_SLACK_MS
from tests.support.faked_api import LIVES, OPENED_MS, STARTED, Stage, error, make_stage

CREATE, DESCRIBE = "CreateCloudTranscription", "DescribeCloudTranscription"
DELETE = "DeleteCloudTranscription"
NOT_FOUND = error("ResourceNotFound")
SECOND = {"Response": {"TaskId": "task-2", "RequestId": "r-3"}}
MAX_IDLE_MS = 60_000


def run(stage: Stage, *starts: object) -> None:
    stage.answer(CREATE, *(starts or (STARTED, SECOND)))
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")


def test_lost_end_is_found_by_the_check_and_the_task_restarted(stage: Stage) -> None:
    run(stage)
    stage.answer(DESCRIBE, NOT_FOUND)
    stage.now_ms += CHECK_MS
    assert stage.drain() == ["task.gone", "transcription.started"]
    assert stage.task().task_id == "task-2"
    assert [known.task_id for known in stage.task().alive] == ["task-2"]


def test_new_task_that_is_not_found_is_asked_about_again(stage: Stage) -> None:
    run(stage)
    stage.answer(DESCRIBE, NOT_FOUND, LIVES)
    stage.event(104, OPENED_MS + 5_000, stage.bot())
    stage.now_ms += 5_000
    assert stage.drain() == []
    assert (stage.task().state, stage.asked().count(DESCRIBE)) == ("running", 2)


def test_task_that_was_heard_just_now_is_not_believed_gone(stage: Stage) -> None:
    run(stage)
    stage.answer(DESCRIBE, NOT_FOUND)
    heard_ms = OPENED_MS + CHECK_MS - 1_000
    stage.say(1403, "task-1", heard_ms)
    stage.now_ms += CHECK_MS
    assert stage.drain() == []
    assert stage.task().state == "running"
    stage.now_ms = heard_ms + HEARD_MS
    assert stage.drain() == ["task.gone", "transcription.started"]


def test_closed_rooms_task_is_asked_about_once_more_when_it_was_heard_just_now(
    stage: Stage,
) -> None:
    run(stage)
    stage.answer(DELETE, NOT_FOUND)
    stage.now_ms += 60_000
    stage.say(1403, "task-1", OPENED_MS + 59_000)
    (told,) = [o for o in stage.outcomes(102, OPENED_MS + 60_000) if "stop" in o.message]
    assert (told.message, told.outcome, told.queued) == (
        "transcription.stopping",
        "unconfirmed",
        True,
    )
    assert stage.task().alive
    assert stage.drain() == []  # not before there is an answer to be believed
    stage.now_ms = OPENED_MS + 59_000 + HEARD_MS
    assert stage.drain() == ["transcription.stopped"]
    assert (stage.task().state, stage.task().alive) == ("stopped", [])
    assert stage.asked().count(DELETE) == 2


def test_task_found_in_a_held_room_is_not_believed_gone_at_once(stage: Stage) -> None:
    """Its start was not seen, a person stopped the room, and then 1401 tells of it: too new to be found."""
    stage.answer(CREATE, error("InternalError"))
    stage.answer(DELETE, NOT_FOUND)
    stage.create()
    stage.stop()
    stage.tell(1401, "task-1", OPENED_MS + 2, bot=stage.bot())
    assert [known.task_id for known in stage.task().alive] == ["task-1"]


def test_end_that_is_told_meanwhile_settles_it(stage: Stage) -> None:
    run(stage)
    stage.answer(DELETE, NOT_FOUND)
    stage.event(102, OPENED_MS + 5_000)
    stage.tell(1402, "task-1", OPENED_MS + 5_001, leave_code=2)
    assert (stage.task().state, stage.task().alive) == ("stopped", [])
    stage.now_ms += 600_000
    assert stage.drain() == []
    assert stage.asked().count(DELETE) == 1


@pytest.mark.parametrize(
    "code", ["FailedOperation.CTUnsupportMethod", "AuthFailure", "InternalError"]
)
def test_stop_that_is_refused_on_and_on_ends_with_the_idle_limit_and_frees_its_place(
    stage: Stage, code: str
) -> None:
    run(stage)
    stage.answer(DELETE, error(code))
    stage.event(102, OPENED_MS + 5_000)
    assert stage.resources.ledger.count_living(stage.room.sdk_app_id) == 1
    told = []
    while stage.now_ms < OPENED_MS + 3_600_000:
        told += stage.drain()
        stage.now_ms += 30_000
    assert told[-1] == "transcription.stop_given_up"
    assert told.count("transcription.stop_given_up") == 1
    assert len(told) < 12
    assert stage.task().state == "stopped"
    assert stage.resources.ledger.count_living(stage.room.sdk_app_id) == 0


def test_stop_is_not_given_up_before_the_idle_limit(stage: Stage) -> None:
    run(stage)
    stage.answer(DELETE, error("AuthFailure"))
    stage.event(102, OPENED_MS + 5_000)
    stage.now_ms = OPENED_MS + 5_000 + MAX_IDLE_MS + IDLE_SLACK_MS - 2_000
    assert "transcription.stop_given_up" not in stage.drain()[:1]


def test_start_nobody_saw_is_asked_about_until_its_idle_limit(stage: Stage) -> None:
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", error("InternalError"))
    stage.answer("DescribeAITranscription", error("AuthFailure"))
    stage.create()
    stage.event(102, OPENED_MS + 5_000)
    told = []
    while stage.now_ms < OPENED_MS + 1_200_000:
        told += stage.drain()
        stage.now_ms += 30_000
    assert (told[-1], stage.task().unseen) == ("transcription.may_run", [])
    assert stage.asked().count("DescribeAITranscription") < 12


def test_task_nobody_can_be_asked_about_is_given_up_after_a_day_without_a_sign(
    stage: Stage,
) -> None:
    run(stage)
    stage.answer(DESCRIBE, error("AuthFailure"))
    told = []
    while stage.now_ms < OPENED_MS + ABANDONED_MS + 600_000:
        told += stage.drain()
        stage.now_ms += 600_000
    assert told == ["task.gone"]
    assert stage.task().state == "stopped"
    assert stage.resources.ledger.find_next_due() is None


def test_start_is_given_up_after_a_day_without_a_sign(stage: Stage) -> None:
    stage.answer(CREATE, error("InternalError"))
    stage.create()
    told = []
    while stage.now_ms < OPENED_MS + ABANDONED_MS + 600_000:
        told += stage.drain()
        stage.now_ms += 600_000
    assert told[-1] == "transcription.failed"
    assert stage.resources.ledger.find_next_due() is None


def test_own_bots_leave_is_a_reason_to_ask(stage: Stage) -> None:
    run(stage)
    stage.answer(DESCRIBE, NOT_FOUND)
    stage.now_ms += 60_000
    left = stage.event(104, OPENED_MS + 60_000, stage.bot())
    assert (left.message, left.outcome, left.due) == ("task.noted", "bot_left", True)
    assert stage.drain() == ["task.gone", "transcription.started"]
    assert stage.now_ms == OPENED_MS + 60_000 + BOT_LEFT_MS


def test_leave_of_the_bot_before_is_no_reason(stage: Stage) -> None:
    stage.now_ms += 5_000
    run(stage)
    assert stage.event(104, OPENED_MS + 2_000, stage.bot()).outcome == "own_bot"


def test_bots_leave_in_a_closed_room_is_no_reason(stage: Stage) -> None:
    run(stage)
    stage.answer(DELETE, {"Response": {"RequestId": "r-6"}})
    stage.event(102, OPENED_MS + 50_000)
    assert stage.event(104, OPENED_MS + 50_001, stage.bot()).outcome == "own_bot"
    assert stage.asked() == [CREATE, DELETE]


def test_shared_ledger_without_a_drainer_lets_trtc_come_back(
    faked_http: None, room_ledger_url: str
) -> None:
    """Nobody else would look again: the answer to the 102 is 503."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        stage = make_stage(api, room_ledger_url)
        run(stage)
        stage.answer(DELETE, NOT_FOUND)
        outcomes = stage.outcomes(102, OPENED_MS + 5)
    assert max(outcome.http_status for outcome in outcomes) == 503
