"""Rooms that close, or close unheard, while starts and stops go wrong: nothing is left running quietly."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest
from msgspec.structs import replace

from shared.callbacks import Callback
from shared.ledger import claims
from shared.lifecycle.events import act_on
from shared.lifecycle.signs_of_life import FRESH_MS
from shared.lifecycle.stop import stop_tasks
from shared.lifecycle.task_api import UNSURE_MS
from tests.support.faked_api import (
    ENDED,
    LIVES,
    OPENED_MS,
    STARTED,
    Stage,
    claim_for_another,
    error,
)
from tests.support.instance import SDK_APP_ID
from tests.support.ledger_steps import ON_SQLITE


def test_room_that_closes_during_the_start_is_stopped_by_the_starter(stage: Stage) -> None:
    def close() -> None:
        assert stage.event(102, OPENED_MS + 5).http_status == 503

    stage.answer_while("CreateCloudTranscription", close, STARTED)
    stage.answer("DeleteCloudTranscription", {"Response": {"RequestId": "r-3"}})
    outcome = stage.create()
    assert (outcome.message, outcome.outcome, outcome.http_status) == (
        "transcription.stopped",
        "gone",
        200,
    )
    assert stage.body() == {"SdkAppId": SDK_APP_ID, "TaskId": "task-1"}
    assert stage.task().state == "stopped"


def test_stop_that_fails_is_repeated_by_any_later_event_of_the_room(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer(
        "DeleteCloudTranscription", error("InternalError"), {"Response": {"RequestId": "r-3"}}
    )
    stage.create()
    failed = stage.event(102, OPENED_MS + 5)
    assert (failed.message, failed.http_status) == ("transcription.stop_failed", 503)
    assert stage.task().state == "stopping"
    assert stage.all(101, OPENED_MS, "ann") == ["transcription.stopped", "callback.ignored"]
    assert stage.task().state == "stopped"


@pytest.mark.parametrize("code", ["ResourceNotFound", "ResourceNotFound.ResourceNotFound"])
def test_task_that_is_gone_already_counts_as_stopped(stage: Stage, code: str) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DeleteCloudTranscription", error(code))
    stage.create()
    stage.now_ms += FRESH_MS
    assert stage.event(102, OPENED_MS + 5).message == "transcription.stopped"


def test_1_0_task_that_is_gone_already_counts_as_stopped(stage: Stage) -> None:
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", STARTED)
    stage.answer("StopAITranscription", error("FailedOperation.TaskNotExist"))
    stage.create()
    assert stage.event(102, OPENED_MS + 5).message == "transcription.stopped"


def test_due_start_is_cancelled_when_the_room_closes(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", error("RequestLimitExceeded"))
    stage.create()
    assert stage.event(102, OPENED_MS + 5).message == "room.closed"
    stage.now_ms += 60_000
    assert stage.create().outcome == "gone"
    assert (stage.task().state, len(stage.asked())) == ("stopped", 1)


def test_room_the_api_cannot_tell_about_is_not_decided(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DescribeCloudTranscription", error("InternalError"))
    stage.create()
    outcome = stage.event(101, OPENED_MS + 5_000, "ann")
    assert (outcome.message, outcome.http_status) == ("room.unclear", 503)
    assert stage.task().state == "running"


def test_late_creation_never_stops_the_session_that_runs(stage: Stage) -> None:
    """102 of a life never seen, the room anew, then a retry of the first 101."""
    stage.answer("CreateCloudTranscription", STARTED)
    stage.event(102, OPENED_MS + 20)
    assert stage.event(101, OPENED_MS + 30, "ann").message == "transcription.started"
    assert stage.event(101, OPENED_MS + 10, "ann").outcome == "stale"
    assert stage.task().state == "running"


def test_creation_known_to_the_second_belongs_to_the_session_of_that_second(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DeleteCloudTranscription", {"Response": {"RequestId": "r-3"}})
    stage.event(103, OPENED_MS + 160, "ann")
    coarse = Callback(stage.room, 101, OPENED_MS, False, "ann", None)
    assert act_on(coarse, stage.resources)[-1].outcome == "running"
    assert stage.event(102, OPENED_MS + 9_000).message == "transcription.stopped"


def test_start_that_may_have_happened_is_looked_for_when_the_room_closes(stage: Stage) -> None:
    """That there is nothing is believed only when there can be nothing any more."""
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", TimeoutError())
    stage.answer("DescribeAITranscription", error("FailedOperation.TaskNotExist"), LIVES, ENDED)
    stage.answer("StopAITranscription", {"Response": {"RequestId": "r-3"}})
    stage.create()
    assert stage.event(102, OPENED_MS + 5).http_status == 503
    stage.now_ms += 3_000
    messages = stage.all(102, OPENED_MS + 5)
    assert messages == ["transcription.unclear", "transcription.stopped", "room.closed"]
    stage.now_ms += 10_000
    assert stage.event(102, OPENED_MS + 5).http_status == 200
    assert (stage.task().state, stage.task().unseen) == ("stopped", [])
    describe, stop = "DescribeAITranscription", "StopAITranscription"
    assert stage.asked()[1:] == [describe, describe, stop, describe]


@pytest.mark.parametrize("status", ["Dancing", None])
def test_status_no_document_has_is_no_proof_that_nothing_runs(
    stage: Stage, status: str | None
) -> None:
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", TimeoutError())
    stage.answer(
        "DescribeAITranscription", {"Response": {"Status": status, "TaskId": "t", "RequestId": "r"}}
    )
    stage.create()
    stage.now_ms += 60_000
    assert stage.event(102, OPENED_MS + 5).http_status == 503


def test_unseen_start_of_2_0_is_warned_of(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", TimeoutError())
    stage.create()
    unclear = stage.event(102, OPENED_MS + 5)  # 1401 may still tell of it
    assert (unclear.message, unclear.due) == ("transcription.unclear", True)
    stage.now_ms += UNSURE_MS
    messages = stage.all(103, OPENED_MS + 1, "bob")
    assert messages[0] == "transcription.may_run"
    assert stage.task().state == "stopped"


def test_starter_that_died_is_noticed_when_the_room_closes(stage: Stage) -> None:
    stage.room_id = "ai-1"
    claim_for_another(stage)
    assert stage.event(102, OPENED_MS + 5).http_status == 503
    stage.now_ms += claims.LEASE_MS
    stage.answer("DescribeAITranscription", LIVES)
    stage.answer("StopAITranscription", {"Response": {"RequestId": "r-3"}})
    assert stage.all(102, OPENED_MS + 5) == ["transcription.stopped", "room.closed"]
    assert stage.task().task_ids[0].task_id == "task-7"


@pytest.mark.slow
@ON_SQLITE
def test_task_the_ledger_could_not_be_told_of_runs_until_it_is(stage: Stage, tmp_path: Any) -> None:
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)

    def lock() -> None:
        other.execute("BEGIN IMMEDIATE")

    stage.answer_while("CreateCloudTranscription", lock, STARTED)
    outcome = stage.create()
    other.execute("ROLLBACK")
    other.close()
    assert (outcome.message, outcome.outcome, outcome.level) == (
        "transcription.started",
        "unrecorded",
        "warning",
    )
    assert outcome.fields["task_id"] == "task-1"
    assert stage.asked() == ["CreateCloudTranscription"]
    assert stage.task().state == "starting"


def test_room_that_closes_while_the_api_is_asked_stays_closed(stage: Stage) -> None:
    def close() -> None:
        stage.resources.ledger.change(stage.room, lambda book: book.close_session(OPENED_MS + 25))

    stage.answer("CreateCloudTranscription", STARTED)
    stage.create()
    gone = error("FailedOperation.TaskNotExist")
    stage.answer_while("DescribeCloudTranscription", close, gone)
    assert stage.event(101, OPENED_MS + 20, "ann").message == "room.unclear"
    assert stage.session().closed_ms == OPENED_MS + 25
    assert stage.event(101, OPENED_MS + 20, "ann").outcome == "gone"


def test_stop_is_told_although_its_session_has_left_the_document_meanwhile(stage: Stage) -> None:
    def live_on() -> None:
        for ms in (20_000, 40_000):
            stage.event(101, OPENED_MS + ms, "ann")
            stage.event(102, OPENED_MS + ms + 500)

    done = {"Response": {"RequestId": "r-3"}}
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer_while("DeleteCloudTranscription", live_on, done, done)
    stage.create()
    assert stage.event(102, OPENED_MS + 5).message == "transcription.stopped"
    opened_ms = [one.opened_ms for one in stage.resources.ledger.read(stage.room).sessions]
    assert opened_ms == [OPENED_MS + 40_000, OPENED_MS + 20_000]


def test_session_before_is_stopped_when_the_next_one_opens(stage: Stage) -> None:
    stage.answer(
        "CreateCloudTranscription", STARTED, {"Response": {"TaskId": "task-2", "RequestId": "r"}}
    )
    stage.answer(
        "DeleteCloudTranscription", error("InternalError"), {"Response": {"RequestId": "r-3"}}
    )
    stage.create()
    assert stage.event(102, OPENED_MS + 5).http_status == 503
    assert stage.event(101, OPENED_MS + 50, "ann").fields["task_id"] == "task-2"
    bodies = [json.loads(call.request.body or "") for call in stage.api.calls]
    assert [body.get("TaskId") for body in bodies] == [None, "task-1", "task-1", None]


def test_room_created_again_still_settles_the_session_before(stage: Stage) -> None:
    """1.0: the starter died after its start; the 102 comes, then the next 101."""
    stage.room_id = "ai-1"
    claim_for_another(stage)
    assert stage.event(102, OPENED_MS + 5).http_status == 503
    stage.now_ms += claims.LEASE_MS
    stage.answer("DescribeAITranscription", LIVES)
    stage.answer("StopAITranscription", {"Response": {"RequestId": "r-3"}})
    stage.answer("StartAITranscription", {"Response": {"TaskId": "task-8", "RequestId": "r"}})
    messages = stage.all(101, OPENED_MS + 50, "ann")
    assert messages == ["transcription.stopped", "transcription.started"]


def test_stop_that_failed_is_repeated_by_a_person_of_the_next_session(stage: Stage) -> None:
    stage.answer(
        "CreateCloudTranscription", STARTED, {"Response": {"TaskId": "task-2", "RequestId": "r"}}
    )
    stage.answer(
        "DeleteCloudTranscription",
        error("InternalError"),
        error("InternalError"),
        {"Response": {"RequestId": "r"}},
    )
    stage.create()
    stage.event(102, OPENED_MS + 5)
    assert stage.all(103, OPENED_MS + 50, "ann") == [
        "transcription.stop_failed",
        "transcription.started",
    ]
    assert stage.all(103, OPENED_MS + 51, "bob") == [
        "transcription.stopped",
        "transcription.unchanged",
    ]


def test_task_that_failed_unsure_does_not_keep_a_lost_session_alive(stage: Stage) -> None:
    stage.answer(
        "CreateCloudTranscription",
        TimeoutError(),
        error("FailedOperation.NotAbility"),
        STARTED,
    )
    stage.create()
    stage.now_ms += 10_000
    assert stage.create().message == "transcription.failed"
    stage.now_ms += 3_600_000
    assert stage.event(101, OPENED_MS + 3_600_000, "ann").message == "transcription.started"


def test_fallback_is_not_tried_in_a_room_that_closed_meanwhile(stage: Stage) -> None:
    def close() -> None:
        stage.event(102, OPENED_MS + 5)

    stage.room_id = "fallback-1"
    refused = error("FailedOperation.NotAbility")
    stage.answer_while("CreateCloudTranscription", close, refused)
    assert stage.create().outcome == "gone"
    assert stage.asked() == ["CreateCloudTranscription"]
    assert stage.event(102, OPENED_MS + 5).http_status == 200


def test_room_does_not_close_quietly_while_nobody_knows_of_a_start(stage: Stage) -> None:
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", TimeoutError())
    stage.answer("DescribeAITranscription", error("InternalError"))
    stage.create()
    unclear = stage.event(102, OPENED_MS + 5)
    assert (unclear.message, unclear.http_status) == ("transcription.unclear", 503)
    assert stage.task().state == "stopping"


def test_start_that_failed_after_the_room_had_closed_is_not_left_due(stage: Stage) -> None:
    def close() -> None:
        stage.event(102, OPENED_MS + 5)

    throttled = error("RequestLimitExceeded")
    stage.answer_while("CreateCloudTranscription", close, throttled)
    stage.create()
    assert stage.task().state == "stopped"


def test_task_of_a_session_that_left_the_document_is_stopped_all_the_same(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DeleteCloudTranscription", {"Response": {"RequestId": "r-3"}})
    stage.create()
    task, session = stage.task(), replace(stage.session(), tasks={})  # read before the task began
    stage.resources.ledger.change(stage.room, lambda book: book.sessions.clear())
    (outcome,) = stop_tasks([(session, task)], stage.resources)
    assert (outcome.message, outcome.fields["task_id"]) == ("transcription.stopped", "task-1")
    assert stage.resources.ledger.read(stage.room).sessions == []
