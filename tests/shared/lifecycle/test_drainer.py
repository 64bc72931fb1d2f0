"""The drainer: what is due is done, oldest first, at the limiter's rate, by one at a time."""

from __future__ import annotations

from typing import Any, cast

import pytest
import requests
from msgspec.structs import replace

from shared.errors import LedgerError
from shared.ledger import Ledger, Task, claims
from shared.ledger.due import CHECK_MS
from shared.lifecycle.claimed_start import RATE
from shared.lifecycle.drainer import HORIZON_MS, LEDGER_TRIES, drain
from shared.lifecycle.wake_drainer import LEASE, LEASE_MS
from tests.support.faked_api import (
    LIVES,
    OPENED_MS,
    STARTED,
    Stage,
    claim_for_another,
    error,
    make_stage,
)

CREATE, DESCRIBE, STOP = (
    "CreateCloudTranscription",
    "DescribeCloudTranscription",
    "DeleteCloudTranscription",
)
STOPPED = {"Response": {"RequestId": "r-6"}}


def started(task_id: str) -> dict[str, Any]:
    return {"Response": {"TaskId": task_id, "RequestId": "r-1"}}


def test_start_that_was_throttled_is_made_up_for(stage: Stage) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"), STARTED)
    left = stage.create()
    assert (left.message, left.due) == ("transcription.deferred", True)
    assert stage.drain() == ["transcription.started"]
    assert stage.task().state == "running"


def test_start_that_may_have_happened_is_made_up_for_when_the_api_has_given_up(
    stage: Stage,
) -> None:
    stage.answer(CREATE, requests.ReadTimeout(), STARTED)
    stage.create()
    stage.drain()
    assert stage.task().state == "running"
    assert stage.now_ms >= OPENED_MS + 6_500


