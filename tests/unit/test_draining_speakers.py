"""The drainer in rooms where several tasks wait, and for an agenda that says too much."""

from __future__ import annotations

import requests
import responses

from local.redis_server import RedisServer
from shared.ledger import close_ledgers
from shared.ledger.redis_keys import AGENDA, name_room
from tests.redis_server import connect, empty
from tests.unit.stage import OPENED_MS, STARTED, Stage, make_stage, stage

__all__ = ["stage"]

CREATE = "CreateCloudTranscription"
SECOND = {"Response": {"TaskId": "task-2", "RequestId": "r-5"}}


def test_room_is_not_visited_again_and_again_while_one_of_its_speakers_waits(stage: Stage) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, STARTED, requests.ReadTimeout(), SECOND)
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(103, OPENED_MS + 2, "bob")  # may have happened: not before 6.5 s have passed
    assert stage.drain() == ["transcription.started", "transcription.may_run"]
    assert stage.session().tasks["bob"].state == "running"


def test_look_that_a_dying_instance_left_too_early_is_mended(redis_server: RedisServer) -> None:
    empty(redis_server)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        stage = make_stage(api, redis_server.url)
        stage.answer(CREATE, STARTED)
        stage.create()
        plant_look(redis_server, stage, stage.now_ms)
        assert stage.drain() == []
        assert stage.asked() == [CREATE]
        assert stage.resources.ledger.list_due(stage.now_ms, 10) == []
    close_ledgers()


def plant_look(server: RedisServer, stage: Stage, look_ms: int) -> None:
    """The agenda says that the room must be looked at then."""
    with connect(server) as client:
        client.zadd(AGENDA, {name_room(stage.room): look_ms})
