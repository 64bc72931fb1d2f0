"""Starts that do not go well: each kind of error, and who is told to come back."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from msgspec.structs import replace

from shared.api.client import Client
from shared.lifecycle.drainer import drain
from shared.lifecycle.task_api import find_timeout_s
from tests.support.faked_api import (
    ENDPOINT,
    OPENED_MS,
    STARTED,
    Stage,
    claim_for_another,
    error,
    make_stage,
)


@pytest.mark.parametrize(
    "code",
    ["RequestLimitExceeded", "FailedOperation.RestrictedConcurrency", "ResourceInsufficient"],
)
def test_throttled_start_is_due_again_and_trtc_comes_back(stage: Stage, code: str) -> None:
    stage.answer("CreateCloudTranscription", error(code), STARTED)
    first = stage.create()
    assert (first.message, first.http_status, first.fields["error_code"]) == (
        "transcription.deferred",
        503,
        code,
    )
    assert (stage.task().state, stage.task().unseen) == ("due", [])
    stage.now_ms += 500
    second = stage.create()
    assert (second.message, second.http_status) == ("transcription.started", 200)
    assert stage.task().attempts == 2


def test_start_that_may_have_happened_waits_until_the_api_has_given_up(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", requests.ReadTimeout(), STARTED)
    assert stage.create().http_status == 503
    assert stage.task().unseen
    stage.now_ms += 6_499
    assert stage.create().http_status == 503
    assert len(stage.asked()) == 1
    stage.now_ms += 1
    assert stage.all(101, OPENED_MS, "ann")[0] == "transcription.started"


@pytest.mark.parametrize(
    "code", ["InternalError", "InternalError.CTInternalError", "Something.New"]
)
def test_internal_error_waits_as_long(stage: Stage, code: str) -> None:
    stage.answer("CreateCloudTranscription", error(code))
    stage.create()
    assert stage.task().not_before_ms == OPENED_MS + 6_500


def test_other_events_are_not_kept_waiting_by_a_start_that_is(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", error("RequestLimitExceeded"))
    assert stage.create().http_status == 503
    assert stage.event(103, OPENED_MS + 1, "ann").http_status == 200
    assert stage.create().http_status == 503


def test_other_events_start_what_the_first_could_not(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", error("RequestLimitExceeded"), STARTED)
    stage.create()
    stage.now_ms += 5_000
    assert stage.event(103, OPENED_MS + 1, "ann").message == "transcription.started"


def test_duplicate_during_a_start_comes_back(stage: Stage) -> None:
    """A first delivery in flight may still die, so its duplicate must not be acknowledged."""
    claim_for_another(stage)
    assert stage.create().http_status == 503
    assert stage.event(103, OPENED_MS + 1, "ann").http_status == 200
    assert stage.asked() == []
    stage.now_ms += 9_000
    stage.answer("CreateCloudTranscription", STARTED)
    assert stage.all(101, OPENED_MS, "ann")[0] == "transcription.started"
    assert stage.task().attempts == 2


@pytest.mark.parametrize(
    "code", ["MissingParameter.ASRLang", "InvalidParameter.OutOfRange", "UnsupportedRegion"]
)
def test_refused_start_fails_loudly_and_for_good(stage: Stage, code: str) -> None:
    stage.answer("CreateCloudTranscription", error(code))
    outcome = stage.create()
    assert (outcome.message, outcome.outcome, outcome.level) == (
        "transcription.failed",
        "refused",
        "error",
    )
    assert (outcome.http_status, outcome.fields["error_code"]) == (200, code)
    assert outcome.fields["upstream_request_id"] == "r-9"
    assert stage.create().outcome == "failed"
    assert len(stage.asked()) == 1


@pytest.mark.parametrize(
    "code", ["AuthFailure.SignatureFailure", "InvalidParameter.UserSig", "UnauthorizedOperation"]
)
def test_wrong_credentials_fail_and_never_fall_back(stage: Stage, code: str) -> None:
    stage.room_id = "fallback-1"
    stage.answer("CreateCloudTranscription", error(code))
    assert [stage.create().outcome, stage.create().outcome] == ["credentials", "failed"]
    assert stage.asked() == ["CreateCloudTranscription"]


def test_refused_start_falls_back_to_the_other_service_and_stays_there(stage: Stage) -> None:
    stage.room_id = "fallback-1"
    stage.answer("CreateCloudTranscription", error("FailedOperation.NotAbility"))
    stage.answer("StartAITranscription", error("RequestLimitExceeded"), STARTED)
    assert stage.create().http_status == 503
    stage.now_ms += 10_000
    outcome = stage.create()
    assert (outcome.message, outcome.fields["transcription_service"]) == (
        "transcription.started",
        "ai",
    )
    assert outcome.fields["region"] == "ap-tokyo"
    assert stage.asked() == [
        "CreateCloudTranscription",
        "StartAITranscription",
        "StartAITranscription",
    ]


def test_no_fallback_while_an_earlier_attempt_may_have_happened(stage: Stage) -> None:
    stage.room_id = "fallback-1"
    stage.answer(
        "CreateCloudTranscription", requests.ReadTimeout(), error("FailedOperation.NotAbility")
    )
    stage.create()
    stage.now_ms += 10_000
    assert stage.create().message == "transcription.failed"
    assert "StartAITranscription" not in stage.asked()


def test_existing_task_is_recovered_by_its_session_id(stage: Stage) -> None:
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", error("FailedOperation.TaskExist"))
    running = {"Response": {"TaskId": "task-7", "Status": "InProgress", "RequestId": "r-2"}}
    stage.answer("DescribeAITranscription", running)
    outcome = stage.create()
    assert (outcome.outcome, outcome.fields["task_id"]) == ("recovered", "task-7")
    assert stage.body()["SessionId"] == stage.body(0)["SessionId"]


@pytest.mark.parametrize(
    "answer",
    [
        {"Response": {"TaskId": "task-7", "Status": "Stopped", "RequestId": "r-2"}},
        error("FailedOperation.TaskNotExist"),
        error("InternalError"),
    ],
)
def test_dying_predecessor_is_never_adopted(stage: Stage, answer: dict[str, Any]) -> None:
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", error("FailedOperation.TaskExist"), STARTED)
    stage.answer("DescribeAITranscription", answer)
    assert stage.create().http_status == 503
    assert stage.task().not_before_ms == OPENED_MS + 2_000
    stage.now_ms += 2_000
    outcome = stage.create()
    assert (outcome.message, outcome.fields["task_id"]) == ("transcription.started", "task-1")


def test_nothing_is_asked_when_no_time_is_left(stage: Stage, tmp_path: Any) -> None:
    late = make_stage(stage.api, f"sqlite:///{tmp_path}/late.db", deadline_s=time.monotonic())
    outcome = late.create()
    assert (outcome.http_status, outcome.fields["error_code"]) == (503, "Deadline")
    assert late.asked() == []


def test_call_gets_less_time_when_cold(stage: Stage, tmp_path: Any) -> None:
    cold = make_stage(stage.api, f"sqlite:///{tmp_path}/cold.db", cold_start=True)
    assert (find_timeout_s(cold.resources), find_timeout_s(stage.resources)) == (2.0, 2.5)


def test_room_name_the_api_would_refuse_fails_clearly(stage: Stage) -> None:
    stage.room_id = "x" * 65
    outcome = stage.create()
    assert (outcome.message, outcome.fields["error_code"]) == (
        "transcription.failed",
        "InvalidParameterValue",
    )


def test_missing_credentials_give_the_claim_back(
    stage: Stage, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("TENCENT_SECRET_KEY")
    stage.resources = replace(stage.resources, client=Client(ENDPOINT))
    failed = stage.create()
    assert (failed.message, failed.http_status) == ("callback.failed", 500)
    assert "TENCENT_SECRET_KEY" in str(failed.fields["reason"])
    assert (stage.task().state, stage.task().unseen) == ("due", [])


def test_start_that_fails_on_and_on_warns_less_and_less_often(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", error("InternalError"))
    told = [stage.create()]
    told += [one for _, outcomes in drain(stage.resources) for one in outcomes]
    assert {one.message for one in told} == {"transcription.deferred"}
    assert [one.fields["attempts"] for one in told] == [*range(1, len(told) + 1)]
    warned = [one.fields["attempts"] for one in told if one.level == "warning"]
    assert warned == [1, 2, 4, 8, 16, 32, 64][: len(warned)]
    assert len(told) > 30 > 7 >= len(warned) > 4
    assert int(str(told[-1].fields["waited_ms"])) > 60_000


def test_reason_of_our_own_refusal_is_told(stage: Stage) -> None:
    stage.room_id = "x" * 65
    assert "length <= 64" in str(stage.create().fields["reason"])


def test_task_another_instance_started_is_left_to_it_on_scf(
    stage: Stage, environment: pytest.MonkeyPatch
) -> None:
    """SQLite on SCF: the session id of the other instance's start is not known here."""
    settings = replace(stage.resources.settings, on_scf=True)
    stage.resources = replace(stage.resources, settings=settings)
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", error("FailedOperation.TaskExist"))
    stage.answer("DescribeAITranscription", error("FailedOperation.TaskNotExist"))
    outcome = stage.create()
    assert (outcome.outcome, outcome.http_status) == ("elsewhere", 200)
