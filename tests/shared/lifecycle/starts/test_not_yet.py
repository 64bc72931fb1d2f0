"""What Create says while nobody is there, or the quota is full, it also says of much else: asked again."""

from __future__ import annotations

import pytest

from shared.lifecycle.claimed_start import HOPE_MS
from shared.lifecycle.task_api import UNSURE_MS
from tests.support.faked_api import OPENED_MS, STARTED, Stage, error

CREATE, START_AI = "CreateCloudTranscription", "StartAITranscription"
NOT_YET = ["FailedOperation", "UnsupportedOperation"]


def sweep(stage: Stage, until_ms: int) -> list[str]:
    """What the timer of drain_starts does until then."""
    told: list[str] = []
    while stage.now_ms < until_ms:
        told += stage.drain()
        stage.now_ms += 30_000
    return told


@pytest.mark.parametrize("code", NOT_YET)
def test_first_refusal_does_not_silence_the_room(stage: Stage, code: str) -> None:
    stage.answer(CREATE, error(code), error(code), STARTED)
    first = stage.create()
    assert (first.message, first.due, first.queued) == ("transcription.deferred", True, True)
    assert stage.task().not_before_ms == OPENED_MS + 2_000
    assert stage.drain() == ["transcription.deferred", "transcription.started"]
    assert stage.now_ms == OPENED_MS + 2_000 + 4_000


@pytest.mark.parametrize("event_type", [103, 203])
def test_whoever_comes_or_speaks_makes_it_due_at_once(stage: Stage, event_type: int) -> None:
    stage.answer(CREATE, error("FailedOperation"), error("FailedOperation"), STARTED)
    stage.create()
    assert stage.event(event_type, OPENED_MS + 1, "ann").message == "transcription.deferred"
    assert stage.event(event_type, OPENED_MS + 2, "bob").message == "transcription.started"
    assert len(stage.asked()) == 3


def test_the_same_event_told_again_waits_its_time(stage: Stage) -> None:
    stage.answer(CREATE, error("FailedOperation"), STARTED)
    stage.create()
    assert stage.create().outcome == "due"
    assert len(stage.asked()) == 1


def test_it_ends_ten_minutes_after_the_last_sign_of_a_person_with_one_error(stage: Stage) -> None:
    stage.answer(CREATE, error("FailedOperation"))
    stage.create()
    came_ms = OPENED_MS + 120_000
    sweep(stage, came_ms)
    stage.now_ms = came_ms
    stage.event(103, came_ms, "ann")
    told = sweep(stage, came_ms + 2 * HOPE_MS)
    assert told.count("transcription.failed") == 1
    assert told[-1] == "transcription.failed"
    assert stage.task().state == "failed"
    assert 15 < len(stage.asked()) < 30  # about one a minute, at last
    assert stage.resources.ledger.find_next_due() is None


def test_whoever_comes_after_that_begins_it_again(stage: Stage) -> None:
    stage.answer(CREATE, *[error("FailedOperation")] * 30)
    stage.create()
    sweep(stage, OPENED_MS + 2 * HOPE_MS)
    assert stage.task().state == "failed"
    tried = len(stage.asked())
    stage.event(103, stage.now_ms, "bob")
    assert (stage.task().state, len(stage.asked())) == ("due", tried + 1)


def test_then_the_fallback_is_tried(stage: Stage) -> None:
    stage.room_id = "fallback-1"
    stage.answer(CREATE, error("FailedOperation"))
    stage.answer(START_AI, STARTED)
    stage.create()
    told = sweep(stage, OPENED_MS + 2 * HOPE_MS)
    assert told[-2:] == ["transcription.refused", "transcription.started"]
    assert "transcription.failed" not in told
    assert (stage.task().state, stage.task().service) == ("running", "ai")


def test_restart_in_the_midst_of_a_quiet_meeting_has_ten_minutes_too(stage: Stage) -> None:
    second = {"Response": {"TaskId": "task-2", "RequestId": "r-3"}}
    stage.answer(CREATE, STARTED, error("FailedOperation"), second)
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")
    stage.now_ms = OPENED_MS + 3_600_000
    stage.tell(1402, "task-1", stage.now_ms, leave_code=98)
    assert stage.task().state == "due"
    assert stage.drain() == ["transcription.started"]


def test_start_that_may_have_happened_before_is_hurried_once_that_is_settled(stage: Stage) -> None:
    stage.answer(CREATE, error("InternalError"), error("FailedOperation"), STARTED)
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")
    assert len(stage.asked()) == 1  # the first one may yet have happened
    stage.now_ms += UNSURE_MS
    assert stage.event(103, OPENED_MS + 2, "bob").message == "transcription.deferred"
    assert stage.all(203, OPENED_MS + 3, "bob")[0] == "transcription.started"


def test_room_that_closes_is_not_asked_for_any_more(stage: Stage) -> None:
    stage.answer(CREATE, error("FailedOperation"))
    stage.create()
    stage.event(102, OPENED_MS + 500)
    assert sweep(stage, OPENED_MS + HOPE_MS) == []
    assert len(stage.asked()) == 1


def test_quota_of_1_0_in_its_other_form_is_waited_for_too(stage: Stage) -> None:
    stage.room_id = "ai-1"
    stage.answer(START_AI, error("FailedOperation.NotAllowed"), STARTED)
    stage.create()
    assert stage.drain() == ["transcription.started"]
