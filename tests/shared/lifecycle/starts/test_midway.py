"""Something happens, or the ledger stops answering, in the midst of an event: one task all the same."""

from __future__ import annotations

import pytest

from shared.console.commands import start_room
from shared.console.request import RoomRequest
from shared.errors import LedgerError
from shared.lifecycle.outcome import find_status
from tests.support.faked_api import OPENED_MS, STARTED, Stage, error
from tests.support.interruptions import break_down, interrupt

CREATE, DELETE = "CreateCloudTranscription", "DeleteCloudTranscription"
SECOND = {"Response": {"TaskId": "task-2", "RequestId": "r-2"}}
THIRD = {"Response": {"TaskId": "task-3", "RequestId": "r-3"}}
DONE = {"Response": {"RequestId": "r-4"}}


@pytest.mark.parametrize("method", ["change", "take_slot", "list_people"])
def test_ledger_that_fails_once_makes_no_second_start(stage: Stage, method: str) -> None:
    """Whichever use of it fails; the session before is still to be stopped."""
    stage.answer(CREATE, STARTED)
    stage.answer(DELETE, *[error("InternalError"), DONE] * 9)
    with_ledger = stage.resources
    for nth in range(1, 10):
        stage.room_id, stage.now_ms = f"room-{nth}", OPENED_MS + 500
        stage.create()
        stage.event(102, OPENED_MS + 500)
        before = stage.asked().count(CREATE)
        interrupt(stage, method, nth, break_down)
        stage.now_ms += 500
        outcomes = stage.outcomes(101, OPENED_MS + 1000, "ann")
        was_used = stage.resources.ledger.nth <= 0  # type: ignore[attr-defined]  # an Interrupted
        stage.resources = with_ledger
        if find_status(outcomes, drainer_comes=False) == 503:
            stage.now_ms += 10_000
            stage.event(101, OPENED_MS + 1000, "ann")
        assert stage.asked().count(CREATE) == before + 1, nth
        if not was_used:
            break
    assert 1 < nth < 9


def test_claimed_start_is_made_though_the_ledger_cannot_say_whether_it_may(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, SECOND)
    interrupt(stage, "take_slot", 1, break_down)
    assert stage.create().message == "transcription.started"
    stage.event(103, OPENED_MS + 5, "bob")
    assert (stage.asked(), stage.task().task_id) == ([CREATE], "task-1")


def test_claim_is_given_back_although_the_ledger_fails_at_the_first_try(stage: Stage) -> None:
    """The limiter gives the start no slot: whoever comes next need not wait for the claim to run out."""
    stage.answer(CREATE, STARTED)
    stage.use_up("start/cloud")
    with_ledger = stage.resources
    interrupt(stage, "change", 2, break_down)  # the first is the claim
    assert stage.create().message == "callback.failed"
    stage.resources = with_ledger
    assert (stage.asked(), stage.task().state) == ([], "due")
    stage.now_ms += 1_000
    assert stage.event(103, OPENED_MS + 5, "bob").message == "transcription.started"


def test_what_was_started_is_told_though_the_ledger_fails_after_it(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, SECOND)
    stage.answer(DELETE, DONE)
    stage.create()
    stage.event(102, OPENED_MS + 1000)
    interrupt(stage, "list_people", 1, break_down)
    stage.now_ms += 2000
    messages = stage.all(101, OPENED_MS + 2000, "ann")
    assert messages == ["transcription.started", "callback.failed"]


def test_what_was_stopped_is_noted_although_the_ledger_fails_at_the_next_stop(stage: Stage) -> None:
    """Of a stop that is refused, the people are asked whether somebody is still there."""
    stage.room_id = "speakers-1"
    stage.answer(CREATE, STARTED, SECOND)
    stage.answer(DELETE, DONE, error("InternalError"), DONE)
    for name in ("ann", "bob"):
        stage.event(103, OPENED_MS + 1, name)
    with_ledger = stage.resources
    interrupt(stage, "list_people", 1, break_down)
    with pytest.raises(LedgerError):
        stage.stop()
    stage.resources = with_ledger
    alive = {task.target: len(task.alive) for task in stage.session().tasks.values()}
    assert alive == {"ann": 0, "bob": 1}
    stage.stop()
    stopped = [stage.body(number)["TaskId"] for number in (-3, -2, -1)]
    assert (stage.asked()[-3:], stopped) == ([DELETE] * 3, ["task-1", "task-2", "task-2"])


