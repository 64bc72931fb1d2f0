"""The verdict on a session in every state, and on rooms that a clock in hand has left for long."""

from __future__ import annotations

import pytest

from shared.console.describe import describe_room
from shared.console.request import RoomRequest
from shared.console.verdict import WORDS, judge_unknown
from shared.ledger import Session
from shared.lifecycle.signs_of_life import SILENT_MS
from shared.room import Room
from shared.scf import Json
from shared.traffic import Traffic
from tests.support.faked_api import LIVES, OPENED_MS, STARTED, Stage, error
from tests.support.instance import SDK_APP_ID

CREATE, DESCRIBE = "CreateCloudTranscription", "DescribeCloudTranscription"
HOUR_MS = 3_600_000
ROOM = Room(SDK_APP_ID, "room", 1)


def describe(stage: Stage) -> Json:
    return describe_room(RoomRequest(stage.room, None, "now", {}), stage.resources)[1]


def run(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DESCRIBE, LIVES)
    stage.create()


def test_words_are_sentences_whose_parts_all_states_share() -> None:
    for state, (sentence, *rest) in WORDS.items():
        assert state == "code" or sentence.endswith((".", "{twin}"))
        assert all(text and not text.endswith(".") for text in rest)
        assert state.partition(".")[0] in WORDS


def test_deleted_transcript_is_told_as_deleted(stage: Stage) -> None:
    run(stage)
    stage.event(103, OPENED_MS + 1000, "ann")
    session = stage.session()
    stage.event(102, OPENED_MS + 60_000)
    stage.resources.ledger.forget_sentences(session.id, OPENED_MS + 90_000)
    answer = describe(stage)
    assert answer["state"] == "deleted"
    assert answer["verdict"].endswith("what was said until 2023-11-14T22:14:50.000Z was deleted.")
    assert "what was said until then was deleted" in [
        one["what"] for one in answer["sessions"][0]["story"]
    ]


def test_incident_17_end_was_lost(stage: Stage) -> None:
    """102 and 104 never came; the task ended by itself."""
    run(stage)
    stage.event(103, OPENED_MS + 1000, "ann")
    stage.tell(1402, "task-1", OPENED_MS + 90_000, leave_code=99)
    stage.now_ms += HOUR_MS
    answer = describe(stage)
    assert answer["state"] == "idle"
    assert "the last sign of anybody came at 2023-11-14T22:13:21.000Z" in answer["verdict"]
    assert "nobody spoke or was there" in answer["verdict"]
    assert "its 102 was lost" in answer["remedy"]


def test_incident_20_open_microphone_and_no_sentence(stage: Stage) -> None:
    run(stage)
    stage.event(203, OPENED_MS + 1000, "ann")
    stage.now_ms = OPENED_MS + 1000 + SILENT_MS
    answer = describe(stage)
    assert answer["state"] == "silent"
    assert "since 2023-11-14T22:13:21.000Z" in answer["verdict"]
    assert answer["cause"] == "A microphone is on and no sentence has come."
    assert "groups 9 and 14" in answer["remedy"]
    assert any(
        one["what"].startswith("has heard nothing") for one in answer["sessions"][0]["story"]
    )


def test_api_that_fails_for_an_hour_is_one_line_of_the_story(stage: Stage) -> None:
    stage.answer(CREATE, error("InternalError"))
    stage.create()
    for _ in range(5):
        stage.now_ms += 60_000
        stage.drain()
    answer = describe(stage)
    assert answer["state"] == "waiting"
    assert "InternalError" in answer["verdict"]
    assert "failed at its own end" in answer["cause"]
    (told,) = [one for one in answer["sessions"][0]["story"] if one.get("code")]
    times = stage.asked().count(CREATE)
    assert (told["code"], told["times"], told["request_id"]) == ("InternalError", times, "r-9")
    assert f"{times} attempts" in answer["verdict"]


def test_hold_of_a_version_that_kept_neither_time_nor_name(stage: Stage) -> None:
    run(stage)
    stage.answer("DeleteCloudTranscription", STARTED)
    stage.stop()

    def forget(session: Session) -> None:
        session.held_ms, session.held_by = 0, ""

    stage.change(stage.session(), forget)
    answer = describe(stage)
    assert answer["state"] == "held"
    assert answer["verdict"] == "The room was stopped by hand at unknown, by unknown."


def test_code_that_nobody_has_words_for(stage: Stage) -> None:
    stage.answer(CREATE, error("Unheard.Of"))
    stage.create()
    answer = describe(stage)
    assert "Unheard.Of" in answer["verdict"]
    assert answer["cause"] == "No document explains this code."


def test_speaker_in_trouble_comes_before_one_who_is_heard(stage: Stage) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, STARTED, error("InvalidParameter.UserSig"))
    stage.answer(DESCRIBE, LIVES)
    for user_id in ("ann", "ben"):
        stage.event(103, OPENED_MS + 1, user_id)
    answer = describe(stage)
    assert answer["state"] == "failed"
    assert answer["verdict"].startswith("Speaker ben is not transcribed since ")


def test_closed_room_with_a_late_start_has_gaps(stage: Stage) -> None:
    stage.answer(CREATE, error("InternalError"), STARTED)
    stage.answer(DESCRIBE, LIVES)
    stage.answer("DeleteCloudTranscription", STARTED)
    stage.create()
    stage.now_ms += 72_000
    stage.drain()
    stage.now_ms += 1000
    stage.event(102, stage.now_ms)
    answer = describe(stage)
    assert answer["state"] == "gaps"
    assert "with gaps of 72 s" in answer["verdict"]


@pytest.mark.parametrize(
    ("traffic", "cause"),
    [
        (Traffic(), "no callback has ever come"),
        (Traffic({1: OPENED_MS}), "none was of this room"),
        (Traffic({}, {"stale": {0: 3}, "no_sign": {0: 9}}), "too far from this clock's"),
        (Traffic({1: OPENED_MS}, {"foreign_app": {0: 3}}), "functions do not have"),
        (Traffic({}, {"wrong_method": {0: 3}}), "no callback of TRTC"),
        (Traffic({}, {"no_sign": {0: 3}}), "not signed"),
    ],
)
def test_room_never_heard_of(traffic: Traffic, cause: str) -> None:
    answer = judge_unknown(ROOM, traffic)
    assert answer["state"] == "unknown"
    assert cause in answer["cause"].lower() or cause in answer["cause"]
    assert all(answer[key].endswith(".") for key in ("verdict", "cause", "remedy"))
