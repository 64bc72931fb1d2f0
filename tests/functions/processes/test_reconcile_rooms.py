"""What reconcile_rooms makes of what TRTC tells, of a list, and of what has failed, against the emulator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import reconcile_rooms
import stop_transcription

from local.cloud.config import CloudConfig
from shared.entry import open_resources, read_own_settings
from shared.ledger import RoomBook, open_ledger
from shared.reconciling.by_itself import reconcile_if_silent
from shared.reconciling.reconcile import NOTE
from shared.room import Room
from shared.scf import begin_invocation
from shared.traffic import Traffic, read_traffic
from tests.support.emulator import CONFIG, SDK_APP_ID, RunningCloud, running_cloud
from tests.support.signed_callbacks import Scene

pytestmark = pytest.mark.slow

CONTEXT = {"request_id": "r", "time_limit_in_ms": 60_000}
CREATED, DISMISSED, ENTERED, LEFT = 101, 102, 103, 104


def run(**event: Any) -> dict[str, Any]:
    return reconcile_rooms.main_handler(event, CONTEXT)


def read_words(answer: dict[str, Any]) -> dict[str, str]:
    """What became of each room that is not as it was."""
    assert answer["outcome"] == "reconciled", answer
    return {room["room_id"]: room["outcome"] for room in answer["rooms"]}


def create(scene: Scene, *room_ids: str, **more: Any) -> None:
    """Rooms with Amy in them, of which no webhook tells."""
    for room_id in room_ids:
        given = {"room_id_type": 1, **more}
        assert scene.cloud.create(room_id, **given).status_code == 201


def read(room_id: str, room_id_type: int = 1) -> RoomBook:
    return open_ledger(os.environ["LEDGER_URL"]).read(Room(SDK_APP_ID, room_id, room_id_type))


def refuse(scene: Scene, times: int) -> None:
    """Let so many starts fail for good."""
    code = "InvalidParameter.UserSig"
    scene.cloud.add_fault(where="api", what="error", code=code, times=times)


def test_unknown_room_that_lives_is_started_once(scene: Scene) -> None:
    create(scene, "lobby")
    assert read_words(run(dry_run=True)) == {"lobby": "start"}
    assert scene.tasks() == []
    assert read_words(run()) == {"lobby": "started"}
    assert read_words(run()) == {}
    assert len(scene.tasks()) == 1


def test_webhook_that_comes_late_or_first_changes_nothing(scene: Scene) -> None:
    create(scene, "lobby")
    run()
    scene.send(CREATED, "lobby", "amy")
    scene.send(ENTERED, "lobby", "amy")
    assert len(scene.tasks()) == 1
    assert len(read("lobby").sessions) == 1
    scene.send(DISMISSED, "lobby", event_ms=scene.now_ms() + 5_000)
    assert read_words(run()) == {}  # TRTC still tells that it lives, and the ledger knows better
    assert scene.tasks() == []


def test_open_room_of_which_the_start_failed_is_started(scene: Scene) -> None:
    create(scene, "ai-lobby")
    refuse(scene, times=1)
    scene.send(CREATED, "ai-lobby", "amy")
    assert scene.tasks() == []
    assert read_words(run()) == {"ai-lobby": "started"}
    assert len(read("ai-lobby").sessions) == 1


def test_room_that_is_not_to_be_transcribed_is_left_alone(scene: Scene) -> None:
    create(scene, "private-1", "lobby")
    scene.send(CREATED, "lobby", "amy")
    stop_transcription.main_handler({"room_id": "lobby"}, CONTEXT)
    assert read_words(run()) == {"private-1": "not_wanted", "lobby": "held"}
    assert scene.tasks() == []


@pytest.mark.parametrize("room_id", ["enter-1", "talk-1", "speakers-1"])
def test_rule_that_waits_for_somebody_starts_when_somebody_is_there(
    scene: Scene, room_id: str
) -> None:
    """A bot is nobody, and neither is who has left; a microphone is not told."""
    create(scene, room_id, user_id="en-amy")
    answer = run()
    assert (read_words(answer), answer["note"]) == ({room_id: "started"}, NOTE)
    assert len(scene.tasks()) == 1
    assert read_words(run()) == {}
    people = open_ledger(os.environ["LEDGER_URL"]).list_people(read(room_id).sessions[0])
    assert [(one.user_id, one.present, one.microphone) for one in people] == [
        ("en-amy", True, False)
    ]


def test_rule_that_waits_for_somebody_waits_while_only_others_are_there(scene: Scene) -> None:
    create(scene, "enter-1", user_id="recorder-1")
    scene.cloud.act("enter-1", "enter", user_id="amy")
    scene.cloud.act("enter-1", "leave", user_id="amy")
    assert read_words(run()) == {"enter-1": "nobody"}


def test_every_speaker_without_a_task_gets_one(scene: Scene) -> None:
    create(scene, "speakers-1", user_id="en-amy")
    scene.send(CREATED, "speakers-1", "en-amy")
    scene.send(ENTERED, "speakers-1", "en-amy")
    scene.cloud.act("speakers-1", "enter", user_id="zh-bo")
    assert len(scene.tasks()) == 1
    assert read_words(run()) == {"speakers-1": "started"}
    assert len(scene.tasks()) == 2


def test_end_is_believed_when_it_is_later_than_all_that_is_known(scene: Scene) -> None:
    """In the second of the newest event nobody can say which was first: it stays open."""
    create(scene, "over", "alive-again")
    past_ms = scene.now_ms() - 10_000
    for room_id in ("over", "alive-again"):
        scene.send(CREATED, room_id, "amy", event_ms=past_ms)
        scene.cloud.act(room_id, "leave", user_id="amy")
    scene.send(ENTERED, "alive-again", "ben", event_ms=scene.now_ms() + 5_000)
    assert read_words(run(dry_run=True)) == {"over": "close"}
    assert read_words(run()) == {"over": "closed"}
    assert read("over").open_now is None
    assert read("alive-again").open_now
    assert read_words(run()) == {}


def test_room_that_is_over_and_was_never_known_stays_unknown(scene: Scene) -> None:
    create(scene, "over")
    scene.cloud.act("over", "leave", user_id="amy")
    assert read_words(run()) == {}
    assert read("over").latest is None


@pytest.mark.parametrize(
    ("digits_as", "words", "room_id_type"),
    [
        ("", {"77": "skipped"}, 0),
        ("numeric", {"77": "started"}, 0),
        ("string", {"77": "started"}, 1),
    ],
)
def test_room_of_digits_that_nobody_knows(
    scene: Scene,
    environment: pytest.MonkeyPatch,
    digits_as: str,
    words: dict[str, str],
    room_id_type: int,
) -> None:
    environment.setenv("RECONCILE_DIGITS_AS", digits_as)
    create(scene, "77", room_id_type=0)
    answer = run()
    assert read_words(answer) == words
    assert answer["rooms"][0].get("room_id_type", 0) == room_id_type
    assert bool(read("77", room_id_type).open_now) == (words["77"] == "started")


def test_room_of_digits_has_the_type_that_the_ledger_knows(scene: Scene) -> None:
    create(scene, "77", room_id_type=1)
    scene.send(CREATED, "77", "amy")
    scene.send(DISMISSED, "77", event_ms=scene.now_ms())
    scene.cloud.act("77", "dismiss")
    create(scene, "77", room_id_type=1)
    assert set(read_words(run())) <= {"77"}
    assert read("77", 0).latest is None


def test_list_of_ones_own_needs_no_package(scene: Scene, environment: pytest.MonkeyPatch) -> None:
    rooms = [{"room_id": name, "room_id_type": 1} for name in ("lobby", "talk-1", "private-1")]
    with elsewhere(environment, replace(CONFIG, room_data="none")) as cloud:
        answer = run(rooms=rooms)
        assert read_words(answer) == {
            "lobby": "started",
            "talk-1": "started",
            "private-1": "not_wanted",
        }
        assert read_words(run(rooms=rooms)) == {"private-1": "not_wanted"}
        assert len([task for task in cloud.list_tasks() if task["status"] != "Stopped"]) in (0, 2)


@contextmanager
def elsewhere(environment: pytest.MonkeyPatch, config: CloudConfig) -> Iterator[RunningCloud]:
    """Another emulator, which the function calls from now on."""
    with running_cloud(config) as cloud:
        environment.setenv("TRTC_ENDPOINT", cloud.url)
        yield cloud


def test_missing_package_is_told_in_words(scene: Scene, environment: pytest.MonkeyPatch) -> None:
    with elsewhere(environment, replace(CONFIG, room_data="none")):
        answer = run()
    assert (answer["outcome"], answer["counts"]) == ("not_told", {})
    assert answer["error_code"] == "InvalidParameter.StartTimeOversize"
    assert "package" in answer["message"]


def test_start_that_fails_again_is_told(scene: Scene) -> None:
    refuse(scene, times=2)
    scene.send(CREATED, "ai-lobby", "amy")
    rooms = [{"room_id": "ai-lobby", "room_id_type": 1}]
    answer = run(rooms=rooms)
    assert read_words(answer) == {"ai-lobby": "failed"}
    assert answer["rooms"][0]["reason"] == "InvalidParameter.UserSig"
    assert read_words(run(rooms=rooms)) == {"ai-lobby": "started"}
    assert read_words(run(rooms=rooms)) == {}


def test_more_rooms_than_a_page_has(scene: Scene) -> None:
    create(scene, *(f"private-{number}" for number in range(120)))
    answer = run(since="1h")
    assert answer["counts"] == {"not_wanted": 120}
    assert run(since="1h", page=1)["counts"] == {"not_wanted": 20}


@pytest.mark.parametrize("form", ["told", "listed"])
def test_no_time_left_is_told_with_where_to_go_on(scene: Scene, form: str) -> None:
    create(scene, "lobby", "hall")
    rooms = [{"room_id": name, "room_id_type": 1} for name in ("lobby", "hall")]
    event: dict[str, Any] = {"since": "1h"} if form == "told" else {"rooms": rooms}
    late = {**CONTEXT, "time_limit_in_ms": 3_000}
    answer = reconcile_rooms.main_handler(event, late)
    assert (answer["outcome"], answer["rooms"]) == ("unfinished", [])
    assert read_words(run(**answer["next"])) == {"lobby": "started", "hall": "started"}


def test_time_ends_also_where_no_room_is_told_of(scene: Scene) -> None:
    answer = reconcile_rooms.main_handler({"since": "9d"}, {**CONTEXT, "time_limit_in_ms": 3_000})
    assert answer["outcome"] == "unfinished"
    assert answer["next"]["since"] < scene.now_ms() - 8 * 86_400_000


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({"since": "yesterday"}, "90m"),
        ({"state": "broken"}, "state"),
        ({"rooms": [{"room_id": ""}]}, "room_id"),
        ({"sdk_app_id": 7}, "sdk_app_id"),
        ({"room_id": "lobby"}, "room_id"),
        ({"httpMethod": "POST", "body": "{}"}, "send a JSON event"),
    ],
)
def test_mistakes_are_answered_with_an_example(scene: Scene, event: Any, says: str) -> None:
    answer = run(**event)
    assert (answer["outcome"], answer["error_code"]) == ("error", "bad_request")
    assert says in answer["message"]
    assert answer["example"] == reconcile_rooms.EXAMPLE


def test_log_names_each_room_and_counts_them(scene: Scene) -> None:
    create(scene, "lobby", "private-1")
    run()
    started, done = scene.lines()
    assert (started["message"], started["room_id"]) == ("transcription.started", "lobby")
    assert (done["message"], done["outcome"]) == ("rooms.reconciled", "reconciled")
    assert (done["started"], done["not_wanted"]) == (1, 1)
    assert "room_id" not in done


MINUTES_MS = 600_000


def test_it_asks_by_itself_after_ten_minutes_of_silence_once(
    scene: Scene, environment: pytest.MonkeyPatch
) -> None:
    create(scene, "lobby")
    environment.setenv("RECONCILE", "auto")
    now_ms = scene.now_ms()
    ask_by_itself(now_ms, now_ms - MINUTES_MS + 1_000)
    assert scene.tasks() == []
    ask_by_itself(now_ms + 1_000, 0)
    assert len(scene.tasks()) == 1
    create(scene, "hall")
    ask_by_itself(now_ms + MINUTES_MS, 0)
    assert len(scene.tasks()) == 1
    ask_by_itself(now_ms + MINUTES_MS + 1_000, 0)
    assert len(scene.tasks()) == 2


def test_it_asks_by_itself_only_if_it_is_told_to(scene: Scene) -> None:
    create(scene, "lobby")
    ask_by_itself(scene.now_ms(), 0)
    assert scene.tasks() == []


def ask_by_itself(now_ms: int, accepted_ms: int) -> None:
    resources = open_resources(read_own_settings(), begin_invocation(CONTEXT, answers_trtc=False))
    read_traffic(resources.ledger, SDK_APP_ID, now_ms, Traffic({1: accepted_ms}))
    reconcile_if_silent(msgspec.structs.replace(resources, now_ms=lambda: now_ms))
