"""Without the ledger: a created room starts by its identity, everything else comes back."""

from __future__ import annotations

import pytest
import requests
from msgspec.structs import replace

from shared.errors import LedgerError
from shared.lifecycle.outcome import find_status
from shared.resources import AbsentLedger
from tests.support.faked_api import OPENED_MS, STARTED, Stage, error

CREATE = "CreateCloudTranscription"


@pytest.fixture
def bare(stage: Stage) -> Stage:
    """A stage whose ledger does not answer."""
    ledger = AbsentLedger(LedgerError("LEDGER_URL: it does not answer"))
    stage.resources = replace(stage.resources, ledger=ledger)
    return stage


def test_created_room_starts_with_its_own_bot(bare: Stage) -> None:
    bare.answer(CREATE, STARTED)
    outcome = bare.create()
    assert (outcome.message, outcome.outcome, outcome.http_status) == (
        "transcription.started",
        "unrecorded",
        200,
    )
    assert bare.body()["TranscriptionParam"]["UserId"] == bare.bot()


def test_task_that_runs_already_is_enough(bare: Stage) -> None:
    bare.room_id = "ai-1"
    bare.answer("StartAITranscription", error("FailedOperation.TaskExist"))
    assert bare.create().http_status == 200
    assert bare.body()["SessionId"] == f"{bare.bot()}-{OPENED_MS}"


@pytest.mark.parametrize("event_type", [102, 103, 104, 203, 204])
def test_every_other_event_comes_back(bare: Stage, event_type: int) -> None:
    outcome = bare.event(event_type, OPENED_MS, "ann")
    assert (outcome.message, outcome.http_status) == ("callback.failed", 503)
    assert bare.asked() == []


def test_news_of_a_task_comes_back(bare: Stage) -> None:
    (outcome,) = bare.tell(1401, "task-1", OPENED_MS, bot=bare.bot())
    assert outcome.http_status == 503


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (error("InternalError"), "InternalError"),
        (requests.ReadTimeout(), "ClientNetworkError.ReadTimeout"),
    ],
)
def test_start_that_fails_comes_back_and_both_failures_are_told(
    bare: Stage, answer: object, code: str
) -> None:
    bare.answer(CREATE, answer)
    outcomes = bare.outcomes(101, OPENED_MS, "ann")
    assert [(one.message, one.fields["error_code"]) for one in outcomes] == [
        ("callback.failed", "ledger"),
        ("transcription.deferred", code),
    ]
    assert find_status(outcomes, drainer_comes=True) == 503


def test_room_that_waits_for_a_speaker_comes_back(bare: Stage) -> None:
    bare.room_id = "speakers-1"
    assert (bare.create().http_status, bare.asked()) == (503, [])


def test_task_is_adopted_when_the_ledger_is_back(stage: Stage) -> None:
    with_ledger = stage.resources
    away = AbsentLedger(LedgerError("LEDGER_URL: it does not answer"))
    stage.resources = replace(with_ledger, ledger=away)
    stage.answer(CREATE, STARTED)
    stage.create()
    stage.resources = with_ledger
    stage.tell(1401, "task-1", OPENED_MS + 30, bot=stage.bot())
    stage.event(103, OPENED_MS + 31, "ann")
    assert (stage.task().state, stage.task().task_id) == ("running", "task-1")
    assert stage.asked() == [CREATE]
