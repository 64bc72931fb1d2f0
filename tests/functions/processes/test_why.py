"""describe_room names cause and remedy of what an operator meets: staged on the emulator."""

from __future__ import annotations

import json
import os
from typing import Any

import describe_room
import pytest
import start_transcription
import stop_transcription

from shared import traffic
from shared.ledger import open_ledger
from shared.scf import now_ms
from tests.support.emulator import SDK_APP_ID
from tests.support.signed_callbacks import Scene

pytestmark = pytest.mark.slow

CREATED, DISMISSED, ENTERED, ENDED_1, SENTENCE_2 = 101, 102, 103, 902, 1403
CONTEXT = {"request_id": "r-1", "time_limit_in_ms": 10_000}
WORDS = ("verdict", "cause", "remedy")


def describe(room_id: str | int, **event: Any) -> dict[str, Any]:
    answer: dict[str, Any] = describe_room.main_handler({"room_id": room_id, **event}, CONTEXT)
    assert all(answer[key] for key in WORDS)
    return answer


def count_refused(reason: str, times: int, *, ago_ms: int | None = None) -> None:
    """The webhook refused so many callbacks; it accepted the last so long ago (None: never)."""
    ledger, now = open_ledger(os.environ["LEDGER_URL"]), now_ms()
    accepted = {} if ago_ms is None else {1: now - ago_ms}
    traffic.read_traffic(
        ledger, SDK_APP_ID, now, traffic.Traffic(accepted, {reason: {now - now % 600_000: times}})
    )


def list_whats(answer: dict[str, Any]) -> list[str]:
    return [one["what"] for one in answer["sessions"][0]["story"]]


