"""The drainer where much is in its way: rooms that wait for several things, or are broken."""

from __future__ import annotations

import pytest
import responses
from msgspec.structs import replace

from local.redis_server import RedisServer
from shared.ledger import Session, close_ledgers
from shared.ledger.due import CHECK_MS
from shared.ledger.layout import RoomKeys
from shared.rules.decision import Rule
from tests.support.faked_api import OPENED_MS, STARTED, Stage, error, make_stage
from tests.support.ledger_steps import TAG
from tests.support.redis_servers import be_patient, connect, empty

CREATE, STOP = "CreateCloudTranscription", "DeleteCloudTranscription"
SECOND = {"Response": {"TaskId": "task-2", "RequestId": "r-5"}}
STOPPED = {"Response": {"RequestId": "r-6"}}


def test_room_is_not_visited_again_and_again_while_one_of_its_speakers_waits(stage: Stage) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, STARTED, TimeoutError(), SECOND)
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(103, OPENED_MS + 2, "bob")  # may have happened: not before 6.5 s have passed
    assert stage.drain() == ["transcription.started", "transcription.may_run"]
    assert stage.session().tasks["bob"].state == "running"


def test_room_gets_the_place_that_becomes_free_while_the_drainer_is_at_work(stage: Stage) -> None:
    limit_quota(stage, 1)
    stage.answer(CREATE, STARTED, SECOND)
    stage.answer(STOP, error("InternalError"), error("InternalError"), STOPPED)
    for room_id in ("a", "b"):
        stage.room_id = room_id
        stage.create()
    stage.room_id = "a"
    stage.event(102, OPENED_MS + 5)
    told = stage.drain()
    assert told == [
        "transcription.stop_failed",
        "transcription.stopped",
        "transcription.started",
    ]


def test_no_start_is_tried_for_which_the_quota_has_no_place(stage: Stage) -> None:
    limit_quota(stage, 2)
    stage.answer(CREATE, *({"Response": {"TaskId": f"task-{n}"}} for n in range(9)))
    stage.answer(STOP, STOPPED)
    for number in range(9):
        stage.room_id = f"room-{number}"
        stage.create()
    stage.room_id = "room-0"
    stage.event(102, OPENED_MS + 5)
    assert stage.drain() == ["transcription.started"]


def test_speaker_who_waits_for_a_place_does_not_hide_what_the_room_needs_besides(
    stage: Stage,
) -> None:
    limit_quota(stage, 1)
    stage.room_id = "speakers-1"
    stage.answer(CREATE, STARTED, SECOND)
    stage.answer("DescribeCloudTranscription", error("ResourceNotFound"))
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(103, OPENED_MS + 2, "bob")
    stage.event(104, OPENED_MS + 3, "ann")
    stage.now_ms += CHECK_MS
    assert stage.drain() == ["task.gone", "transcription.started"]
    assert stage.session().tasks["bob"].state == "running"


def test_bug_in_one_room_does_not_stop_the_others(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"), error("RequestLimitExceeded"), STARTED)
    stage.create()
    stage.change(stage.session(), spoil_rule)
    stage.room_id = "other"
    stage.create()
    assert stage.drain() == ["transcription.started"]
    told = capsys.readouterr().out
    assert "drain.crashed" in told
    assert "KeyError" in told


def test_book_that_cannot_be_read_does_not_stop_the_others(
    redis_server: RedisServer, faked_http: None
) -> None:
    empty(redis_server)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        stage = make_stage(api, be_patient(redis_server))
        stage.answer(CREATE, error("RequestLimitExceeded"), error("RequestLimitExceeded"), STARTED)
        stage.create()
        with connect(redis_server) as client:
            client.set(TAG + RoomKeys(stage.room).document.key, "no document")
        stage.room_id = "other"
        stage.create()
        assert stage.drain() == ["callback.failed", "transcription.started"]
    close_ledgers()


def limit_quota(stage: Stage, quota: int) -> None:
    """So many tasks may run at once."""
    settings = replace(stage.resources.settings, task_quota=quota)
    stage.resources = replace(stage.resources, settings=settings)


def spoil_rule(session: Session) -> None:
    """A rule as no rules file can have it."""
    session.rule = Rule(name="broken", room=["*"], cloud={"no_such_key": 1})
