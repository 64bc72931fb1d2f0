"""A room that stays silent although a microphone is on: reported by the sweep, once, and described."""

from __future__ import annotations

import pytest

from shared.ledger.due import CHECK_MS
from shared.lifecycle.drainer import drain
from shared.lifecycle.outcome import Outcome
from shared.lifecycle.signs_of_life import SILENT_MS
from tests.support.faked_api import LIVES, OPENED_MS, STARTED, Stage

CREATE, DESCRIBE = "CreateCloudTranscription", "DescribeCloudTranscription"


def run(stage: Stage, *, talks: bool = True) -> None:
    """A room with Ann in it, her microphone on, and a task that runs."""
    stage.answer(CREATE, STARTED)
    stage.answer(DESCRIBE, LIVES)
    stage.create()
    stage.event(203 if talks else 103, OPENED_MS + 1_000, "ann")


def sweep(stage: Stage, times: int = 1) -> list[Outcome]:
    """What so many of the sweep's looks at a running task say, one after another."""
    outcomes: list[Outcome] = []
    for _ in range(times):
        stage.now_ms += CHECK_MS
        outcomes += [one for _, told in drain(stage.resources) for one in told]
    return outcomes


def test_silent_room_is_reported_once_with_what_to_check(stage: Stage) -> None:
    run(stage)
    assert sweep(stage) == []
    (told,) = sweep(stage)
    silent_ms = 2 * CHECK_MS - 1_000
    assert (told.message, told.level) == ("room.silent", "warning")
    assert (told.fields["silent_ms"], told.fields["task_id"]) == (silent_ms, "task-1")
    assert "callbacks of groups 9 and 14" in str(told.fields["reason"])
    assert sweep(stage, 10) == []


def test_silence_is_described_as_soon_as_it_is_long_enough(stage: Stage) -> None:
    run(stage)
    stage.now_ms = OPENED_MS + 1_000 + SILENT_MS - 1
    assert "silent_ms" not in stage.describe()["tasks"][0]
    stage.now_ms += 1
    (task,) = stage.describe()["tasks"]
    assert (task["silent_since_ms"], task["silent_ms"]) == (OPENED_MS + 1_000, SILENT_MS)
    assert "language" in task["advice"]


def test_room_in_which_somebody_is_heard_is_not_silent(stage: Stage) -> None:
    run(stage)
    for number in range(10):
        stage.say(1403, "task-1", stage.now_ms + CHECK_MS - 1_000, f"sentence {number}")
        assert sweep(stage) == []


def test_room_that_falls_silent_again_is_reported_again(stage: Stage) -> None:
    run(stage)
    assert len(sweep(stage, 3)) == 1
    stage.say(1403, "task-1", stage.now_ms, "at last")
    assert sweep(stage) == []
    (told,) = sweep(stage, 5)
    assert told.fields["silent_ms"] == 2 * CHECK_MS


@pytest.mark.parametrize("event", [204, 104])
def test_room_without_a_microphone_is_not_silent(stage: Stage, event: int) -> None:
    run(stage)
    stage.event(event, OPENED_MS + 2_000, "ann")
    assert sweep(stage, 5) == []


def test_microphone_that_was_off_for_a_look_begins_another_silence(stage: Stage) -> None:
    run(stage)
    assert len(sweep(stage, 2)) == 1
    stage.event(204, stage.now_ms, "ann")
    assert sweep(stage) == []
    stage.event(203, stage.now_ms, "ann")
    (told,) = sweep(stage, 4)
    assert told.fields["silent_ms"] == 2 * CHECK_MS


def test_room_of_listeners_is_not_silent(stage: Stage) -> None:
    run(stage, talks=False)
    assert sweep(stage, 5) == []


def test_closed_room_is_not_silent(stage: Stage) -> None:
    run(stage)
    stage.answer("DeleteCloudTranscription", {"Response": {"RequestId": "r"}})
    stage.event(102, OPENED_MS + 2_000)
    assert sweep(stage, 5) == []
    assert "silent_ms" not in stage.describe()["tasks"][0]


def test_speaker_who_is_not_heard_is_named_though_others_are(stage: Stage) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, STARTED, {"Response": {"TaskId": "task-2", "RequestId": "r"}})
    stage.answer(DESCRIBE, LIVES)
    stage.event(203, OPENED_MS, "ann")
    stage.event(203, OPENED_MS + 1, "bob")
    told: list[Outcome] = []
    for number in range(4):
        stage.say(1403, "task-1", stage.now_ms + CHECK_MS - 1_000, f"sentence {number}")
        told += sweep(stage)
    assert [(one.message, one.fields["user_id"]) for one in told] == [("room.silent", "bob")]


def test_transcript_deleted_meanwhile_does_not_hide_what_is_said(stage: Stage) -> None:
    run(stage)
    for number in range(3):
        stage.say(1403, "task-1", OPENED_MS + 2_000 + number, f"sentence {number}")
    assert sweep(stage) == []
    stage.resources.ledger.forget_sentences(stage.session().id, stage.now_ms)
    stage.say(1403, "task-1", stage.now_ms + CHECK_MS - 1_000, "one more")
    assert sweep(stage, 2) == []
