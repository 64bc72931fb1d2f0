"""Somebody opts out of being transcribed: nothing more of theirs is kept, and what hears them is replaced."""

from __future__ import annotations

import os
from typing import Any

import delete_transcript
import drain_starts
import pytest
import set_people
import start_transcription
import stop_transcription

from shared.ledger import Session, open_ledger
from shared.room import Room
from tests.support.emulator import SDK_APP_ID
from tests.support.signed_callbacks import Scene

CREATED, DISMISSED, ENTERED, TALKS = 101, 102, 103, 203
CONTEXT = {"request_id": "r", "time_limit_in_ms": 10_000}
KEPT, REFUSED = ["sentence.kept new"], ["callback.ignored opted_out"]
REFUSED_FOR_GOOD = {
    "where": "api",
    "what": "error",
    "code": "InvalidParameterValue",
    "actions": ["CreateCloudTranscription"],
}
LOBBY = Room(SDK_APP_ID, "lobby", 1)
SPEAKERS = Room(SDK_APP_ID, "speakers-1", 1)
AI_LOBBY = Room(SDK_APP_ID, "ai-lobby", 1)
NUMERIC, STRING = 0, 1


def opt_out(*user_ids: str, room: Room | None = None, out: bool = True) -> dict[str, Any]:
    people = [{"user_id": user_id, "opted_out": out} for user_id in user_ids]
    where = room._asdict() if room else {}
    return set_people.main_handler({"people": people, **where}, CONTEXT)


def drain() -> None:
    drain_starts.main_handler({}, {"request_id": "r", "time_limit_in_ms": 10_000})


def read_session(room: Room) -> Session:
    session = open_ledger(os.environ["LEDGER_URL"]).read(room).latest
    assert session
    return session


def list_texts(room: Room) -> list[str]:
    ledger = open_ledger(os.environ["LEDGER_URL"])
    news = ledger.list_sentences(read_session(room), 0)
    return sorted(
        words.text
        for one in news
        for words in [*([one.said] if one.said else []), *one.translations.values()]
    )


def find_hearing(scene: Scene, user_id: str) -> list[str]:
    """The tasks of the emulator that would transcribe that user."""
    tasks = scene.cloud.cloud.rooms._world.tasks.values()  # noqa: SLF001  the judge's own books
    alive = {task["task_id"] for task in scene.tasks()}
    return [one.task_id for one in tasks if one.task_id in alive and one.may_hear(user_id)]


def say(scene: Scene, room: Room, task_id: str, /, **info: Any) -> list[str]:
    """What comes of the callback of a sentence."""
    scene.lines()
    event_type = info.pop("event_type", 1403)
    payload = {key: info.pop(key) for key in [*info] if key[0].isupper()}
    told = {"TaskId": task_id, "RoomIdType": room.room_id_type, "Payload": payload, **info}
    assert scene.send(event_type, room.room_id, **told) == 200
    lines = scene.lines()
    assert not any(text in str(lines) for text in (payload.get("Text", "?"), "Secret"))
    return [f"{line['message']} {line['outcome']}" for line in lines]


