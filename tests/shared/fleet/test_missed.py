"""What was not transcribed, or not heard: gaps that go on or are over, and what the sweep tells of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.fleet.describe import describe_fleet
from shared.fleet.missed import list_missed
from shared.fleet.report import report_fleet
from shared.ledger.due import CHECK_MS
from tests.support.faked_api import LIVES, OPENED_MS, STARTED, Stage, error

CREATE, DESCRIBE = "CreateCloudTranscription", "DescribeCloudTranscription"
STOP = "DeleteCloudTranscription"
QUOTA = "LimitExceeded.ConcurrencyLimit"
MINUTE_MS = 60_000


def ask(stage: Stage, since: str = "24h") -> dict[str, Any]:
    outcomes, result = list_missed({"since": since}, stage.resources)
    assert outcomes == []
    return result


def gaps(stage: Stage, since: str = "24h") -> list[tuple[str, int, bool, str]]:
    found = [gap for room in ask(stage, since)["rooms"] for gap in room["gaps"]]
    return [
        (gap["kind"], gap["lasted_ms"], gap.get("is_over", False), gap.get("code", ""))
        for gap in found
    ]


def report(stage: Stage, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    report_fleet(stage.resources)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_short_wait_is_none(stage: Stage) -> None:
    stage.answer(CREATE, error(QUOTA), STARTED)
    stage.create()
    stage.now_ms += MINUTE_MS - 1
    assert gaps(stage) == []
    stage.drain()
    assert gaps(stage) == []


def test_gap_goes_on_then_is_over_then_is_too_old(stage: Stage) -> None:
    stage.answer(CREATE, error(QUOTA), STARTED)
    stage.create()
    stage.now_ms += MINUTE_MS
    assert gaps(stage) == [("missing", MINUTE_MS, False, QUOTA)]
    stage.drain()
    (over,) = gaps(stage)
    assert over == ("missing", MINUTE_MS, True, QUOTA)
    result = ask(stage)
    assert (result["missing_s"], result["silent_s"], result["is_cut"]) == (60, 0, False)
    (room,) = result["rooms"]
    assert room["gaps"][0]["began_ms"] == OPENED_MS
    assert room["gaps"][0]["remedy"]
    stage.now_ms += 2 * 3_600_000
    assert gaps(stage, "1h") == []
    assert gaps(stage, "3h") == [over]


def test_room_that_closed_without_a_task_was_missed_wholly(stage: Stage) -> None:
    stage.answer(CREATE, error("InvalidParameter.UserSig"))
    stage.create()
    stage.event(102, OPENED_MS + 5 * MINUTE_MS)
    stage.now_ms += 5 * MINUTE_MS
    assert gaps(stage) == [("missing", 5 * MINUTE_MS, True, "InvalidParameter.UserSig")]


def test_silence_is_told_apart_and_kept_when_it_is_over(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DESCRIBE, LIVES)
    stage.create()
    stage.event(203, OPENED_MS, "ann")
    for _ in range(2):
        stage.now_ms += CHECK_MS
        stage.drain()
    assert gaps(stage) == [("silent", 2 * CHECK_MS, False, "")]
    (room,) = ask(stage)["rooms"]
    assert room["gaps"][0]["reason"] == "a microphone is on and no sentence has come"
    assert room["gaps"][0]["remedy"]
    _, fleet = describe_fleet({}, stage.resources)
    assert fleet["rooms"][0]["remedy"] == room["gaps"][0]["remedy"]
    stage.say(1403, "task-1", stage.now_ms + 1_000)
    stage.now_ms += CHECK_MS
    stage.drain()
    assert gaps(stage) == [("silent", 2 * CHECK_MS + 1_000, True, "")]


def test_each_gap_is_told_of_once_when_it_is_a_minute_old(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.answer(CREATE, error(QUOTA))
    stage.create()
    stage.now_ms += MINUTE_MS - 1
    (counted,) = report(stage, capsys)
    assert (counted["message"], counted["waiting_count"]) == ("fleet.counted", 1)
    assert counted["api_errors"] == f"{QUOTA}=1"
    assert report(stage, capsys) == []  # not twice in a minute
    stage.now_ms += MINUTE_MS
    _, told = report(stage, capsys)
    assert (told["message"], told["level"], told["outcome"]) == (
        "room.untranscribed",
        "ERROR",
        "waiting",
    )
    assert (told["waited_ms"], told["error_code"]) == (2 * MINUTE_MS - 1, QUOTA)
    assert (told["attempts"], told["place"], told["room_id"]) == (1, 1, "room")
    assert told["remedy"]
    stage.now_ms += MINUTE_MS
    stage.drain()
    assert [line["message"] for line in report(stage, capsys)] == ["fleet.counted"]


def test_what_was_counted_two_days_ago_is_forgotten(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.answer(CREATE, STARTED)
    stage.create()
    report(stage, capsys)
    stage.now_ms += 50 * 3_600_000
    report(stage, capsys)
    ledger = stage.resources.ledger
    assert ledger.engine.list_scores("1400000000", "hours:1400000000", 0, 2**53, 10) in ([], ())
