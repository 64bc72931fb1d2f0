"""What a person does in the SCF console, against the emulator."""

from __future__ import annotations

from typing import Any

import delete_transcript
import describe_room
import pytest
import start_transcription
import stop_transcription
import trtc_callback

from tests.support.emulator import SDK_APP_ID, SECRET_KEY
from tests.support.ledger_steps import ON_SQLITE
from tests.support.signed_callbacks import USER_SIG, Scene

CREATED, DISMISSED, ENTERED, TALKS = 101, 102, 103, 203
HELLO_WORLD = {"key1": "test value 1", "key2": "test value 2"}
CONTEXT = {"request_id": "r", "time_limit_in_ms": 10_000}


def start(**event: Any) -> dict[str, Any]:
    return start_transcription.main_handler(event, CONTEXT)


def stop(**event: Any) -> dict[str, Any]:
    return stop_transcription.main_handler(event, CONTEXT)


def describe(**event: Any) -> dict[str, Any]:
    return describe_room.main_handler(event, CONTEXT)


def test_start_uses_the_rule_and_answers_with_the_task(scene: Scene) -> None:
    result = start(room_id="1234", room_id_type=0)
    (task,) = scene.tasks()
    assert (result["outcome"], result["service"], result["rule"]) == (
        "started",
        "cloud",
        "everything else",
    )
    assert result["task_id"] == task["task_id"]
    assert task["service"] == "cloud"


def test_start_over_a_running_task_says_so(scene: Scene) -> None:
    first = start(room_id="lobby")
    again = start(room_id="lobby", service="ai")
    assert (again["outcome"], again["task_id"]) == ("already_running", first["task_id"])
    scene.send(CREATED, "lobby", "ann")
    assert len(scene.tasks()) == 1


def test_any_key_of_the_rule_may_be_overridden(scene: Scene) -> None:
    result = start(
        room_id="lobby", service="ai", ai={"region": "ap-tokyo", "language": "ja"}, max_idle_s=90
    )
    (task,) = scene.tasks()
    assert (result["service"], task["service"], task["region"]) == ("ai", "ai", "ap-tokyo")


def test_private_room_can_be_started_only_with_a_service(scene: Scene) -> None:
    refused = start(room_id="private-1")
    assert refused["outcome"] == "error"
    assert 'add "service"' in refused["message"]
    assert start(room_id="private-1", service="cloud")["outcome"] == "started"


def test_room_is_decided_before_it_exists(scene: Scene) -> None:
    planned = start(room_id="private-1", service="ai", when="room_created")
    assert (planned["outcome"], scene.tasks()) == ("planned", [])
    scene.send(CREATED, "private-1", "ann")
    assert [task["service"] for task in scene.tasks()] == ["ai"]
    scene.send(DISMISSED, "private-1")
    scene.send(CREATED, "private-1", "ann")
    assert scene.tasks() == []


