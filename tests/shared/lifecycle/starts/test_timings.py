"""How long a task took from what wanted it to its first sentence: kept, told once, and shown."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from shared.ledger import Session
from tests.support.faked_api import LIVES, OPENED_MS, STARTED, Stage, error
from tests.support.ledger_steps import ON_SQLITE

CREATE, START_AI = "CreateCloudTranscription", "StartAITranscription"
AGAIN = {"Response": {"TaskId": "task-2", "RequestId": "r-5"}}


def timing(stage: Stage, number: int = -1) -> dict[str, int]:
    """What describe_room says of a TaskId's timing."""
    (task,) = stage.describe()["tasks"]
    found: dict[str, int] = task["task_ids"][number]["timing"]
    return found


def run(stage: Stage, action: str = CREATE) -> None:
    """A room whose creation is heard of after 40 ms, and its task."""
    stage.answer(action, STARTED, AGAIN)
    stage.answer("DescribeCloudTranscription", LIVES)
    stage.answer("DescribeAITranscription", LIVES)
    stage.now_ms = OPENED_MS + 40
    stage.create()


@pytest.mark.parametrize(
    ("room_id", "action", "begun", "spoken"),
    [("room", CREATE, 1401, 1403), ("ai-1", START_AI, 901, 903)],
)
def test_every_step_from_event_to_first_sentence_is_measured(
    stage: Stage, room_id: str, action: str, begun: int, spoken: int
) -> None:
    stage.room_id = room_id
    run(stage, action)
    stage.tell(begun, "task-1", OPENED_MS + 300, bot=stage.bot())
    *_, told = stage.say(spoken, "task-1", OPENED_MS + 5_300)
    measured = {
        "call_latency_ms": 40,
        "running_latency_ms": 260,
        "text_latency_ms": 5_000,
        "first_text_latency_ms": 5_300,
    }
    assert (told.message, told.outcome) == ("transcription.first_sentence", "heard")
    assert {**told.fields, **measured} == told.fields
    assert told.fields["task_id"] == "task-1"
    assert "good morning" not in repr(told)
    assert {name: ms for name, ms in timing(stage).items() if name.endswith("_ms")} == {
        "event_ms": OPENED_MS,
        "called_ms": OPENED_MS + 40,
        "running_ms": OPENED_MS + 300,
        "first_text_ms": OPENED_MS + 5_300,
        **measured,
    }


def test_answer_of_the_start_stands_for_901_and_1401_until_they_come(stage: Stage) -> None:
    run(stage)
    assert timing(stage)["running_ms"] == OPENED_MS + 40
    stage.tell(1401, "task-1", OPENED_MS + 300, bot=stage.bot())
    stage.tell(1401, "task-1", OPENED_MS + 300, bot=stage.bot())
    assert timing(stage)["running_ms"] == OPENED_MS + 300


@ON_SQLITE
def test_only_the_first_sentence_is_told_of_and_only_earlier_ones_change_the_book(
    stage: Stage, tmp_path: Path
) -> None:
    run(stage)
    file = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    file.execute("CREATE TABLE writes (id TEXT)")
    file.execute(
        "CREATE TRIGGER written AFTER UPDATE ON cells WHEN new.key LIKE 'document:%' "
        "BEGIN INSERT INTO writes VALUES (new.key); END"
    )
    said = [5_000, 6_000, 7_000, 3_000, 8_000, 3_000]
    told = [stage.say(1403, "task-1", OPENED_MS + ms, f"sentence at {ms}") for ms in said]
    words = [[one.message for one in outcomes] for outcomes in told]
    assert words == [["sentence.kept", "transcription.first_sentence"], *[["sentence.kept"]] * 5]
    assert file.execute("SELECT count(*) FROM writes").fetchone() == (2,)
    file.close()
    assert timing(stage)["first_text_ms"] == OPENED_MS + 3_000


def test_neither_a_translation_nor_an_unknown_payload_is_a_first_sentence(stage: Stage) -> None:
    run(stage)
    stage.say(1404, "task-1", OPENED_MS + 4_000, "", TranslationText="guten Morgen")
    stage.say(1403, "task-1", OPENED_MS + 4_500, "")
    assert "first_text_ms" not in timing(stage)


def test_task_that_had_to_wait_is_measured_from_the_event_that_wanted_it(stage: Stage) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"), error("RequestLimitExceeded"), STARTED)
    stage.answer("DescribeCloudTranscription", LIVES)
    stage.create()
    stage.now_ms += 20
    stage.event(103, OPENED_MS + 20, "ann")
    assert "transcription.started" in stage.drain()
    told = timing(stage)
    assert (told["event_ms"], told["call_latency_ms"]) == (OPENED_MS, stage.now_ms - OPENED_MS)


def test_restart_is_measured_from_the_end_that_made_it_necessary(stage: Stage) -> None:
    run(stage)
    stage.event(103, OPENED_MS + 50, "ann")
    stage.now_ms += 60_000
    stage.tell(1402, "task-1", stage.now_ms, leave_code=98)
    stage.tell(1401, "task-1", OPENED_MS + 300, bot=stage.bot())  # told late
    assert timing(stage, 0)["event_ms"] == OPENED_MS
    assert timing(stage, 1)["event_ms"] == stage.now_ms


def test_start_that_only_1401_told_of_is_measured_too(stage: Stage) -> None:
    stage.answer(CREATE, requests.ReadTimeout())
    stage.answer("DescribeCloudTranscription", LIVES)
    stage.now_ms = OPENED_MS + 40
    stage.create()
    stage.tell(1401, "task-1", OPENED_MS + 700, bot=stage.bot())
    told = timing(stage)
    assert (told["call_latency_ms"], told["running_latency_ms"]) == (40, 660)


def test_age_of_a_replayed_event_is_no_latency(stage: Stage) -> None:
    run(stage)
    stage.room_id = "replayed"
    stage.now_ms = OPENED_MS + 86_400_000
    stage.create()
    assert timing(stage)["call_latency_ms"] == 0


def test_book_of_an_earlier_version_is_read_and_tells_what_it_can(stage: Stage) -> None:
    run(stage)
    stored: dict[str, Any] = msgspec.to_builtins(stage.session())
    task_id = stored["tasks"]["*"]["task_ids"][0]
    for name in ("timing", "reason"):
        task_id.pop(name, None)

    def put_back(session: Session) -> None:
        session.tasks = msgspec.convert(stored, Session).tasks

    stage.change(stage.session(), put_back)
    (task,) = stage.describe()["tasks"]
    assert "timing" not in task["task_ids"][0]
    *_, told = stage.say(1403, "task-1", OPENED_MS + 5_000)
    assert told.message == "transcription.first_sentence"
    assert timing(stage)["first_text_ms"] == OPENED_MS + 5_000
    assert "running_ms" not in timing(stage)
