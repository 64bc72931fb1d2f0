"""Starts that do not go well: each kind of error, against an API faked at HTTP level and a clock in hand."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import responses

from shared.callbacks import Callback
from shared.client import Client
from shared.ledger import Room, RoomBook, Session, Task, claims, open_ledger
from shared.lifecycle import Outcome, act_on
from shared.resources import Resources
from shared.rules_file import parse_rules
from shared.scf import Invocation
from shared.settings import Credentials, read_settings
from tests.conftest import SDK_APP_ID, SETTINGS

ENDPOINT = "https://trtc.example"
RULES = """
[defaults.cloud]
region = "ap-singapore"
language = "bigmodel-en"
[defaults.ai]
region = "ap-tokyo"
[[rules]]
name = "ai"
room = "ai-*"
service = "ai"
[[rules]]
name = "with fallback"
room = "fallback-*"
fallback = "ai"
[[rules]]
name = "everything else"
room = "*"
"""
LIVES = {"Response": {"TaskId": "task-7", "Status": "InProgress", "RequestId": "r-2"}}
ENDED = {"Response": {"TaskId": "task-7", "Status": "Stopped", "RequestId": "r-2"}}
STARTED = {"Response": {"TaskId": "task-1", "RequestId": "r-1"}}
OPENED_MS = 1_700_000_000_000


def error(code: str) -> dict[str, Any]:
    return {"Response": {"Error": {"Code": code, "Message": "no"}, "RequestId": "r-9"}}


@dataclass
class Stage:
    """One room, one clock, one faked API that remembers what it was asked."""

    resources: Resources
    api: responses.RequestsMock
    now_ms: int = OPENED_MS
    room_id: str = "room"

    @property
    def room(self) -> Room:
        return Room(SDK_APP_ID, self.room_id, 1)

    def create(self, *, user_id: str = "ann") -> Outcome:
        return self.event(101, OPENED_MS, user_id)

    def event(self, event_type: int, event_ms: int, user_id: str | None = None) -> Outcome:
        callback = Callback(SDK_APP_ID, event_type, event_ms, True, self.room_id, 1, user_id, 20)
        *_, outcome = act_on(callback, self.resources)
        return outcome

    def all(self, event_type: int, event_ms: int, user_id: str | None = None) -> list[str]:
        """The messages of every outcome of an event."""
        callback = Callback(SDK_APP_ID, event_type, event_ms, True, self.room_id, 1, user_id)
        return [outcome.message for outcome in act_on(callback, self.resources)]

    def answer(self, action: str, *answers: object) -> None:
        """The API's next answers to an action; the last one stays."""
        for answer in answers:
            body = {"body": answer} if isinstance(answer, Exception) else {"json": answer}
            matcher = responses.matchers.header_matcher({"X-TC-Action": action})
            self.api.add(responses.POST, ENDPOINT + "/", match=[matcher], **body)

    def asked(self) -> list[str]:
        return [str(call.request.headers["X-TC-Action"]) for call in self.api.calls]

    def body(self, number: int = -1) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.api.calls[number].request.body or "")
        return body

    def task(self) -> Task:
        return self.session().tasks["*"]

    def session(self) -> Session:
        return self.resources.ledger.read(self.room).sessions[0]


