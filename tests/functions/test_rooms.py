"""Room events against the emulator: which task runs when, and for how long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared import VERSION
from shared.room import Room
from shared.signer import bot_user_id
from tests.support.emulator import APPLICATION, SDK_APP_ID, make_user_sig
from tests.support.signed_callbacks import USER_SIG, Scene

CREATED, DISMISSED, ENTERED, LEFT, TALKS, SILENT = 101, 102, 103, 104, 203, 204


def own_bot(room_id: str, room_id_type: int = 1) -> str:
    return bot_user_id(Room(SDK_APP_ID, room_id, room_id_type), APPLICATION.secret_key)


@pytest.mark.parametrize(
    ("room_id", "service", "room_id_type"),
    [("lobby", "cloud", 1), (123, "cloud", 0), ("ai-1", "ai", 1), (20001, "ai", 0)],
)
def test_created_room_gets_the_task_of_its_rule(
    scene: Scene, room_id: int | str, service: str, room_id_type: int
) -> None:
    assert scene.send(CREATED, room_id, "ann") == 200
    (task,) = scene.tasks()
    assert (task["service"], task["region"]) == (service, "ap-singapore")
    assert task["bot_user_id"] == own_bot(str(room_id), room_id_type)
    assert scene.words() == ["transcription.started started"]


def test_room_of_a_none_rule_gets_no_task(scene: Scene) -> None:
    assert scene.send(CREATED, "private-1", "ann") == 200
    assert scene.send(ENTERED, "private-1", "ann") == 200
    assert scene.tasks() == []
    assert scene.words() == ["transcription.not_wanted rule"] * 2


def test_duplicates_start_nothing(scene: Scene) -> None:
    at_ms = scene.now_ms()
    statuses = [scene.send(CREATED, "lobby", "ann", event_ms=at_ms) for _ in range(5)]
    assert statuses == [200] * 5
    assert len(scene.tasks()) == 1
    assert (
        scene.words() == ["transcription.started started"] + ["transcription.unchanged running"] * 4
    )


@pytest.mark.parametrize("room_id", ["lobby", "ai-1"])
def test_dismissed_room_loses_its_task(scene: Scene, room_id: str) -> None:
    scene.send(CREATED, room_id, "ann")
    at_ms = scene.now_ms()
    assert scene.send(DISMISSED, room_id, event_ms=at_ms) == 200
    assert scene.tasks() == []
    assert scene.send(DISMISSED, room_id, event_ms=at_ms) == 200
    assert scene.words()[1:] == ["transcription.stopped stopped", "room.closed already_closed"]


def test_dismissal_that_overtakes_the_creation_wins(scene: Scene) -> None:
    created_ms, dismissed_ms = scene.now_ms(), scene.now_ms()
    assert scene.send(DISMISSED, "lobby", event_ms=dismissed_ms) == 200
    assert scene.send(CREATED, "lobby", "ann", event_ms=created_ms) == 200
    assert scene.send(ENTERED, "lobby", "ann", event_ms=created_ms) == 200
    assert scene.tasks() == []
    assert scene.words() == [
        "callback.ignored unknown_room",
        "callback.ignored gone",
        "callback.ignored gone",
    ]


def test_room_created_again_is_a_new_session(scene: Scene) -> None:
    for _ in range(3):
        scene.send(CREATED, "lobby", "ann")
        assert len(scene.tasks()) == 1
        scene.send(DISMISSED, "lobby")
        assert scene.tasks() == []
    sessions = {
        line["session"] for line in scene.lines() if line["message"] == "transcription.started"
    }
    assert len(sessions) == 3


def test_late_dismissal_of_the_last_session_leaves_the_new_one_alone(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    closed_ms = scene.now_ms()
    scene.send(DISMISSED, "lobby", event_ms=closed_ms)
    scene.send(CREATED, "lobby", "ann")
    assert scene.send(DISMISSED, "lobby", event_ms=closed_ms) == 200
    assert len(scene.tasks()) == 1


def test_late_creation_of_an_open_room_changes_nothing(scene: Scene) -> None:
    created_ms = scene.now_ms()
    scene.send(ENTERED, "lobby", "ann")
    assert scene.send(CREATED, "lobby", "ann", event_ms=created_ms) == 200
    assert len(scene.tasks()) == 1
    assert scene.words()[-1] == "callback.ignored stale"


def test_dismissal_with_a_string_id_closes_the_numeric_room(scene: Scene) -> None:
    scene.send(CREATED, 123, "ann")
    assert scene.send(DISMISSED, "123") == 200
    assert scene.tasks() == []


def test_dismissal_with_a_string_id_may_overtake_a_numeric_creation(scene: Scene) -> None:
    created_ms = scene.now_ms()
    scene.send(DISMISSED, "123")
    scene.send(CREATED, 123, "ann", event_ms=created_ms)
    assert scene.tasks() == []


def test_numeric_and_string_room_of_one_name_are_two(scene: Scene) -> None:
    scene.send(CREATED, 123, "ann")
    scene.send(CREATED, "123", "bob")
    assert len({task["bot_user_id"] for task in scene.tasks()}) == 2
    scene.send(DISMISSED, "123")
    assert [task["bot_user_id"] for task in scene.tasks()] == [own_bot("123", 0)]
    scene.send(DISMISSED, 123)
    assert scene.tasks() == []


def test_creation_lost_the_first_person_opens_the_room(scene: Scene) -> None:
    assert scene.send(ENTERED, "lobby", "ann") == 200
    assert len(scene.tasks()) == 1
    assert scene.send(TALKS, "other", "ann") == 200
    assert len(scene.tasks()) == 2


def test_dismissal_lost_but_the_task_runs_on_is_the_same_meeting(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    first = scene.tasks()
    assert scene.send(CREATED, "lobby", "ann") == 200
    assert scene.tasks() == first
    scene.send(DISMISSED, "lobby")
    assert scene.tasks() == []


def test_dismissal_lost_and_the_task_ended_is_a_new_session(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    (first,) = scene.tasks()
    scene.cloud.stop_cloud(str(first["task_id"]))
    assert scene.send(CREATED, "lobby", "ann") == 503  # it began just now: is it not known yet?
    scene.age_tasks("lobby")
    assert scene.send(CREATED, "lobby", "ann") == 200
    (second,) = scene.tasks()
    assert second["task_id"] != first["task_id"]


def test_our_own_bots_events_do_nothing(scene: Scene) -> None:
    bot = own_bot("lobby")
    for event_type in (CREATED, ENTERED, TALKS, SILENT, LEFT):
        assert scene.send(event_type, "lobby", bot) == 200
    assert scene.tasks() == []
    assert scene.words() == ["callback.ignored own_bot"] * 5


def test_speaker_bots_are_our_own_too(scene: Scene) -> None:
    scene.send(ENTERED, "speakers-1", "en-ann")
    (task,) = scene.tasks()
    scene.lines()
    scene.send(ENTERED, "speakers-1", str(task["bot_user_id"]))
    assert scene.words() == ["callback.ignored own_bot"]


def test_person_with_our_prefix_is_a_person(scene: Scene) -> None:
    scene.send(ENTERED, "lobby", "roomscribe_fan")
    assert len(scene.tasks()) == 1
    assert scene.send(ENTERED, "other", own_bot("lobby")) == 200
    assert len(scene.tasks()) == 2


def test_audience_and_other_products_bots_open_nothing(scene: Scene) -> None:
    assert scene.send(ENTERED, "lobby", "viewer", Role=21) == 200
    assert scene.send(ENTERED, "lobby", "recorder-1") == 200
    assert scene.send(CREATED, "lobby", "recorder-1") == 200
    assert scene.tasks() == []


def test_audience_leaves_no_trace(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    for number in range(3):
        scene.send(ENTERED, "lobby", f"viewer-{number}", Role=21)
        scene.send(LEFT, "lobby", f"viewer-{number}", Role=21)
    assert scene.words()[1:] == ["callback.ignored audience"] * 6


def test_role_in_an_event_about_the_room_means_nothing(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann", Role=21)
    assert len(scene.tasks()) == 1
    scene.send(DISMISSED, "lobby", Role=21)
    assert scene.tasks() == []


def test_room_created_by_an_ignored_user_is_known_when_it_closes(scene: Scene) -> None:
    scene.send(CREATED, 123, "ann")
    scene.send(CREATED, "123", "recorder-1")
    assert len(scene.tasks()) == 1
    scene.send(DISMISSED, "123")
    assert len(scene.tasks()) == 1


def test_old_dismissal_finds_the_twin_that_is_open(scene: Scene) -> None:
    scene.send(CREATED, 123, "ann")
    scene.send(CREATED, "123", "bob")
    at_ms = scene.now_ms()
    scene.send(DISMISSED, "123")
    assert scene.send(DISMISSED, "123", event_ms=at_ms) == 200
    assert scene.tasks() == []


def test_old_dismissal_of_a_string_room_leaves_its_numeric_twin_alone(scene: Scene) -> None:
    scene.send(CREATED, 123, "ann")
    scene.send(CREATED, "123", "bob")
    at_ms = scene.now_ms()
    for _ in range(2):
        scene.send(DISMISSED, "123", event_ms=at_ms)
    scene.send(CREATED, "123", "bob")
    scene.send(DISMISSED, "123")
    scene.send(DISMISSED, "123", event_ms=at_ms)
    assert [task["bot_user_id"] for task in scene.tasks()] == [own_bot("123", 0)]


def test_dismissal_that_overtakes_is_remembered_although_the_twin_is_open(scene: Scene) -> None:
    created_ms = scene.now_ms()
    dismissed_ms = scene.now_ms()
    scene.send(CREATED, 123, "ann")
    scene.send(DISMISSED, "123", event_ms=dismissed_ms)
    scene.send(CREATED, "123", "bob", event_ms=created_ms)
    assert [task["bot_user_id"] for task in scene.tasks()] == [own_bot("123", 0)]


def test_speakers_bots_are_known_without_the_ledger(
    scene: Scene, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two instances on SCF, each with an SQLite file of its own."""
    scene.send(ENTERED, "speakers-1", "en-ann")
    (task,) = scene.tasks()
    environment.setenv("LEDGER_URL", f"sqlite:///{tmp_path}/another-instance.db")
    scene.send(ENTERED, "speakers-1", str(task["bot_user_id"]))
    assert len(scene.tasks()) == 1


