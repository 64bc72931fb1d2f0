"""What TRTC tells of tasks: adopted when ours, restarted when wanted, and otherwise left alone."""

from __future__ import annotations

import pytest
import requests

from shared.ledger import RoomBook, claims
from shared.lifecycle.task_api import UNSURE_MS
from shared.rules.decision import Rule
from tests.support.faked_api import (
    ENDED,
    LIVES,
    OPENED_MS,
    STARTED,
    Stage,
    claim_for_another,
    error,
)

CREATE, START_AI = "CreateCloudTranscription", "StartAITranscription"
DESCRIBE_AI, STOP = "DescribeAITranscription", "DeleteCloudTranscription"
SECOND = {"Response": {"TaskId": "task-2", "RequestId": "r-5"}}
STOPPED = {"Response": {"RequestId": "r-6"}}


def run(stage: Stage) -> None:
    """A room with Ann in it and a task that runs."""
    stage.answer(CREATE, STARTED, SECOND)
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")
    assert stage.task().state == "running"


def messages(stage: Stage, *arguments: object, **more: object) -> list[str]:
    return [outcome.message for outcome in stage.tell(*arguments, **more)]  # type: ignore[arg-type]


def test_internal_error_restarts_the_task_while_somebody_is_there(stage: Stage) -> None:
    run(stage)
    told = messages(stage, 1402, "task-1", OPENED_MS + 9, leave_code=98)
    assert told == ["task.ended", "transcription.started"]
    assert (stage.task().task_id, stage.task().state) == ("task-2", "running")


def test_task_that_ended_for_no_known_reason_counts_as_broken(stage: Stage) -> None:
    run(stage)
    assert messages(stage, 1402, "task-1", OPENED_MS + 9)[-1] == "transcription.started"


def test_nothing_is_restarted_for_an_empty_room(stage: Stage) -> None:
    run(stage)
    stage.event(104, OPENED_MS + 5, "ann")
    assert messages(stage, 1402, "task-1", OPENED_MS + 9, leave_code=98) == ["task.ended"]
    assert stage.task().state == "stopped"


def test_task_that_breaks_again_and_again_is_restarted_more_and_more_slowly(stage: Stage) -> None:
    run(stage)
    stage.tell(1402, "task-1", OPENED_MS + 9, leave_code=98)
    assert messages(stage, 1402, "task-2", OPENED_MS + 10, leave_code=98) == [
        "task.ended",
        "transcription.unchanged",
    ]
    task = stage.task()
    assert (task.state, task.not_before_ms, task.restarts) == ("due", stage.now_ms + 2_000, 2)
    stage.answer(CREATE, {"Response": {"TaskId": "task-3", "RequestId": "r"}})
    began_ms = stage.now_ms
    assert stage.drain() == ["transcription.started"]
    assert stage.now_ms >= began_ms + 2_000


def test_idle_stop_is_final_until_somebody_comes_after_it(stage: Stage) -> None:
    run(stage)
    assert messages(stage, 1402, "task-1", OPENED_MS + 100, leave_code=99) == ["task.ended"]
    assert stage.task().state == "stopped"
    stage.event(103, OPENED_MS + 99, "bob")  # came before it, told late
    assert stage.task().state == "stopped"
    assert stage.event(103, OPENED_MS + 101, "cyd").message == "transcription.started"


def test_idle_stop_told_after_somebody_came_is_resumed_at_once(stage: Stage) -> None:
    run(stage)
    stage.event(103, OPENED_MS + 101, "bob")
    told = messages(stage, 1402, "task-1", OPENED_MS + 100, leave_code=99)
    assert told == ["task.ended", "transcription.started"]


def test_repeated_news_of_an_end_changes_nothing(stage: Stage) -> None:
    run(stage)
    stage.tell(1402, "task-1", OPENED_MS + 9, leave_code=98)
    assert messages(stage, 1402, "task-1", OPENED_MS + 9, leave_code=98) == ["task.ended"]
    assert stage.task().task_id == "task-2"
    assert stage.asked().count(CREATE) == 2


def test_1_0_bot_that_a_user_removed_is_not_brought_back(stage: Stage) -> None:
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", STARTED)
    stage.create()
    stage.tell(902, "task-1", OPENED_MS + 9, leave_code=1)
    assert stage.task().state == "held"
    stage.event(103, OPENED_MS + 20, "bob")
    stage.now_ms += 3_600_000
    assert stage.drain() == []
    assert stage.asked() == ["StartAITranscription"]


