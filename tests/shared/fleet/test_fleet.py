"""All rooms at once: what the ledger counts with every change, and what describe_fleet makes of it."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from shared.fleet.describe import describe_fleet
from shared.fleet.report import report_fleet
from shared.ledger.engine import Add
from shared.ledger.fleet import find_fleet_keys, read_fleet
from tests.support.faked_api import ENDED, LIVES, OPENED_MS, STARTED, Stage, error
from tests.support.instance import SDK_APP_ID

CREATE, DESCRIBE = "CreateCloudTranscription", "DescribeCloudTranscription"
STOP = "DeleteCloudTranscription"
USER_SIG, NOT_ABLE = "InvalidParameter.UserSig", "ResourceUnavailable.NotAbility"


def describe(stage: Stage, **asked: Any) -> dict[str, Any]:
    report_fleet(stage.resources)
    outcomes, result = describe_fleet(asked, stage.resources)
    assert outcomes == []
    return result


def test_nothing_has_ever_happened(stage: Stage) -> None:
    result = describe(stage)
    assert result["summary"] == (
        "running 0/100 · waiting 0 · failed 0 · silent 0 · held 0 · streams 0/200 · "
        "today 0 stream minutes · last callback group 1: never, group 9: never, group 14: never"
    )
    assert (result["rooms"], result["warnings"], result["api_errors"]) == ([], [], {})


def test_running_task_is_counted_with_how_long_its_start_took(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.now_ms += 400
    stage.create()
    result = describe(stage)
    assert result["running"] == 1
    assert result["start_ms"] == {"count": 1, "p50": 500, "p95": 500}
    assert result["rooms"] == []
    stage.say(1403, "task-1", OPENED_MS + 2_300)
    assert describe(stage)["first_sentence_ms"] == {"count": 1, "p50": 2000, "p95": 2000}


def test_failed_room_is_named_until_it_runs(stage: Stage) -> None:
    stage.answer(CREATE, error(USER_SIG), error(USER_SIG), STARTED)
    stage.create()
    stage.now_ms += 310_000
    stage.drain()
    result = describe(stage)
    assert (result["failed"]["count"], result["failed"]["codes"]) == (1, {USER_SIG: 1})
    assert result["api_errors"] == {USER_SIG: 2}
    (room,) = result["rooms"]
    assert (room["kind"], room["error_code"], room["attempts"]) == ("failed", USER_SIG, 2)
    assert (room["since_ms"], room["waited_ms"]) == (OPENED_MS, 310_000)
    assert room["reason"]
    assert room["remedy"]
    stage.now_ms += 310_000
    assert stage.drain() == ["transcription.started"]
    result = describe(stage)
    assert (result["failed"]["count"], result["rooms"], result["running"]) == (0, [], 1)


def test_waiting_room_has_its_place_in_the_queue(stage: Stage) -> None:
    stage.answer(CREATE, error("LimitExceeded.ConcurrencyLimit"))
    for number in range(3):
        stage.room_id = f"room-{number}"
        stage.create()
        stage.now_ms += 1_000
    result = describe(stage, limit=2)
    assert result["waiting"]["count"] == 3
    assert result["waiting"]["oldest_ms"] == 3_000
    assert [(room["room_id"], room["place"]) for room in result["rooms"]] == [
        ("room-0", 1),
        ("room-1", 2),
    ]
    assert "waiting 3 (oldest 3.0s, LimitExceeded.ConcurrencyLimit)" in result["summary"]


def test_room_that_is_healed_while_it_is_asked_about_is_no_crash(stage: Stage) -> None:
    """Counters and indexes are read one after the other."""
    tag, engine = str(SDK_APP_ID), stage.resources.ledger.engine
    with engine.changing():
        engine.swap(tag, {}, [Add(find_fleet_keys(SDK_APP_ID).marks, "waiting/TaskQuota", 1)])
    result = describe(stage)
    assert result["waiting"] == {"count": 1, "codes": {"TaskQuota": 1}, "oldest_ms": 0}
    assert "waiting 1 (oldest 0ms, TaskQuota)" in result["summary"]


def test_held_room_is_counted_until_it_closes(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(STOP, {"Response": {"RequestId": "r-3"}})
    stage.answer(DESCRIBE, ENDED)
    stage.create()
    stage.stop()
    assert describe(stage)["held"]["count"] == 1
    assert stage.session().held_by.startswith("request ")
    stage.event(102, stage.now_ms + 60_000)
    assert describe(stage)["held"]["count"] == 0


def test_microphones_are_streams_and_their_time_is_counted(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DESCRIBE, LIVES)
    stage.create()
    stage.event(203, OPENED_MS + 1_000, "ann")
    stage.event(203, OPENED_MS + 2_000, "ben")
    stage.event(203, OPENED_MS + 2_500, "ben")  # told twice
    assert describe(stage)["streams"]["recognition"] == 2
    stage.now_ms += 90_000  # streams are counted once a minute
    result = describe(stage)
    assert (result["streams"]["recognition"], result["stream_minutes_today"]) == (2, 3)
    stage.event(204, OPENED_MS + 91_000, "ann")
    stage.now_ms += 60_000
    assert describe(stage)["streams"]["recognition"] == 1
    stage.answer(STOP, {"Response": {"RequestId": "r-3"}})
    stage.event(102, OPENED_MS + 160_000)  # before ben left
    stage.now_ms += 60_000
    result = describe(stage)
    assert (result["streams"]["recognition"], result["stream_minutes_today"]) == (0, 4)


def test_translations_are_streams_of_their_own(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.create()

    def translate(session: Any) -> None:
        session.rule = replace(session.rule, cloud={"translate_to": ["zh", "ja"]})

    stage.change(stage.session(), translate)
    stage.event(203, OPENED_MS + 1_000, "ann")
    assert describe(stage)["streams"] == {
        "recognition": 1,
        "recognition_quota": 200,
        "translation": 2,
    }


def test_quota_that_is_nearly_used_up_is_warned_of(
    environment: pytest.MonkeyPatch, stage: Stage
) -> None:
    stage.answer(CREATE, STARTED)
    stage.create()
    stage.resources = replace(
        stage.resources, settings=replace(stage.resources.settings, task_quota=1)
    )
    (warning,) = describe(stage)["warnings"]
    assert "TASK_QUOTA" in warning
    assert "1 of 1" in warning


def test_forgotten_session_leaves_every_index(stage: Stage) -> None:
    stage.answer(CREATE, error(USER_SIG))
    stage.create()
    stage.event(203, OPENED_MS + 1_000, "ann")
    stage.event(102, OPENED_MS + 90_000)
    ledger = stage.resources.ledger
    ledger.forget_old(OPENED_MS + 10**9)
    fleet = read_fleet(ledger.engine, SDK_APP_ID, 10)
    assert [*fleet.marked.values()] == [[], [], [], []]
    assert {name: count for name, count in fleet.marks.items() if count} == {}