def test_speaker_whose_task_ended_is_heard_again(scene: Scene) -> None:
    for user in ("en-ann", "en-bob"):
        scene.send(ENTERED, "speakers-1", user)
    ann = scene.tasks()[0]
    scene.cloud.stop_cloud(str(ann["task_id"]))
    scene.age_tasks("speakers-1")
    scene.send(CREATED, "speakers-1", "en-ann")
    scene.send(TALKS, "speakers-1", "en-ann")
    assert len(scene.tasks()) == 2


def test_start_on_user_entered_waits_for_a_person(scene: Scene) -> None:
    scene.send(CREATED, "enter-1", "ann")
    scene.send(ENTERED, "enter-1", "viewer", Role=21)
    assert scene.tasks() == []
    scene.send(ENTERED, "enter-1", "ann")
    assert len(scene.tasks()) == 1


def test_start_on_audio_started_waits_for_a_voice(scene: Scene) -> None:
    scene.send(CREATED, "talk-1", "ann")
    scene.send(ENTERED, "talk-1", "ann")
    assert scene.tasks() == []
    scene.send(TALKS, "talk-1", "ann")
    scene.send(TALKS, "talk-1", "bob")
    assert len(scene.tasks()) == 1


def test_each_speaker_gets_a_task_and_the_others_none(scene: Scene) -> None:
    scene.send(CREATED, "speakers-1", "en-ann")
    for user in ("en-ann", "zh-li", "stranger"):
        scene.send(ENTERED, "speakers-1", user)
        scene.send(TALKS, "speakers-1", user)
    assert len({task["bot_user_id"] for task in scene.tasks()}) == 2
    scene.send(DISMISSED, "speakers-1")
    assert scene.tasks() == []