def test_room_that_closes_during_its_start_gets_no_second_one(stage: Stage) -> None:
    def close() -> None:
        stage.event(102, OPENED_MS + 5)
        interrupt(stage, "take_slot", 1, break_down)

    with_ledger = stage.resources
    stage.answer_while(CREATE, close, STARTED, SECOND)
    stage.answer(DELETE, DONE)
    stage.create()
    stage.resources = with_ledger
    assert stage.asked().count(CREATE) == 1
    stage.now_ms += 10_000
    stage.drain()
    assert (stage.asked(), stage.task().alive) == ([CREATE, DELETE], [])


def test_creation_that_comes_while_its_end_is_judged_is_closed_by_it(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DELETE, DONE)
    with_ledger = stage.resources

    def create() -> None:
        mine, stage.resources = stage.resources, with_ledger
        stage.create()
        stage.resources = mine

    interrupt(stage, "change", 1, create)
    assert stage.event(102, OPENED_MS + 50).message == "transcription.stopped"
    assert stage.asked() == [CREATE, DELETE]
    assert (stage.session().closed_ms, stage.task().state) == (OPENED_MS + 50, "stopped")


@pytest.mark.parametrize("service", ["Cloud", "AI"])
def test_room_begun_by_hand_while_it_is_being_stopped_is_started_again(
    stage: Stage, service: str
) -> None:
    stage.room_id = "ai-1" if service == "AI" else "room"
    create, delete = (
        ("StartAITranscription", "StopAITranscription") if service == "AI" else (CREATE, DELETE)
    )
    lives = {"Response": {"TaskId": "task-1", "Status": "InProgress", "RequestId": "r-2"}}
    stage.answer(create, STARTED, SECOND)
    stage.answer(f"Describe{service}Transcription", lives)
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")

    def start() -> None:
        start_room(RoomRequest(stage.room, None, "now", {}), stage.resources)

    stage.answer_while(delete, start, DONE)
    stage.stop()
    stage.tell(902 if service == "AI" else 1402, "task-1", OPENED_MS + 2000, leave_code=0)
    stage.now_ms += 3000
    stage.drain()
    assert (stage.task().state, stage.task().task_id) == ("running", "task-2")
    assert stage.asked().count(create) == 2


def test_end_told_again_of_an_older_task_begins_nothing(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, SECOND, THIRD)
    stage.create()
    stage.tell(1402, "task-1", OPENED_MS + 1000, leave_code=98)
    stage.now_ms += 5000
    stage.drain()
    stage.tell(1402, "task-2", OPENED_MS + 61_000, leave_code=99)
    stage.tell(1402, "task-1", OPENED_MS + 1000, leave_code=98)
    assert (stage.task().state, stage.asked()) == ("stopped", [CREATE, CREATE])


def test_task_that_ended_before_its_start_was_answered_is_due_at_once(stage: Stage) -> None:
    def end() -> None:
        stage.tell(1401, "task-1", OPENED_MS + 5, bot=stage.bot())
        stage.tell(1402, "task-1", OPENED_MS + 6, leave_code=98)

    stage.answer_while(CREATE, end, STARTED, SECOND)
    outcome = stage.create()
    assert (outcome.message, outcome.due, stage.task().state) == (
        "transcription.started",
        True,
        "due",
    )


def test_claim_is_held_against_an_instance_whose_clock_is_behind(stage: Stage) -> None:
    def come() -> None:
        stage.now_ms -= 2
        assert stage.event(103, OPENED_MS + 1, "bob").outcome == "starting"
        stage.now_ms += 3

    stage.answer_while(CREATE, come, STARTED, error("FailedOperation.TaskExist"))
    stage.create()
    assert (stage.asked(), stage.task().state) == ([CREATE], "running")