def make_room(name: str, service: str, room_id_type: int) -> tuple[Room, int | str]:
    """A room of that type which the rules give to that service, and its id as a callback has it."""
    if room_id_type == NUMERIC:
        number = 20_001 if service == "ai" else 7
        return Room(SDK_APP_ID, str(number), NUMERIC), number
    room_id = f"ai-{name}" if service == "ai" else name
    return Room(SDK_APP_ID, room_id, STRING), room_id


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("room_id_type", [NUMERIC, STRING])
@pytest.mark.parametrize("service", ["cloud", "ai"])
def test_task_is_replaced_by_what_hears_all_others(
    scene: Scene, service: str, room_id_type: int, everywhere: bool
) -> None:
    room, room_id = make_room("lobby", service, room_id_type)
    scene.send(CREATED, room_id, "amy")
    for user_id in ("amy", "bob", "eve"):
        scene.send(ENTERED, room_id, user_id)
    (first,) = scene.tasks()
    scene.lines()
    answer = opt_out("amy", room=None if everywhere else room)
    counts = {"set": 0, "forgotten": 0, "unchanged": 0}
    assert answer == {"outcome": "changed", **counts, "opted_out": 1, "opted_in": 0, "rooms": 1}
    assert find_hearing(scene, "amy") == []
    assert [len(find_hearing(scene, user_id)) for user_id in ("bob", "eve")] == [1, 1]
    assert first["task_id"] not in {task["task_id"] for task in scene.tasks()}
    assert len(scene.tasks()) == (1 if service == "cloud" else 2)
    lines = scene.lines()
    replaced = [line for line in lines if line["message"] == "transcription.replaced"]
    assert len(replaced) == len(scene.tasks())
    assert all(0 <= line["gap_ms"] <= 5_000 for line in replaced)
    assert "amy" not in str(lines)
    again = opt_out("amy", room=None if everywhere else room)
    assert (again["outcome"], again["opted_out"], again["rooms"]) == ("unchanged", 0, 0)
    drain()
    assert scene.words().count("transcription.started started") == 0


def open_lobby(scene: Scene, *user_ids: str, room: Room = LOBBY) -> str:
    """A room with these users in it; its first task."""
    scene.send(CREATED, room.room_id, user_ids[0])
    for user_id in user_ids:
        scene.send(ENTERED, room.room_id, user_id)
    return str(scene.tasks()[0]["task_id"])


def break_api(scene: Scene, *actions: str) -> None:
    fault = {"where": "api", "what": "throttle", "actions": [*actions]}
    scene.cloud.http.post("/_local/faults", json=fault).raise_for_status()


def mend_api(scene: Scene) -> None:
    scene.cloud.http.delete("/_local/faults").raise_for_status()


def test_nothing_more_of_theirs_is_kept(scene: Scene) -> None:
    first = open_lobby(scene, "amy", "bob")
    early_ms = scene.now_ms()
    kept = say(scene, LOBBY, first, UserId="amy", Text="Before", RoundId="1")
    assert kept[0] == KEPT[0]
    opt_out("amy", room=LOBBY)
    (second,) = [str(task["task_id"]) for task in scene.tasks()]
    for task_id in (first, second):
        said = {"UserId": "amy", "Text": "After", "RoundId": task_id}
        assert say(scene, LOBBY, task_id, **said) == REFUSED
        late = {**said, "event_ms": early_ms}
        assert say(scene, LOBBY, task_id, **late) == REFUSED
        translated = {"event_type": 1404, "Text": "Secret", "RoundId": "1"}
        assert say(scene, LOBBY, task_id, UserId="amy", **translated) == REFUSED
        assert say(scene, LOBBY, task_id, Speaker="amy", Words="Secret") == REFUSED
    # What names nobody may be theirs, if it is told of a task that has heard them.
    assert say(scene, LOBBY, first, Text="Whose", RoundId="w") == REFUSED
    assert say(scene, LOBBY, second, Text="Whose", RoundId="w")[0] == KEPT[0]
    bob = {"UserId": "bob", "Text": "Fine", "RoundId": "b"}
    assert say(scene, LOBBY, second, **bob)[0] == KEPT[0]
    assert list_texts(LOBBY) == ["Before", "Fine", "Whose"]