def test_session_keeps_the_rule_it_opened_with(scene: Scene, rules_file: Path) -> None:
    scene.send(CREATED, "talk-1", "ann")
    text = rules_file.read_text().replace('"when somebody talks"', '"renamed"\nservice = "ai"')
    rules_file.write_text(text)
    scene.send(TALKS, "talk-1", "ann")
    scene.send(CREATED, "talk-2", "ann")
    scene.send(TALKS, "talk-2", "ann")
    assert [task["service"] for task in scene.tasks()] == ["cloud", "ai"]


def test_types_we_do_not_act_on_are_acknowledged(scene: Scene) -> None:
    for event_type in (105, 201, 202, 205, 206, 901, 903, 1401, 1403, 3107):
        assert scene.send(event_type, "lobby", "ann") == 200
    lines = scene.lines()
    assert {line["message"] for line in lines} == {"callback.ignored"}
    assert lines[0]["room_id"] == "lobby"


def test_log_line_of_a_start_is_complete(scene: Scene) -> None:
    at_ms = scene.now_ms()
    scene.send(CREATED, "ai-1", "ann", event_ms=at_ms)
    (task,) = scene.tasks()
    (line,) = scene.lines()
    for measured in (
        "timestamp",
        "location",
        "start_latency_ms",
        "elapsed_ms",
        "upstream_request_id",
    ):
        assert line.pop(measured)
    assert line == {
        "level": "INFO",
        "message": "transcription.started",
        "service": "roomscribe",
        "version": VERSION,
        "cold_start": True,
        "function_name": "",
        "function_version": "",
        "function_memory_size": 0,
        "function_request_id": "",
        "correlation_id": f"{SDK_APP_ID}/1/ai-1",
        "sdk_app_id": SDK_APP_ID,
        "room_id": "ai-1",
        "room_id_type": 1,
        "user_id": "ann",
        "event_type": 101,
        "event_ms": at_ms,
        "session": f"{SDK_APP_ID}/1/ai-1/{at_ms}",
        "rule": "ai",
        "transcription_service": "ai",
        "region": "ap-singapore",
        "task_id": task["task_id"],
        "outcome": "started",
    }


def test_no_secret_and_no_speech_in_any_output(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    payload = {"UserId": "ann", "Text": "a private sentence"}
    scene.send(1403, "lobby", TaskId="t", Payload=payload)
    scene.send(DISMISSED, "lobby")
    out = json.dumps(scene.lines())
    for secret in (
        APPLICATION.secret_key,
        APPLICATION.callback_key,
        "KeyOfTests",
        "private sentence",
    ):
        assert secret not in out
    assert USER_SIG.search(make_user_sig("ann"))
    assert not USER_SIG.search(out)