@pytest.mark.parametrize("code", [1, 3])
def test_bot_that_was_removed_comes_back_once(stage: Stage, code: int) -> None:
    """Code 1 of 1402 need not mean that a person removed it: TRTC may say so of a dismissed room."""
    run(stage)
    stage.tell(1402, "task-1", OPENED_MS + 9, leave_code=code)
    assert (stage.task().state, stage.task().not_before_ms) == ("due", stage.now_ms + UNSURE_MS)
    stage.now_ms += UNSURE_MS
    assert stage.drain() == ["transcription.started"]
    stage.tell(1402, "task-2", OPENED_MS + 9_000, leave_code=code)
    assert stage.task().state == "held"


def test_end_of_a_task_that_was_replaced_is_only_recorded(stage: Stage) -> None:
    run(stage)
    stage.tell(1401, "task-0", OPENED_MS - 5, bot=stage.bot())
    stage.tell(1402, "task-0", OPENED_MS + 9, leave_code=3)
    assert (stage.task().state, stage.task().task_id) == ("running", "task-1")
    assert [known.task_id for known in stage.task().alive] == ["task-1"]


def test_end_that_is_told_while_a_start_is_under_way_comes_back(stage: Stage) -> None:
    claim_for_another(stage)
    (early,) = stage.tell(1402, "task-1", OPENED_MS + 9, leave_code=98)
    assert (early.message, early.http_status) == ("task.early", 503)


def test_start_told_by_1401_needs_no_other_call(stage: Stage) -> None:
    stage.answer(CREATE, requests.ReadTimeout())
    stage.create()
    assert messages(stage, 1401, "task-1", OPENED_MS + 40, bot=stage.bot()) == ["task.found"]
    task = stage.task()
    assert (task.state, task.task_id, task.unseen) == ("running", "task-1", [])
    assert stage.asked() == [CREATE]


def test_start_told_by_1401_is_only_recorded_while_its_starter_may_live(stage: Stage) -> None:
    claim_for_another(stage)
    stage.tell(1401, "task-1", OPENED_MS + 40, bot=stage.bot())
    assert (stage.task().state, stage.task().alive[0].task_id) == ("starting", "task-1")
    stage.now_ms += 10_000
    stage.answer("DescribeCloudTranscription", {"Response": {"Status": "InProgress"}})
    assert stage.drain() == ["transcription.unchanged"]
    assert (stage.task().state, stage.asked()) == ("running", ["DescribeCloudTranscription"])


def test_sentence_tells_of_its_task_too(stage: Stage) -> None:
    stage.answer(CREATE, requests.ReadTimeout())
    stage.create()
    stage.tell(1403, "task-1", OPENED_MS + 4_000, bot=stage.bot())
    assert stage.task().state == "running"


def test_task_of_a_room_nobody_told_of_opens_its_session(stage: Stage) -> None:
    stage.tell(1401, "task-1", OPENED_MS + 40, bot=stage.bot())
    assert stage.session().opened_ms == OPENED_MS + 40
    assert stage.task().state == "running"


@pytest.mark.parametrize("bot", [None, "another_products_bot_1", "roomscribe_aaaaaaaabbbbbbbbbbbb"])
def test_task_of_somebody_else_is_left_alone(stage: Stage, bot: str | None) -> None:
    run(stage)
    assert messages(stage, 1401, "theirs", OPENED_MS + 40, bot=bot) == ["callback.ignored"]
    assert messages(stage, 1402, "theirs", OPENED_MS + 50, bot=bot) == ["callback.ignored"]
    assert [known.task_id for known in stage.task().task_ids] == ["task-1"]


def test_task_that_began_as_the_room_closed_is_stopped(stage: Stage) -> None:
    stage.answer(CREATE, requests.ReadTimeout())
    stage.answer(STOP, STOPPED)
    stage.create()
    stage.event(102, OPENED_MS + 5)
    told = messages(stage, 1401, "task-1", OPENED_MS + 6, bot=stage.bot())
    assert told[:1] + told[-1:] == ["task.found", "transcription.stopped"]
    stage.now_ms += UNSURE_MS
    stage.drain()
    assert stage.task().state == "stopped"


def test_task_whose_creation_was_dismissed_already_is_stopped(stage: Stage) -> None:
    stage.answer(STOP, STOPPED)
    stage.event(102, OPENED_MS + 5)  # nobody told of the creation
    told = messages(stage, 1401, "task-1", OPENED_MS + 3, bot=stage.bot())
    assert told == ["task.found", "transcription.stopped"]
    assert stage.session().closed_ms is not None


def test_of_two_tasks_with_one_bot_the_newer_is_kept(stage: Stage) -> None:
    run(stage)
    stage.answer(STOP, STOPPED)
    told = messages(stage, 1401, "task-9", OPENED_MS + 60_000, bot=stage.bot())
    assert told == ["task.found", "transcription.stopped"]
    assert stage.task().task_id == "task-9"
    assert stage.body()["TaskId"] == "task-1"


