"""A call that was not made is no answer, and a ledger that is away is not asked for a slot."""

from __future__ import annotations

from msgspec.structs import replace

from shared.errors import LedgerError
from shared.lifecycle.heal_room import heal_room
from shared.lifecycle.signs_of_life import ABANDONED_MS
from shared.lifecycle.task_api import find_slot_wait
from shared.resources import AbsentLedger
from tests.support.faked_api import ENDED, OPENED_MS, STARTED, Stage, error

CREATE, DESCRIBE = "CreateCloudTranscription", "DescribeCloudTranscription"


def test_task_that_the_limiter_let_nobody_ask_about_is_not_believed_gone(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DESCRIBE, ENDED)
    stage.create()
    stage.now_ms += ABANDONED_MS + 1
    while find_slot_wait("describe/cloud", stage.resources) == 0:
        pass
    assert heal_room(stage.room, stage.resources) == []
    assert (stage.asked(), stage.task().state) == ([CREATE], "running")
    stage.now_ms += 1_000
    assert heal_room(stage.room, stage.resources)[0].message == "task.gone"


def test_start_that_the_limiter_let_nobody_ask_about_is_not_given_up(stage: Stage) -> None:
    """Until it is asked about, it may run, though its room has been closed for longer than its idle limit."""
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", TimeoutError())
    stage.answer("DescribeAITranscription", error("FailedOperation.TaskNotExist"))
    stage.create()
    stage.event(102, OPENED_MS + 5)
    stage.now_ms += 3_600_000
    stage.use_up("describe/ai")
    assert stage.all(102, OPENED_MS + 5) == ["transcription.unclear", "room.closed"]
    stage.now_ms += 1_000
    assert stage.all(102, OPENED_MS + 5) == ["room.closed"]
    assert stage.task().state == "stopped"


def test_start_with_no_time_left_says_so_although_the_quota_is_used_up(stage: Stage) -> None:
    settings = replace(stage.resources.settings, task_quota=1)
    stage.resources = replace(stage.resources, settings=settings)
    stage.answer(CREATE, STARTED)
    stage.create()
    stage.room_id = "another"
    late = replace(stage.resources.invocation, deadline_s=0.0)
    stage.resources = replace(stage.resources, invocation=late)
    waiting = stage.create()
    assert (waiting.message, waiting.due) == ("transcription.waiting", True)
    assert (waiting.fields["error_code"], waiting.queued) == ("Deadline", False)


def test_start_without_the_ledger_asks_no_limiter(stage: Stage) -> None:
    class FullLedger(AbsentLedger):
        def take_slot(self, *_call: object) -> int:
            return 1_000

    stage.answer(CREATE, STARTED)
    ledger = FullLedger(LedgerError("LEDGER_URL: it does not answer"))
    stage.resources = replace(stage.resources, ledger=ledger)
    (outcome,) = stage.outcomes(101, OPENED_MS, "ann")
    assert (outcome.message, outcome.outcome) == ("transcription.started", "unrecorded")
