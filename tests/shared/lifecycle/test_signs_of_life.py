"""Who is there, as far as events and heard sentences tell."""

from __future__ import annotations

import pytest

from shared.ledger.due import CHECK_MS
from tests.support.faked_api import OPENED_MS, STARTED, Stage, error

CREATE, DESCRIBE = "CreateCloudTranscription", "DescribeCloudTranscription"
SECOND = {"Response": {"TaskId": "task-2", "RequestId": "r-3"}}


def run(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, SECOND)
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")


def find_people(stage: Stage) -> dict[str, tuple[bool, bool]]:
    """Present, and with the microphone on, as describe_room tells it."""
    stage.answer(DESCRIBE, error("InternalError"))
    people = stage.describe()["people"]
    return {one["user_id"]: (one["present"], one["microphone"]) for one in people}


@pytest.mark.parametrize("leave", [104, 204])
def test_sentence_newer_than_the_old_devices_leave_shows_that_somebody_is_there(
    stage: Stage, leave: int
) -> None:
    """One UserId on two devices: the new one's 103 and 203 come first, then the old one's 104 and 204."""
    run(stage)
    stage.event(203, OPENED_MS + 2, "ann")
    stage.event(leave, OPENED_MS + 10, "ann")
    stage.say(1403, "task-1", OPENED_MS + 20_000, StartTimeMs=18_000, EndTimeMs=20_000)
    assert find_people(stage) == {"ann": (True, True)}
    told = stage.tell(1402, "task-1", OPENED_MS + 21_000, leave_code=98)
    assert [outcome.message for outcome in told] == ["task.ended", "transcription.started"]


def test_last_words_told_after_the_leave_do_not(stage: Stage) -> None:
    run(stage)
    stage.event(104, OPENED_MS + 19_000, "ann")
    stage.say(1403, "task-1", OPENED_MS + 20_000, StartTimeMs=18_000, EndTimeMs=20_000)
    assert find_people(stage) == {"ann": (False, False)}
    told = stage.tell(1402, "task-1", OPENED_MS + 21_000, leave_code=98)
    assert [outcome.message for outcome in told] == ["task.ended"]


def test_speaker_whose_events_were_all_lost_is_there(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, SECOND)
    stage.create()
    stage.say(1403, "task-1", OPENED_MS + 20_000, UserId="ben")
    assert find_people(stage) == {"ben": (True, True)}


@pytest.mark.parametrize("broke_s", [50, 60, 70])
def test_task_that_breaks_off_when_it_could_be_idle_is_restarted_for_whom_it_heard(
    stage: Stage, broke_s: int
) -> None:
    """Its 1402 is lost; the bot's 104 is not."""
    run(stage)
    stage.answer(DESCRIBE, error("ResourceNotFound"))
    for at_s in (10, 15):
        stage.say(1403, "task-1", OPENED_MS + at_s * 1000, text=f"at {at_s}")
    stage.now_ms = OPENED_MS + broke_s * 1000
    stage.event(104, stage.now_ms, stage.bot())
    assert stage.drain() == ["task.gone", "transcription.started"]


def test_task_whose_end_nobody_told_is_restarted_for_whom_it_heard(stage: Stage) -> None:
    run(stage)
    stage.answer(DESCRIBE, error("ResourceNotFound"))
    stage.say(1403, "task-1", OPENED_MS + 40_000)
    stage.now_ms = OPENED_MS + CHECK_MS
    assert stage.drain() == ["task.gone", "transcription.started"]


def test_who_is_known_to_be_there_is_reason_enough_once(stage: Stage) -> None:
    """Their leave may be lost: else a room would have one idle task after another, for ever."""
    run(stage)
    stage.answer(DESCRIBE, error("ResourceNotFound"))
    stage.now_ms += CHECK_MS
    assert stage.drain() == ["task.gone", "transcription.started"]
    stage.now_ms += CHECK_MS
    assert stage.drain() == ["task.gone"]
    assert stage.task().state == "stopped"


def test_bot_replaced_by_one_of_its_name_is_never_held(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, SECOND, {"Response": {"TaskId": "task-3", "RequestId": "r-4"}})
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")
    for number in (1, 2):
        stage.tell(1402, f"task-{number}", stage.now_ms + 5, leave_code=101)
        stage.now_ms += 30_000
        assert stage.drain() == ["transcription.started"]