def test_stopped_room_stays_stopped_until_started_again(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    assert stop(room_id="lobby")["outcome"] == "held"
    assert stop(room_id="lobby")["outcome"] == "held"
    scene.send(ENTERED, "lobby", "bob")
    scene.send(TALKS, "lobby", "bob")
    assert scene.tasks() == []
    assert start(room_id="lobby")["outcome"] == "started"
    assert len(scene.tasks()) == 1


def test_hold_ends_with_the_session(scene: Scene) -> None:
    scene.send(CREATED, "lobby", "ann")
    stop(room_id="lobby")
    scene.send(DISMISSED, "lobby")
    scene.send(CREATED, "lobby", "ann")
    assert len(scene.tasks()) == 1


def test_room_is_held_also_before_its_first_task(scene: Scene) -> None:
    scene.send(CREATED, "talk-1", "ann")
    stop(room_id="talk-1")
    scene.send(TALKS, "talk-1", "ann")
    assert scene.tasks() == []
    assert start(room_id="talk-1")["outcome"] == "started"


def test_speakers_are_held_and_started_together(scene: Scene) -> None:
    for user in ("en-ann", "zh-li"):
        scene.send(ENTERED, "speakers-1", user)
    assert stop(room_id="speakers-1")["outcome"] == "held"
    scene.send(TALKS, "speakers-1", "en-bob")
    assert scene.tasks() == []
    assert start(room_id="speakers-1")["outcome"] == "started"
    assert len(scene.tasks()) == 3
    assert start(room_id="speakers-1", user_id="en-late")["outcome"] == "started"


def test_start_of_speakers_nobody_of_whom_is_there_asks_for_one(scene: Scene) -> None:
    scene.send(CREATED, "speakers-1", "en-ann")
    assert 'add "user_id"' in start(room_id="speakers-1")["message"]


def test_task_that_ended_unheard_is_started_again(scene: Scene) -> None:
    first = start(room_id="lobby")
    scene.cloud.stop_cloud(first["task_id"])
    scene.age_tasks("lobby")
    again = start(room_id="lobby")
    assert again["outcome"] == "started"
    assert again["task_id"] != first["task_id"]


def test_stop_of_an_unknown_room_says_so(scene: Scene) -> None:
    assert stop(room_id="nowhere")["outcome"] == "not_open"


def test_describe_tells_sessions_people_tasks_and_status(scene: Scene) -> None:
    created_ms = scene.now_ms()
    scene.send(CREATED, "lobby", "ann", event_ms=created_ms)
    scene.send(TALKS, "lobby", "ann")
    (task,) = scene.tasks()
    described = describe(room_id="lobby")
    (session,) = described["sessions"]
    assert (described["outcome"], described["rule_now"]) == ("described", "everything else")
    assert (session["opened_ms"], session["closed_ms"]) == (created_ms, None)
    assert [(p["user_id"], p["microphone"]) for p in session["people"]] == [("ann", True)]
    (told,) = session["tasks"]
    assert (told["state"], told["status_now"], told["task_id"]) == (
        "running",
        "running",
        task["task_id"],
    )
    scene.send(DISMISSED, "lobby")
    (session,) = describe(room_id="lobby")["sessions"]
    assert session["closed_ms"] > created_ms
    assert session["tasks"][0]["status_now"] == "ended"


def test_describe_of_an_unknown_room_tells_the_rule(scene: Scene) -> None:
    described = describe(room_id=20001)
    assert (described["sessions"], described["rule_now"]) == ([], "ai")


def test_held_speakers_may_all_begin_again_once_one_is_started(scene: Scene) -> None:
    scene.send(ENTERED, "speakers-1", "en-ann")
    stop(room_id="speakers-1")
    assert start(room_id="speakers-1", user_id="en-ann")["outcome"] == "started"
    scene.send(TALKS, "speakers-1", "en-bob")
    assert len(scene.tasks()) == 2


def test_plan_may_say_that_nothing_is_wanted(scene: Scene) -> None:
    assert start(room_id="lobby", service="none", when="room_created")["outcome"] == "planned"
    scene.send(CREATED, "lobby", "ann")
    assert scene.tasks() == []


def test_plans_ignored_users_are_ignored(scene: Scene) -> None:
    start(room_id="lobby", ignore_users=["helper-*"], when="room_created")
    scene.send(CREATED, "lobby", "helper-1")
    assert scene.tasks() == []
    scene.send(ENTERED, "lobby", "ann")
    assert len(scene.tasks()) == 1


def test_stop_that_failed_can_be_repeated_after_the_room_closed(
    scene: Scene, environment: pytest.MonkeyPatch
) -> None:
    scene.send(CREATED, "lobby", "ann")
    environment.setenv("TENCENT_SECRET_KEY", "wrong")
    assert scene.send(DISMISSED, "lobby") == 503
    assert "transcription.stop_failed retry" in scene.words()
    environment.setenv("TENCENT_SECRET_KEY", SECRET_KEY)
    assert stop(room_id="lobby")["outcome"] == "not_open"
    assert scene.tasks() == []


@ON_SQLITE
def test_functions_that_need_a_shared_ledger_say_so_on_scf(
    scene: Scene, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("TENCENTCLOUD_RUNENV", "SCF")
    for result in (
        stop(room_id="1"),
        describe(room_id="1"),
        start(room_id="1", when="room_created"),
    ):
        assert (result["outcome"], result["error_code"]) == ("error", "ledger_not_shared")
    assert start(room_id="1")["outcome"] == "started"


def test_another_scope_does_not_double_what_runs(scene: Scene) -> None:
    start(room_id="lobby")
    again = start(room_id="lobby", scope="user", user_id="ann")
    assert again["outcome"] == "already_running"
    assert len(scene.tasks()) == 1


def test_room_whose_stop_failed_can_be_started_again(
    scene: Scene, environment: pytest.MonkeyPatch
) -> None:
    started = start(room_id="ai-1")
    environment.setenv("TENCENT_SECRET_KEY", "wrong")
    assert stop(room_id="ai-1")["outcome"] == "stop_failed"
    environment.setenv("TENCENT_SECRET_KEY", SECRET_KEY)
    again = start(room_id="ai-1")
    assert (again["outcome"], again["task_id"]) == ("already_running", started["task_id"])


def test_answers_hold_no_secret(scene: Scene) -> None:
    start(room_id="lobby")
    told = str(
        [describe(room_id="lobby"), stop(room_id="lobby"), start(room_id="lobby"), scene.lines()]
    )
    assert not any(secret in told for secret in ("secret", SECRET_KEY, "UserSig"))
    assert not USER_SIG.search(told)


@pytest.mark.parametrize(
    "function", [start_transcription, stop_transcription, describe_room, delete_transcript]
)
@pytest.mark.parametrize(
    "event", [HELLO_WORLD, {}, None, "text", [1], {"httpMethod": "POST", "room_id": "1"}]
)
def test_console_test_event_gets_help(scene: Scene, function: Any, event: object) -> None:
    result = function.main_handler(event, CONTEXT)
    assert (result["outcome"], result["error_code"]) == ("error", "bad_request")
    assert result["example"]["room_id"] == "1234"


def test_callback_console_test_event_gets_help(scene: Scene) -> None:
    assert trtc_callback.main_handler(HELLO_WORLD, CONTEXT)["statusCode"] == 400
    assert "EventInfo" in scene.lines()[0]["reason"]


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"room_id": ""}, "room_id"),
        ({"room_id": 0}, "room_id"),
        ({"room_id": 1.5}, "room_id"),
        ({"room_id": "x" * 65}, "room_id"),
        ({"room_id": "abc", "room_id_type": 0}, "has a number from 1"),
        ({"room_id": "007", "room_id_type": 0}, "has a number from 1"),
        ({"room_id": "1", "room_id_type": 2}, "room_id_type"),
        ({"room_id": "1", "sdk_app_id": 5}, str(SDK_APP_ID)),
        ({"room_id": "1", "when": "tomorrow"}, "when"),
        ({"room_id": "1", "sevice": "ai"}, "did you mean 'service'?"),
        ({"room_id": "1", "service": "both"}, "service"),
        ({"room_id": "1", "cloud": {"vad_level": 9}}, "cloud.vad_level"),
        ({"room_id": "1", "cloud": 5}, "cloud"),
        ({"room_id": "1", "user_id": 7}, "user_id"),
        ({"room_id": "1", "user_id": "*"}, "user_id"),
        ({"room_id": "\ud800"}, "room_id"),
        ({"room_id": "1", "cloud": {"hot_words": ["\ud83d"]}}, "half a surrogate pair"),
        ({"room_id": "房" * 22}, "room_id: must be 1 to 64 bytes"),
    ],
)
def test_mistake_in_a_request_is_named(scene: Scene, event: dict[str, Any], named: str) -> None:
    result = start(**event)
    assert result["outcome"] == "error"
    assert named in result["message"]
    assert scene.tasks() == []


def test_event_that_is_nested_too_deeply_to_be_written_is_named(scene: Scene) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    result = start(room_id="1", session=deep)
    assert (result["outcome"], result["error_code"]) == ("error", "bad_request")
    assert "nested too deeply" in result["message"]


def test_missing_settings_are_named_in_the_answer(
    scene: Scene, environment: pytest.MonkeyPatch
) -> None:
    environment.delenv("TRTC_CALLBACK_KEY")
    assert "TRTC_CALLBACK_KEY: not set" in start(room_id="1")["message"]
    assert scene.send(CREATED, "1", "ann") == 500
    assert (
        scene.lines()[-1]["reason"]
        == "settings: TRTC_CALLBACK_KEY: not set; copy it from the TRTC console"
    )


def test_missing_credentials_are_named(scene: Scene, environment: pytest.MonkeyPatch) -> None:
    environment.delenv("TENCENT_SECRET_KEY")
    assert "TENCENT_SECRET_KEY: not set" in start(room_id="1")["message"]


def test_wrong_credentials_fail_loudly(scene: Scene, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TENCENT_SECRET_KEY", "wrong")
    result = start(room_id="lobby")
    assert (result["outcome"], result["error_code"]) == ("failed", "AuthFailure.SignatureFailure")