def test_who_opts_in_again_is_heard_from_the_next_start_on_and_nothing_comes_back(
    scene: Scene,
) -> None:
    first = open_lobby(scene, "amy", "bob")
    opt_out("amy")
    said = {"UserId": "amy", "Text": "Secret", "RoundId": "1", "event_ms": scene.now_ms()}
    assert say(scene, LOBBY, first, **said) == REFUSED
    (second,) = scene.tasks()
    answer = opt_out("amy", out=False)
    assert (answer["outcome"], answer["opted_in"], answer["rooms"]) == ("changed", 1, 0)
    assert opt_out("amy", out=False)["outcome"] == "unchanged"
    assert say(scene, LOBBY, first, **said) == REFUSED  # replayed
    assert [task["task_id"] for task in scene.tasks()] == [second["task_id"]]
    assert find_hearing(scene, "amy") == []
    scene.send(DISMISSED, "lobby", event_ms=scene.now_ms() + 60_000)
    scene.send(CREATED, "lobby", "amy", event_ms=scene.now_ms() + 61_000)
    assert len(find_hearing(scene, "amy")) == 1


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("room", [LOBBY, AI_LOBBY])
def test_who_has_opted_out_before_the_room_exists_is_never_heard(
    scene: Scene, room: Room, everywhere: bool
) -> None:
    assert opt_out("amy", room=None if everywhere else room)["rooms"] == 0
    scene.send(CREATED, room.room_id, "amy")
    for event_type in (ENTERED, TALKS):
        for user_id in ("amy", "bob"):
            scene.send(event_type, room.room_id, user_id)
    assert (find_hearing(scene, "amy"), len(find_hearing(scene, "bob"))) == ([], 1)
    assert len(scene.tasks()) == 1
    scene.send(DISMISSED, room.room_id)
    scene.send(CREATED, room.room_id, "amy")
    scene.send(ENTERED, room.room_id, "bob")
    assert find_hearing(scene, "amy") == []
    other = Room(SDK_APP_ID, f"{room.room_id}-2", 1)
    scene.send(CREATED, other.room_id, "bob")
    scene.send(ENTERED, other.room_id, "bob")
    assert len(find_hearing(scene, "amy")) == (0 if everywhere else 1)


def test_task_of_a_speaker_is_stopped_and_later_ones_get_theirs(scene: Scene) -> None:
    open_lobby(scene, "en-amy", "zh-li", room=SPEAKERS)
    assert opt_out("en-amy", room=SPEAKERS)["rooms"] == 1
    scene.send(TALKS, "speakers-1", "en-amy")
    scene.send(TALKS, "speakers-1", "en-bob")
    drain()
    heard = [len(find_hearing(scene, one)) for one in ("en-amy", "zh-li", "en-bob")]
    assert heard == [0, 1, 1]
    opt_out("en-amy", room=SPEAKERS, out=False)
    scene.send(TALKS, "speakers-1", "en-amy")
    assert len(find_hearing(scene, "en-amy")) == 1


def test_room_of_tasks_for_each_speaker_stays_one_when_nobody_is_opted_out(scene: Scene) -> None:
    open_lobby(scene, "amy", "bob", room=AI_LOBBY)
    opt_out("amy", room=AI_LOBBY)
    opt_out("amy", room=AI_LOBBY, out=False)
    for user_id in ("amy", "bob", "eve"):
        scene.send(TALKS, "ai-lobby", user_id)
    heard = [len(find_hearing(scene, one)) for one in ("amy", "bob", "eve")]
    assert (heard, len(scene.tasks())) == ([1, 1, 1], 3)


@pytest.mark.parametrize("room", [LOBBY, AI_LOBBY])
def test_nothing_is_kept_while_the_old_task_cannot_be_stopped(scene: Scene, room: Room) -> None:
    first = open_lobby(scene, "amy", "bob", room=room)
    break_api(scene, "DeleteCloudTranscription", "StopAITranscription")
    assert opt_out("amy", room=room)["outcome"] == "changed"
    assert [task["task_id"] for task in scene.tasks()] == [first]  # and none beside it
    scene.send(ENTERED, room.room_id, "eve")
    assert [task["task_id"] for task in scene.tasks()] == [first]
    event_type = 903 if room is AI_LOBBY else 1403
    said = {"UserId": "amy", "Text": "Secret", "RoundId": "1"}
    assert say(scene, room, first, event_type=event_type, **said)[:1] == REFUSED
    mend_api(scene)
    assert open_ledger(os.environ["LEDGER_URL"]).list_due(scene.now_ms() + 60_000, 9) == [room]
    scene.send(ENTERED, room.room_id, "eve")
    assert opt_out("amy", room=room)["outcome"] == "unchanged"  # and stops what was not stopped
    drain()
    assert find_hearing(scene, "amy") == []
    assert [len(find_hearing(scene, one)) for one in ("bob", "eve")] == [1, 1]


