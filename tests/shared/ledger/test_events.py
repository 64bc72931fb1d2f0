"""What a change of a room's document tells the endpoints: each cause once, and nothing else."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from shared.ledger import Ledger, RoomBook, Task, TaskId, claims, open_ledger
from shared.ledger.due import CHECK_MS
from shared.ledger.events import UNSENT, Event
from shared.ledger.outbox import Outbox
from shared.lifecycle.claimed_start import FAILED_AGAIN_MS
from tests.support.faked_api import LIVES, OPENED_MS, STARTED, Stage, error
from tests.support.ledger_steps import (
    APP,
    ROOM,
    RULE,
    T,
    claim,
    close_room,
    finish,
    note_person,
    open_session,
)

CREATE, DESCRIBE = "CreateCloudTranscription", "DescribeCloudTranscription"
ENDPOINTS = ("aaaa", "bbbb")


@pytest.fixture
def telling(ledger_url: str) -> Ledger:
    """A ledger that has endpoints to tell."""
    return open_ledger(ledger_url, tells=ENDPOINTS)


def list_told(ledger: Ledger) -> list[Event]:
    """All that is in the outbox, oldest first."""
    outbox = Outbox(ledger)
    return [entry.event for name in outbox.list_names(UNSENT, 99) if (entry := outbox.read(name))]


def note_running(ledger: Ledger, task_id: str, now_ms: int) -> None:
    """TRTC tells of a task that runs, whoever started it."""
    found = TaskId(task_id, "cloud", "ap-singapore", started_ms=now_ms)
    ledger.change(
        ROOM,
        lambda book: claims.note_running(book.sessions[0], "*", found, now_ms, now_ms) and None,
    )


def test_start_is_told_once_with_its_task(telling: Ledger) -> None:
    assert claim(telling)
    assert list_told(telling) == []
    assert finish(telling, now_ms=T + 7) == "running"
    (event,) = list_told(telling)
    assert (event.type, event.session, event.at_ms) == (
        "transcription.started",
        f"{APP}/1/lobby/{T}",
        T + 7,
    )
    assert (event.rule, event.version) == ("everything else", 0)
    assert event.facts == {"service": "cloud", "target": "*", "task_id": "task-t"}
    note_running(telling, "task-t", T + 9)
    assert list_told(telling) == [event]


def test_every_endpoint_is_to_be_told(telling: Ledger) -> None:
    assert claim(telling)
    finish(telling)
    (name,) = Outbox(telling).list_names(UNSENT, 9)
    entry = Outbox(telling).read(name)
    assert entry
    assert list(entry.sends) == [*ENDPOINTS]


def test_start_that_nobody_saw_is_told_when_trtc_tells_of_it(telling: Ledger) -> None:
    """By 901 or 1401."""
    open_session(telling)
    note_running(telling, "task-7", T + 6)
    (event,) = list_told(telling)
    assert (event.type, event.at_ms, event.facts["task_id"]) == (
        "transcription.started",
        T + 6,
        "task-7",
    )


def test_task_of_a_room_that_has_closed_is_not_told_as_started(telling: Ledger) -> None:
    open_session(telling)
    close_room(telling, T + 5)
    note_running(telling, "task-7", T + 6)
    assert list_told(telling) == []


def test_every_restart_is_told(telling: Ledger) -> None:
    assert claim(telling)
    finish(telling)
    note_running(telling, "task-8", T + 600_000)
    told = list_told(telling)
    assert [event.facts["task_id"] for event in told] == ["task-t", "task-8"]
    assert len({event.id for event in told}) == 2


def test_nothing_is_written_without_endpoints(ledger: Ledger) -> None:
    assert claim(ledger)
    finish(ledger)
    close_room(ledger, T + 9)
    assert list_told(ledger) == []


def start(ledger: Ledger) -> str:
    assert claim(ledger)
    finish(ledger)
    (event,) = list_told(ledger)
    return event.id


def test_id_follows_from_the_event_alone(telling: Ledger, tmp_path: object) -> None:
    another = open_ledger(f"sqlite:///{tmp_path}/another.db", tells=("cccc",))
    assert start(telling) == start(another)


def test_change_that_is_made_again_tells_once(telling: Ledger) -> None:
    if telling.engine.is_exclusive:
        pytest.skip("one who changes keeps everybody else out")
    assert claim(telling)
    tries = []

    def run(book: RoomBook) -> None:
        tries.append(book)
        if len(tries) == 1:
            note_person(telling, book.sessions[0], "ann", T, present=True, microphone=True)
            telling.change(ROOM, hold_plan)
        claims.finish_start(book.sessions[0], Task("*", "cloud", token="t"), "task-t", "r", T + 7)

    telling.change(ROOM, run)
    (event,) = list_told(telling)
    assert (len(tries), event.facts["task_id"]) == (2, "task-t")


def hold_plan(book: RoomBook) -> None:
    """A change that is none of the task's."""
    book.half.plan = RULE


@pytest.fixture
def told_stage(stage: Stage, room_ledger_url: str) -> Stage:
    """A room whose ledger has endpoints to tell."""
    ledger = open_ledger(room_ledger_url, tells=ENDPOINTS)
    stage.resources = replace(stage.resources, ledger=ledger)
    return stage


def list_types(stage: Stage) -> list[str]:
    return [event.type for event in list_told(stage.resources.ledger)]


def test_failure_is_told_once_a_streak(told_stage: Stage) -> None:
    stage = told_stage
    stage.answer(CREATE, error("AuthFailure.UnauthorizedOperation"))
    stage.create()
    (event,) = list_told(stage.resources.ledger)
    assert event.type == "transcription.failed"
    assert event.facts["error_code"] == "AuthFailure.UnauthorizedOperation"
    for _ in range(3):
        stage.now_ms += FAILED_AGAIN_MS
        stage.drain()
    assert stage.asked().count(CREATE) > 1
    assert list_told(stage.resources.ledger) == [event]


def test_failure_with_another_code_is_told_too(told_stage: Stage) -> None:
    stage = told_stage
    stage.answer(
        CREATE, error("AuthFailure.UnauthorizedOperation"), error("AuthFailure.SecretIdNotFound")
    )
    stage.create()
    stage.now_ms += FAILED_AGAIN_MS
    stage.drain()
    assert list_types(stage) == ["transcription.failed"] * 2


def test_failure_that_is_mended_is_told_as_a_start(told_stage: Stage) -> None:
    stage = told_stage
    stage.answer(CREATE, error("AuthFailure.UnauthorizedOperation"), STARTED)
    stage.create()
    stage.now_ms += FAILED_AGAIN_MS
    stage.drain()
    assert list_types(stage) == ["transcription.failed", "transcription.started"]


def test_silent_room_is_told_once(told_stage: Stage) -> None:
    stage = told_stage
    stage.answer(CREATE, STARTED)
    stage.answer(DESCRIBE, LIVES)
    stage.create()
    stage.event(203, OPENED_MS + 1_000, "ann")
    for _ in range(4):
        stage.now_ms += CHECK_MS
        stage.drain()
    assert list_types(stage) == ["transcription.started", "room.silent"]
    silent = list_told(stage.resources.ledger)[1]
    assert silent.facts["task_id"] == "task-1"
    assert silent.facts["silent_since_ms"] == OPENED_MS + 1_000
