"""A drainer is called when something is left due and none is at work; one call is enough."""

from __future__ import annotations

import json
from typing import Any

import pytest
import responses
from msgspec.structs import replace

from shared import resources
from shared.callbacks import Callback
from shared.lifecycle.events import act_on
from shared.lifecycle.outcome import Outcome
from tests.support.faked_api import OPENED_MS, STARTED, Stage, error

SCF = "https://scf.example"
CREATE = "CreateCloudTranscription"
CALLED = {"Response": {"Result": {"FunctionRequestId": "f-1"}, "RequestId": "r-8"}}


@pytest.fixture
def calling(stage: Stage) -> Stage:
    """A stage that knows its drain function, in a region and a namespace of SCF."""
    known = stage.resources
    settings = replace(known.settings, drain_function="drain_starts", invoke_endpoint=SCF)
    invocation = replace(known.invocation, region="ap-singapore", namespace="team")
    stage.resources = replace(known, settings=settings, invocation=invocation)
    return stage


def answer_scf(stage: Stage, answer: dict[str, Any]) -> None:
    stage.api.add(responses.POST, SCF + "/", json=answer)


def act(stage: Stage, event_type: int, event_ms: int) -> list[Outcome]:
    callback = Callback(stage.room, event_type, event_ms, True, "ann", 20)
    return act_on(callback, stage.resources)


def test_drainer_is_called_for_a_start_that_is_left_due(calling: Stage) -> None:
    calling.answer(CREATE, error("RequestLimitExceeded"))
    answer_scf(calling, CALLED)
    act(calling, 101, OPENED_MS)
    body, headers = calling.body(), calling.api.calls[-1].request.headers
    assert (headers["X-TC-Action"], headers["X-TC-Version"]) == ("Invoke", "2018-04-16")
    assert headers["X-TC-Region"] == "ap-singapore"
    assert (body["FunctionName"], body["InvocationType"]) == ("drain_starts", "Event")
    assert body["Namespace"] == "team"
    token = json.loads(body["ClientContext"])["token"]
    assert calling.resources.ledger.take_lease("drain", token, calling.now_ms, 5_000)


def test_one_call_is_enough_while_a_drainer_is_on_its_way(calling: Stage) -> None:
    calling.answer(CREATE, error("RequestLimitExceeded"))
    answer_scf(calling, CALLED)
    act(calling, 101, OPENED_MS)
    calling.room_id = "another"
    act(calling, 101, OPENED_MS)
    assert calling.asked().count("Invoke") == 1


def test_nothing_is_called_when_nothing_is_left_due(calling: Stage) -> None:
    calling.answer(CREATE, STARTED)
    act(calling, 101, OPENED_MS)
    assert calling.asked() == [CREATE]


def test_place_that_is_free_again_calls_a_drainer(calling: Stage) -> None:
    settings = replace(calling.resources.settings, task_quota=1)
    calling.resources = replace(calling.resources, settings=settings)
    calling.answer(CREATE, STARTED)
    calling.answer("DeleteCloudTranscription", {"Response": {"RequestId": "r-6"}})
    answer_scf(calling, CALLED)
    act(calling, 101, OPENED_MS)
    act(calling, 102, OPENED_MS + 5)
    assert calling.asked() == [CREATE, "DeleteCloudTranscription", "Invoke"]


def test_call_that_fails_makes_trtc_come_back_and_gives_the_lease_back(calling: Stage) -> None:
    calling.answer(CREATE, error("RequestLimitExceeded"))
    answer_scf(calling, error("ResourceNotFound.Function"))
    *_, outcome = act(calling, 101, OPENED_MS)
    assert (outcome.message, outcome.level, outcome.http_status) == (
        "drain.not_called",
        "warning",
        503,
    )
    assert calling.resources.ledger.take_lease("drain", "next", calling.now_ms, 5_000)


def test_without_a_drain_function_the_timer_is_waited_for(stage: Stage) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"))
    act(stage, 101, OPENED_MS)
    assert stage.asked() == [CREATE]


def test_client_of_scf_is_kept(calling: Stage) -> None:
    first = resources.open_client(SCF, None, "scf", "2018-04-16")
    assert resources.open_client(SCF, None, "scf", "2018-04-16") is first


def test_drainer_with_no_time_for_anything_calls_no_other(calling: Stage) -> None:
    calling.answer(CREATE, error("RequestLimitExceeded"))
    answer_scf(calling, error("ResourceNotFound.Function"))
    act(calling, 101, OPENED_MS)
    calling.now_ms += 10_000
    calls = calling.asked().count("Invoke")
    late = replace(calling.resources.invocation, deadline_s=0.0)
    calling.resources = replace(calling.resources, invocation=late)
    assert calling.drain() == []
    assert calling.asked().count("Invoke") == calls


def test_restart_that_must_wait_calls_a_drainer(calling: Stage) -> None:
    calling.answer(CREATE, STARTED)
    answer_scf(calling, CALLED)
    act(calling, 101, OPENED_MS)
    act(calling, 103, OPENED_MS + 1)
    calling.tell(1402, "task-1", OPENED_MS + 9, leave_code=3)
    assert calling.asked() == [CREATE, "Invoke"]


def test_task_that_ended_by_itself_leaves_its_place_to_another(calling: Stage) -> None:
    settings = replace(calling.resources.settings, task_quota=1)
    calling.resources = replace(calling.resources, settings=settings)
    calling.answer(CREATE, STARTED)
    answer_scf(calling, CALLED)
    act(calling, 101, OPENED_MS)
    calling.tell(1402, "task-1", OPENED_MS + 9, leave_code=99)
    assert calling.asked() == [CREATE, "Invoke"]