@pytest.mark.parametrize("room", [LOBBY, AI_LOBBY])
def test_old_task_stays_stopped_while_no_other_can_be_started(scene: Scene, room: Room) -> None:
    open_lobby(scene, "amy", "bob", room=room)
    break_api(scene, "CreateCloudTranscription", "StartAITranscription")
    assert opt_out("amy", room=room)["outcome"] == "changed"
    assert scene.tasks() == []
    mend_api(scene)
    drain()
    assert (find_hearing(scene, "amy"), len(find_hearing(scene, "bob"))) == ([], 1)


def test_what_they_said_before_is_deleted_on_request(scene: Scene) -> None:
    first = open_lobby(scene, "amy", "bob")
    for user_id in ("amy", "bob"):
        say(scene, LOBBY, first, UserId=user_id, Text=f"Of {user_id}", RoundId=user_id)
    late = {"UserId": "amy", "Text": "Secret", "RoundId": "2", "event_ms": scene.now_ms()}
    event = {**LOBBY._asdict(), "user_id": "amy"}
    answer = delete_transcript.main_handler(event, CONTEXT)
    assert answer == {"outcome": "deleted", "sessions": 1, "sentences": 1}
    assert list_texts(LOBBY) == ["Of bob"]
    say(scene, LOBBY, first, **late)
    say(scene, LOBBY, first, event_type=1404, Text="Secret", RoundId="amy", event_ms=scene.now_ms())
    assert list_texts(LOBBY) == ["Of bob"]


def test_start_by_hand_leaves_out_whoever_has_opted_out(scene: Scene) -> None:
    opt_out("amy", room=AI_LOBBY)
    scene.send(CREATED, "ai-lobby", "amy")
    where = AI_LOBBY._asdict()
    stop_transcription.main_handler(where, CONTEXT)
    for user_id in ("amy", "bob"):
        scene.send(ENTERED, "ai-lobby", user_id)
    assert scene.tasks() == []
    assert start_transcription.main_handler({**where, "user_id": "amy"}, CONTEXT)["tasks"] == []
    started = start_transcription.main_handler(where, CONTEXT)
    assert [task["target"] for task in started["tasks"]] == ["bob"]
    assert (find_hearing(scene, "amy"), len(find_hearing(scene, "bob"))) == ([], 1)


def test_room_that_fell_back_to_the_older_service_is_split(scene: Scene) -> None:
    room = Room(SDK_APP_ID, "fallback-1", 1)
    scene.cloud.http.post("/_local/faults", json=REFUSED_FOR_GOOD).raise_for_status()
    open_lobby(scene, "amy", "bob", room=room)
    mend_api(scene)
    assert [task["service"] for task in scene.tasks()] == ["ai"]
    opt_out("amy", room=room)
    assert (find_hearing(scene, "amy"), len(find_hearing(scene, "bob"))) == ([], 1)


def test_more_than_a_start_may_name_cannot_opt_out(scene: Scene) -> None:
    assert opt_out(*(f"u{number}" for number in range(100)))["opted_out"] == 100
    answer = opt_out("amy")
    assert (answer["outcome"], "at most 100" in answer["message"]) == ("error", True)
    scene.send(CREATED, "lobby", "amy")
    assert (find_hearing(scene, "u99"), len(find_hearing(scene, "amy"))) == ([], 1)


def test_who_has_opted_out_begins_no_task_by_talking(scene: Scene) -> None:
    opt_out("amy")
    for event_type in (CREATED, ENTERED, TALKS):
        scene.send(event_type, "talk-1", "amy")
    assert scene.tasks() == []
    scene.send(TALKS, "talk-1", "bob")
    assert (find_hearing(scene, "amy"), len(scene.tasks())) == ([], 1)