def test_start_that_failed_after_its_answer_is_tried_again(stage: Stage) -> None:
    run(stage)
    told = messages(stage, 1401, "task-1", OPENED_MS + 9, failed=True)
    assert told == ["task.ended", "transcription.started"]


def test_unknown_901_is_ours_when_its_session_id_says_so(stage: Stage) -> None:
    stage.room_id = "ai-1"
    session_id = f"{stage.bot()}-{OPENED_MS}"
    found = {"Response": {**LIVES["Response"], "SessionId": session_id}}
    stage.answer(DESCRIBE_AI, found)
    assert messages(stage, 901, "task-7", OPENED_MS + 30) == ["task.found"]
    assert (stage.session().opened_ms, stage.task().task_id) == (OPENED_MS, "task-7")


@pytest.mark.parametrize("answer", [LIVES, ENDED, error("FailedOperation.TaskNotExist")])
def test_unknown_901_is_nothing_to_us_otherwise(stage: Stage, answer: object) -> None:
    stage.room_id = "ai-1"
    stage.answer(DESCRIBE_AI, answer)
    assert messages(stage, 901, "task-7", OPENED_MS + 30) == ["callback.ignored"]


def test_speakers_task_is_resumed_for_that_speaker_only(stage: Stage) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, STARTED, SECOND)
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(104, OPENED_MS + 2, "ann")
    stage.tell(1402, "task-1", OPENED_MS + 100, leave_code=99)
    stage.event(103, OPENED_MS + 200, "bob")
    tasks = stage.session().tasks
    assert (tasks["ann"].state, tasks["bob"].state) == ("stopped", "running")
    stage.answer(CREATE, {"Response": {"TaskId": "task-3", "RequestId": "r"}})
    stage.event(103, OPENED_MS + 300, "ann")
    assert stage.session().tasks["ann"].state == "running"


def test_bots_that_took_out_one_another_while_the_ledger_was_away_leave_the_last(
    stage: Stage,
) -> None:
    for number, task_id in enumerate(("task-1", "task-2")):
        stage.tell(1401, task_id, OPENED_MS + 10 * number, bot=stage.bot())
        stage.tell(1402, task_id, OPENED_MS + 10 * number + 5, leave_code=3)
    assert messages(stage, 1401, "task-3", OPENED_MS + 30, bot=stage.bot()) == ["task.found"]
    assert (stage.task().state, stage.task().task_id) == ("running", "task-3")


def test_task_found_in_a_held_room_is_stopped(stage: Stage) -> None:
    stage.resources.ledger.change(stage.room, open_held)
    stage.answer(STOP, STOPPED)
    told = messages(stage, 1401, "task-1", OPENED_MS + 40, bot=stage.bot())
    assert told == ["task.found", "transcription.stopped"]
    assert stage.task().state == "held"
    assert stage.drain() == []


def open_held(book: RoomBook) -> None:
    """A person stopped the room before anything of it was known but that it is open."""
    _, session = book.open_session(
        OPENED_MS, Rule(name="all", room=["*"], cloud={"region": "ap-singapore"})
    )
    assert session
    claims.hold_session(session, OPENED_MS, "amy")


def test_end_without_a_reason_is_an_idle_one_when_nothing_was_heard_of_anybody(
    stage: Stage,
) -> None:
    run(stage)  # the events of Ann's leaving, and of the room's end, are lost
    stage.now_ms += 3_600_000
    stage.tell(1402, "task-1", OPENED_MS + 3_600_000)
    assert (stage.task().state, stage.task().task_id) == ("running", "task-2")
    stage.now_ms += 60_000
    assert messages(stage, 1402, "task-2", OPENED_MS + 3_660_000) == ["task.ended"]
    assert stage.task().state == "stopped"


def test_end_without_a_reason_at_any_other_time_is_not(stage: Stage) -> None:
    run(stage)
    stage.answer(CREATE, {"Response": {"TaskId": "task-3", "RequestId": "r"}})
    stage.tell(1402, "task-1", OPENED_MS + 9)
    for after_ms in (30_000, 600_000):
        stage.now_ms += after_ms
        stage.drain()
        task_id = stage.task().task_id
        stage.tell(1402, task_id, stage.now_ms)
        assert stage.task().state == "due"


def test_room_in_which_nobody_ever_came_is_not_restarted_for_ever(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, SECOND)
    stage.create()
    stage.now_ms += 60_000
    assert messages(stage, 1402, "task-1", OPENED_MS + 60_000) == ["task.ended"]
    assert stage.task().state == "stopped"