def test_starter_that_died_is_made_up_for_when_its_lease_is_over(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    claim_for_another(stage)
    stage.now_ms += 9_000
    # 2.0 cannot say whether the dead starter's call has made a task: the new one has its bot.
    assert stage.drain() == ["transcription.started", "transcription.may_run"]


def test_start_that_another_gives_back_while_its_lease_is_waited_for_is_made_at_once(
    stage: Stage,
) -> None:
    stage.answer(CREATE, STARTED)
    claim, began_ms = claim_for_another(stage), stage.now_ms

    def sleep(seconds: float) -> None:
        if stage.now_ms == began_ms:
            give_back(stage, claim)
        stage.sleep(seconds)

    told = [one for _, outcomes in drain(replace(stage.resources, sleep=sleep)) for one in outcomes]
    assert [outcome.message for outcome in told] == ["transcription.started"]
    assert stage.now_ms <= began_ms + 1_000


def give_back(stage: Stage, claim: Task) -> None:
    """Who was starting the task had no slot for it."""
    stage.change(
        stage.session(),
        lambda known: claims.release_start(
            known, claim, "due", RATE, stage.now_ms, may_have_happened=False, tried=False
        ),
    )


class Hiccup:
    """A ledger that does not answer the next few times."""

    def __init__(self, ledger: Ledger, times: int) -> None:
        self._ledger, self.times = ledger, times

    def __getattr__(self, name: str) -> Any:
        if self.times:
            self.times -= 1
            raise LedgerError("LEDGER_URL: Redis does not answer")
        return getattr(self._ledger, name)


def test_ledger_that_does_not_answer_for_a_moment_is_asked_again(stage: Stage) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"), STARTED)
    stage.create()
    ledger = cast("Ledger", Hiccup(stage.resources.ledger, LEDGER_TRIES))
    told = [one for _, each in drain(replace(stage.resources, ledger=ledger)) for one in each]
    assert [outcome.message for outcome in told] == ["transcription.started"]


def test_ledger_that_goes_on_not_answering_is_said(stage: Stage) -> None:
    ledger = cast("Ledger", Hiccup(stage.resources.ledger, LEDGER_TRIES + 1))
    with pytest.raises(LedgerError, match="does not answer"):
        list(drain(replace(stage.resources, ledger=ledger)))


def test_starter_that_died_after_the_start_is_found_by_its_session_id(stage: Stage) -> None:
    stage.room_id = "ai-1"
    stage.answer("StartAITranscription", error("FailedOperation.TaskExist"))
    stage.answer("DescribeAITranscription", LIVES)
    claim_for_another(stage)
    stage.now_ms += 9_000
    assert stage.drain() == ["transcription.started"]
    assert stage.task().task_id == "task-7"


def test_stop_that_failed_is_made_up_for(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(STOP, error("InternalError"), STOPPED)
    stage.create()
    left = stage.event(102, OPENED_MS + 5)
    assert (left.message, left.due) == ("transcription.stop_failed", True)
    assert stage.drain() == ["transcription.stopped"]
    assert stage.task().state == "stopped"


def test_running_task_is_believed_for_two_minutes_and_then_asked_about(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DESCRIBE, {"Response": {"Status": "InProgress"}})
    stage.create()
    stage.now_ms += CHECK_MS - HORIZON_MS - 1
    assert (stage.drain(), stage.asked()) == ([], [CREATE])
    stage.now_ms += HORIZON_MS
    assert (stage.drain(), stage.asked()) == ([], [CREATE, DESCRIBE])
    assert (stage.drain(), stage.asked()) == ([], [CREATE, DESCRIBE])


def test_task_that_is_gone_is_restarted_for_who_is_there(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, started("task-2"))
    stage.answer(DESCRIBE, error("ResourceNotFound"))
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")
    stage.now_ms += CHECK_MS
    assert stage.drain() == ["task.gone", "transcription.started"]
    assert stage.task().task_id == "task-2"


def test_task_that_is_gone_from_an_empty_room_is_not(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DESCRIBE, error("ResourceNotFound"))
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(104, OPENED_MS + 2, "ann")
    stage.now_ms += CHECK_MS
    assert stage.drain() == ["task.gone"]
    assert stage.task().state == "stopped"
    assert stage.drain() == []


@pytest.mark.parametrize("answer", [error("InternalError"), requests.ConnectionError()])
def test_answer_that_says_nothing_changes_nothing(stage: Stage, answer: Any) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DESCRIBE, answer)
    stage.create()
    stage.now_ms += CHECK_MS
    began_ms = stage.now_ms
    assert stage.drain() == []
    assert stage.task().state == "running"
    assert (
        stage.asked().count(DESCRIBE) == 4
    )  # after 0, 2, 6 and 14 s; then it is left to the sweep
    assert stage.task().not_before_ms >= began_ms + 30_000


def test_rooms_start_oldest_first_at_the_limiters_rate(stage: Stage) -> None:
    stage.answer(CREATE, *(started(f"task-{number}") for number in range(100)))
    limit = stage.resources.settings.starts_per_s["cloud"]
    waiting = []
    for number in range(2 * limit + 5):
        stage.room_id = f"room-{number:03}"
        outcome = stage.create()
        stage.now_ms += 1
        if outcome.message == "transcription.waiting":
            waiting.append(stage.room_id)
            assert (outcome.due, outcome.fields["error_code"]) == (True, "StartsPerSecond")
    assert len(waiting) == limit + 5
    began_ms, rooms = stage.now_ms, []
    for room, outcomes in drain(stage.resources):
        assert [outcome.message for outcome in outcomes] == ["transcription.started"]
        rooms.append(room.room_id)
    assert sorted(rooms[:limit]) == waiting[:limit]
    assert sorted(rooms[limit:]) == waiting[limit:]
    assert 1_000 <= stage.now_ms - began_ms < 3_000


def test_long_wait_is_told_when_the_task_starts(stage: Stage) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"), STARTED)
    stage.create()
    outcome = next(one for _, outcomes in drain(stage.resources) for one in outcomes)
    assert outcome.fields["waited_for"] == "RequestLimitExceeded"
    assert outcome.fields["waited_ms"] == stage.now_ms - OPENED_MS


def test_room_waits_for_a_place_of_the_quota_and_starts_when_one_is_free(stage: Stage) -> None:
    stage.resources = replace(
        stage.resources, settings=replace(stage.resources.settings, task_quota=2)
    )
    stage.answer(CREATE, started("task-a"), started("task-b"), started("task-c"))
    stage.answer(STOP, STOPPED)
    for room_id in ("a", "b", "c"):
        stage.room_id = room_id
        last = stage.create()
    assert (last.message, last.due) == ("transcription.waiting", True)
    assert stage.task().error_code == "TaskQuota"
    assert stage.drain() == []
    stage.room_id = "a"
    stage.event(102, OPENED_MS + 5)
    assert stage.drain() == ["transcription.started"]
    stage.room_id = "c"
    assert stage.task().state == "running"


def test_second_drainer_leaves_the_work_to_the_first(stage: Stage) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"), STARTED)
    stage.create()
    stage.resources.ledger.take_lease(LEASE, "another", stage.now_ms, LEASE_MS)
    assert stage.drain() == []
    stage.now_ms += LEASE_MS
    assert stage.drain() == ["transcription.started"]


def test_drainer_that_was_called_takes_over_the_callers_lease(stage: Stage) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"), STARTED)
    stage.create()
    stage.resources.ledger.take_lease(LEASE, "mine", stage.now_ms, 5_000)
    assert len(list(drain(stage.resources, "mine"))) == 1
    assert stage.resources.ledger.take_lease(LEASE, "next", stage.now_ms, 5_000)


def test_room_left_due_while_the_last_drainer_ended_is_not_forgotten(stage: Stage) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"), STARTED, started("task-2"))
    stage.create()
    work = drain(stage.resources)
    next(work)
    stage.room_id = "late"
    stage.answer(CREATE, started("task-3"))
    claim_for_another(stage)
    stage.now_ms += 9_000
    assert [room.room_id for room, _ in work] == ["late"]


def test_drainer_stops_before_its_time_is_over(stage: Stage, room_ledger_url: str) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"))
    stage.create()
    late = make_stage(stage.api, room_ledger_url, deadline_s=0.0)
    assert late.drain() == []
    assert stage.task().state == "due"


def test_held_room_is_left_alone(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.create()
    stage.change(stage.session(), lambda session: setattr(session.tasks["*"], "state", "held"))
    stage.answer(STOP, STOPPED)
    stage.now_ms += 3_600_000
    assert stage.drain() == ["transcription.stopped"]
    assert stage.drain() == []