@pytest.fixture
def stage(environment: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        yield make_stage(api, f"sqlite:///{tmp_path}/ledger.db")


def make_stage(api: responses.RequestsMock, ledger_url: str, **invocation: Any) -> Stage:
    known = {"cold_start": False, "started_ms": 0, "deadline_s": time.monotonic() + 60}
    context = Invocation("", "", "", 64, **{**known, **invocation})
    stage: Stage
    resources = Resources(
        settings=read_settings(SETTINGS),
        rules=parse_rules(RULES),
        ledger=open_ledger(ledger_url),
        client=Client(ENDPOINT, credentials=lambda: Credentials("id", "key", None)),
        invocation=context,
        now_ms=lambda: stage.now_ms,
    )
    stage = Stage(resources, api)
    return stage


@pytest.mark.parametrize(
    "code", ["RequestLimitExceeded", "LimitExceeded.ConcurrencyLimit", "ResourceInsufficient"]
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


def claim_for_another(stage: Stage) -> Task:
    """Somebody else is starting the room's task, for the room's own 101."""

    def claim(book: RoomBook) -> Task:
        _, session = book.open_session(OPENED_MS, stage.resources.rules.decide(*book.room))
        assert session
        trigger, now_ms = f"101/{OPENED_MS}/ann", stage.now_ms
        service = session.rule.service
        return claims.claim_start(
            session, "*", service, trigger=trigger, token="another", now_ms=now_ms
        )[1]

    return stage.resources.ledger.change(stage.room, claim)


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
    "code", ["FailedOperation.NotAbility", "InvalidParameter.OutOfRange", "UnsupportedRegion"]
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
    assert stage.create().outcome == "credentials"
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


def test_room_that_closes_during_the_start_is_stopped_by_the_starter(stage: Stage) -> None:
    def close_meanwhile(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        assert stage.event(102, OPENED_MS + 5).http_status == 503
        return 200, {}, json.dumps(STARTED)

    matcher = responses.matchers.header_matcher({"X-TC-Action": "CreateCloudTranscription"})
    stage.api.add_callback(responses.POST, ENDPOINT + "/", close_meanwhile, match=[matcher])
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


@pytest.mark.parametrize("code", ["FailedOperation.TaskNotExist", "FailedOperation.TaskFinished"])
def test_task_that_is_gone_already_counts_as_stopped(stage: Stage, code: str) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DeleteCloudTranscription", error(code))
    stage.create()
    assert stage.event(102, OPENED_MS + 5).message == "transcription.stopped"


def test_due_start_is_cancelled_when_the_room_closes(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", error("RequestLimitExceeded"))
    stage.create()
    assert stage.event(102, OPENED_MS + 5).message == "room.closed"
    stage.now_ms += 60_000
    assert stage.create().outcome == "gone"
    assert (stage.task().state, len(stage.asked())) == ("stopped", 1)


def test_nothing_is_asked_when_no_time_is_left(stage: Stage, tmp_path: Any) -> None:
    late = make_stage(stage.api, f"sqlite:///{tmp_path}/late.db", deadline_s=time.monotonic())
    outcome = late.create()
    assert (outcome.http_status, outcome.fields["error_code"]) == (503, "Deadline")
    assert late.asked() == []


def test_call_gets_less_time_when_cold(stage: Stage, tmp_path: Any) -> None:
    cold = make_stage(stage.api, f"sqlite:///{tmp_path}/cold.db", cold_start=True)
    assert (cold.resources.call_timeout_s(), stage.resources.call_timeout_s()) == (2.0, 2.5)


def test_room_the_api_cannot_tell_about_is_not_decided(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DescribeCloudTranscription", error("InternalError"))
    stage.create()
    outcome = stage.event(101, OPENED_MS + 5_000, "ann")
    assert (outcome.message, outcome.http_status) == ("room.unclear", 503)
    assert stage.task().state == "running"


def test_room_name_the_api_would_refuse_fails_clearly(stage: Stage) -> None:
    stage.room_id = "x" * 65
    outcome = stage.create()
    assert (outcome.message, outcome.fields["error_code"]) == (
        "transcription.failed",
        "InvalidParameter",
    )


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
    coarse = Callback(SDK_APP_ID, 101, OPENED_MS, False, stage.room_id, 1, "ann", None)
    assert act_on(coarse, stage.resources)[-1].outcome == "running"
    assert stage.event(102, OPENED_MS + 9_000).message == "transcription.stopped"


def test_start_that_may_have_happened_is_looked_for_when_the_room_closes(stage: Stage) -> None:
    """That there is nothing is believed only when there can be nothing any more."""
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", requests.ReadTimeout())
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
    stage.answer("StartAITranscription", requests.ReadTimeout())
    stage.answer(
        "DescribeAITranscription", {"Response": {"Status": status, "TaskId": "t", "RequestId": "r"}}
    )
    stage.create()
    stage.now_ms += 60_000
    assert stage.event(102, OPENED_MS + 5).http_status == 503


def test_room_does_not_close_quietly_while_nobody_knows_of_a_start(stage: Stage) -> None:
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", requests.ReadTimeout())
    stage.answer("DescribeAITranscription", error("InternalError"))
    stage.create()
    unclear = stage.event(102, OPENED_MS + 5)
    assert (unclear.message, unclear.http_status) == ("transcription.unclear", 503)
    assert stage.task().state == "stopping"


def test_unseen_start_of_2_0_is_warned_of(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", requests.ReadTimeout())
    stage.create()
    warned = stage.event(102, OPENED_MS + 5)
    assert (warned.message, warned.level, warned.http_status) == (
        "transcription.may_run",
        "warning",
        200,
    )
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


def test_task_the_ledger_could_not_be_told_of_is_stopped_at_once(
    stage: Stage, tmp_path: Any
) -> None:
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)

    def lock_meanwhile(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        other.execute("BEGIN IMMEDIATE")
        return 200, {}, json.dumps(STARTED)

    matcher = responses.matchers.header_matcher({"X-TC-Action": "CreateCloudTranscription"})
    stage.api.add_callback(responses.POST, ENDPOINT + "/", lock_meanwhile, match=[matcher])
    stage.answer("DeleteCloudTranscription", {"Response": {"RequestId": "r-3"}})
    outcome = stage.create()
    other.execute("ROLLBACK")
    other.close()
    assert (outcome.message, outcome.level, outcome.http_status) == (
        "transcription.unrecorded",
        "error",
        503,
    )
    assert outcome.fields["task_id"] == "task-1"
    assert stage.body() == {"SdkAppId": SDK_APP_ID, "TaskId": "task-1"}


def test_room_that_closes_while_the_api_is_asked_stays_closed(stage: Stage) -> None:
    def close_meanwhile(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        stage.resources.ledger.change(stage.room, lambda book: book.close_session(OPENED_MS + 25))
        return 200, {}, json.dumps(error("FailedOperation.TaskNotExist"))

    stage.answer("CreateCloudTranscription", STARTED)
    stage.create()
    matcher = responses.matchers.header_matcher({"X-TC-Action": "DescribeCloudTranscription"})
    stage.api.add_callback(responses.POST, ENDPOINT + "/", close_meanwhile, match=[matcher])
    assert stage.event(101, OPENED_MS + 20, "ann").message == "room.unclear"
    assert stage.session().closed_ms == OPENED_MS + 25
    assert stage.event(101, OPENED_MS + 20, "ann").outcome == "gone"


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


def test_missing_credentials_give_the_claim_back(
    stage: Stage, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("TENCENT_SECRET_KEY")
    stage.resources = dataclasses.replace(stage.resources, client=Client(ENDPOINT))
    failed = stage.create()
    assert (failed.message, failed.http_status) == ("callback.failed", 500)
    assert "TENCENT_SECRET_KEY" in str(failed.fields["reason"])
    assert (stage.task().state, stage.task().unseen) == ("due", [])


def test_reason_of_our_own_refusal_is_told(stage: Stage) -> None:
    stage.room_id = "x" * 65
    assert "length <= 64" in str(stage.create().fields["reason"])


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
        requests.ReadTimeout(),
        error("FailedOperation.NotAbility"),
        STARTED,
    )
    stage.create()
    stage.now_ms += 10_000
    assert stage.create().message == "transcription.failed"
    stage.now_ms += 3_600_000
    assert stage.event(101, OPENED_MS + 3_600_000, "ann").message == "transcription.started"


def test_fallback_is_not_tried_in_a_room_that_closed_meanwhile(stage: Stage) -> None:
    def close_meanwhile(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        stage.event(102, OPENED_MS + 5)
        return 200, {}, json.dumps(error("FailedOperation.NotAbility"))

    stage.room_id = "fallback-1"
    matcher = responses.matchers.header_matcher({"X-TC-Action": "CreateCloudTranscription"})
    stage.api.add_callback(responses.POST, ENDPOINT + "/", close_meanwhile, match=[matcher])
    assert stage.create().outcome == "gone"
    assert stage.asked() == ["CreateCloudTranscription"]
    assert stage.event(102, OPENED_MS + 5).http_status == 200


def test_task_another_instance_started_is_left_to_it_on_scf(
    stage: Stage, environment: pytest.MonkeyPatch
) -> None:
    """SQLite on SCF: the session id of the other instance's start is not known here."""
    settings = dataclasses.replace(stage.resources.settings, on_scf=True)
    stage.resources = dataclasses.replace(stage.resources, settings=settings)
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", error("FailedOperation.TaskExist"))
    stage.answer("DescribeAITranscription", error("FailedOperation.TaskNotExist"))
    outcome = stage.create()
    assert (outcome.outcome, outcome.http_status) == ("elsewhere", 200)