def test_running_room_says_so_and_its_story_is_in_order(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    answer = describe("lobby")
    assert answer["state"] == "running"
    assert "nobody has said a sentence yet" in answer["verdict"]
    story = answer["sessions"][0]["story"]
    assert [one["at_ms"] for one in story] == sorted(one["at_ms"] for one in story)
    assert story[0]["what"].startswith("the room was created; rule 'everything else'")
    assert any("cloud task runs in ap-singapore" in what for what in list_whats(answer))
    assert answer["sessions"][0]["opened"] == story[0]["at"]


def test_no_spoken_text_is_in_the_answer(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    task_id = str(scene.tasks()[0]["task_id"])
    payload = {"UserId": "ann", "Text": "a secret plan", "RoundId": "1"}
    scene.send(SENTENCE_2, "lobby", TaskId=task_id, RoomIdType=1, Payload=payload)
    answer = describe("lobby")
    assert "1 sentence so far, the last at 20" in answer["verdict"]
    assert "secret plan" not in json.dumps(answer)


def test_incident_1_callbacks_are_signed_with_another_key(scene: Scene) -> None:
    count_refused("wrong_sign", 12, ago_ms=60_000)
    answer = describe("lobby")
    assert (answer["state"], answer["sessions"]) == ("unknown", [])
    assert "12 wrong_sign" in answer["verdict"]
    assert "signed with another key" in answer["cause"]
    assert "TRTC_CALLBACK_KEY" in answer["remedy"]


def test_incident_1_nothing_ever_came(scene: Scene) -> None:
    answer = describe("lobby")
    assert "none has ever come" in answer["verdict"]
    assert "switched on" in answer["cause"]
    assert "URL of trtc_callback" in answer["remedy"]


def test_callbacks_come_but_none_of_this_room(scene: Scene) -> None:
    ledger, now = open_ledger(os.environ["LEDGER_URL"]), now_ms()
    traffic.read_traffic(ledger, SDK_APP_ID, now, traffic.Traffic({1: now}))
    answer = describe("lobby")
    assert "none was of this room" in answer["cause"]


def test_what_trtc_sends_is_the_cause_before_what_strangers_send(scene: Scene) -> None:
    count_refused("no_sign", 1000)
    count_refused("foreign_app", 1)
    answer = describe("lobby")
    assert "1000 no_sign" in answer["verdict"]
    assert "an application that the functions do not have" in answer["cause"]


def test_incident_6_own_quota(scene: Scene, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TASK_QUOTA", "1")
    scene.send(CREATED, "lobby", "ann")
    scene.send(CREATED, "lounge", "ann")
    answer = describe("lounge")
    assert answer["state"] == "waiting"
    assert answer["verdict"].startswith("The room waits for a free place: 1 of 1 tasks are in use")
    assert "TASK_QUOTA" in answer["cause"] + answer["remedy"]


def test_incident_5_quota_of_trtc(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    scene.cloud.add_fault(
        where="api", what="error", code="ResourceInsufficient", actions=["StartAITranscription"]
    )
    scene.send(CREATED, "ai-1", "ann")
    answer = describe("ai-1")
    assert "ResourceInsufficient" in answer["verdict"]
    assert "quota of tasks or streams (1 of 100 tasks run)" in answer["cause"]
    failure = next(one for one in answer["sessions"][0]["story"] if "code" in one)
    assert failure["code"] == "ResourceInsufficient"
    assert failure["what"].startswith(
        "the start was not made or was refused: ResourceInsufficient (1 time, the last at 20"
    )
    assert failure["request_id"]


def test_failed_start_says_what_to_mend(scene: Scene) -> None:
    scene.cloud.add_fault(
        where="api",
        what="error",
        code="InvalidParameter.UserSig",
        actions=["StartAITranscription"],
    )
    scene.send(CREATED, "ai-1", "ann")
    answer = describe("ai-1")
    assert answer["state"] == "failed"
    assert "TRTC_SDK_SECRET_KEY" in answer["remedy"]
    scene.send(DISMISSED, "ai-1")
    answer = describe("ai-1")
    assert (answer["state"], "never transcribed" in answer["verdict"]) == ("never", True)
    assert "TRTC_SDK_SECRET_KEY" in answer["remedy"]


def test_incident_14_start_by_hand_of_the_wrong_id_type(scene: Scene) -> None:
    scene.send(CREATED, 1234, "ann")
    unknown = describe("1234", room_id_type=1)
    assert unknown["state"] == "other_type"
    assert "The room is transcribed" in unknown["verdict"]
    assert unknown["remedy"] == "Ask for room_id_type 0."
    start_transcription.main_handler({"room_id": "1234", "room_id_type": 1}, CONTEXT)
    answer = describe("1234", room_id_type=1)
    assert answer["state"] == "mistaken"
    assert "paid for" in answer["cause"]
    assert "stop_transcription with room_id_type 1" in answer["remedy"]
    assert describe("1234", room_id_type=0)["state"] == "running"


def test_room_started_by_hand_that_events_tell_of_is_no_mistake(scene: Scene) -> None:
    scene.send(CREATED, 1234, "ann")
    start_transcription.main_handler({"room_id": "1234", "room_id_type": 1}, CONTEXT)
    scene.send(ENTERED, "1234", "bob")
    assert describe("1234", room_id_type=1)["state"] == "running"


def test_incident_22_rule_says_none(scene: Scene) -> None:
    scene.send(CREATED, "private-1", "ann")
    answer = describe("private-1")
    assert answer["state"] == "not_wanted"
    assert answer["verdict"] == "The room is not to be transcribed: rule 'private' says none."
    assert answer["cause"].startswith("Rule 'private' matches it")
    assert "rules.toml" in answer["remedy"]


def test_incident_21_typo_sends_the_room_to_the_last_rule(scene: Scene, rules_file: Any) -> None:
    rules_file.write_text(rules_file.read_text() + 'service = "none"\n')  # of the catch-all
    scene.send(CREATED, "speakrs-1", "ann")
    answer = describe("speakrs-1")
    assert answer["state"] == "not_wanted"
    assert "rule 'everything else'" in answer["verdict"]
    assert "a typo in a room's name" in answer["cause"]
    assert "explain" in answer["remedy"]


def test_incident_23_stopped_by_hand(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    stop_transcription.main_handler({"room_id": "lobby", "by": "kim"}, CONTEXT)
    answer = describe("lobby")
    assert answer["state"] == "held"
    assert answer["verdict"].startswith("The room was stopped by hand at 20")
    assert answer["verdict"].endswith("by kim.")
    assert "start_transcription" in answer["remedy"]
    assert "stopped by hand, by kim" in list_whats(answer)


def test_incident_24_bot_removed_by_a_user(scene: Scene) -> None:
    scene.send(CREATED, "ai-1", "ann")
    task_id = str(scene.tasks()[0]["task_id"])
    scene.send(ENDED_1, "ai-1", TaskId=task_id, RoomIdType=1, Payload={"LeaveCode": 1})
    answer = describe("ai-1")
    assert answer["state"] == "held"
    assert "the bot was removed by a user" in answer["verdict"]
    assert "taken out of the room" in answer["cause"]
    assert "start_transcription" in answer["remedy"]
    assert any("ended: the bot was removed by a user" in what for what in list_whats(answer))


def test_room_waits_for_somebody(scene: Scene) -> None:
    scene.send(CREATED, "talk-1", "ann")
    answer = describe("talk-1")
    assert (answer["state"], "audio_started" in answer["verdict"]) == ("expected", True)
    scene.send(DISMISSED, "talk-1")
    answer = describe("talk-1")
    assert (answer["state"], "nobody came" in answer["cause"].lower()) == ("never", True)


def test_closed_room_was_transcribed_wholly(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    scene.send(DISMISSED, "lobby")
    answer = describe("lobby")
    assert answer["state"] == "transcribed"
    assert "closed" in list_whats(answer)
