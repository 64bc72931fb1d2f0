"""Digits name a numeric room or a string one: one rule, in the console and on the command line."""

from __future__ import annotations

import os
from typing import Any

import delete_transcript
import describe_room
import pytest
import start_transcription
import stop_transcription

from shared.console.request import list_known
from shared.ledger import open_ledger
from shared.room import Room
from tests.support.emulator import SDK_APP_ID
from tests.support.ledger_steps import APP, T, close_room, hear, open_session
from tests.support.local_commands import run_local
from tests.support.signed_callbacks import Scene

CREATED, DISMISSED = 101, 102
CONTEXT = {"request_id": "r", "time_limit_in_ms": 10_000}
NUMERIC, STRING = Room(APP, "1234", 0), Room(APP, "1234", 1)
FUNCTIONS = [start_transcription, stop_transcription, describe_room]


def run(function: Any, **event: Any) -> dict[str, Any]:
    """What a function answers in the console."""
    answer: dict[str, Any] = function.main_handler(event, CONTEXT)
    return answer


def test_type_is_told_by_the_json_type_or_by_itself(scene: Scene) -> None:
    for event in ({"room_id": 7}, {"room_id": "8", "room_id_type": 0}, {"room_id": "lobby"}):
        answer = run(start_transcription, **event)
        assert answer["outcome"] == "started"
        assert "room_id_type" not in answer
        assert answer["session"].split("/")[1] == str(int(event["room_id"] == "lobby"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_digits_nobody_knows_mean_the_numeric_room(scene: Scene, function: Any) -> None:
    answer = run(function, room_id="1234")
    assert (answer["room_id_type"], "also_known" in answer) == (0, False)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_digits_mean_the_room_that_is_known(scene: Scene, function: Any) -> None:
    scene.send(CREATED, "1234", "ann")
    answer = run(function, room_id="1234")
    assert (answer["room_id_type"], "also_known" in answer) == (1, False)
    assert answer["outcome"] in ("already_running", "held", "described")


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("is_open", [0, 1])
def test_open_room_comes_first_and_the_other_is_named(
    scene: Scene, function: Any, is_open: int
) -> None:
    rooms: list[int | str] = [1234, "1234"]
    scene.send(CREATED, rooms[is_open], "ann")
    scene.send(CREATED, rooms[1 - is_open], "ann")
    scene.send(DISMISSED, rooms[1 - is_open])
    answer = run(function, room_id="1234")
    assert answer["room_id_type"] == is_open
    other = {"sdk_app_id": SDK_APP_ID, "room_id": "1234", "room_id_type": 1 - is_open}
    assert answer["also_known"] == other
    told = run(function, room_id="1234", room_id_type=1 - is_open)
    assert "also_known" not in told
    assert told["outcome"] != answer["outcome"] or function is describe_room


def test_refusal_says_which_room_was_meant(scene: Scene) -> None:
    scene.send(CREATED, "1234", "ann")
    answer = run(start_transcription, room_id="1234", sevice="ai")
    assert (answer["outcome"], answer["room_id_type"]) == ("error", 1)


def test_log_is_of_the_room_that_was_meant(scene: Scene) -> None:
    scene.send(CREATED, "1234", "ann")
    scene.lines()
    run(stop_transcription, room_id="1234")
    assert {line["room_id_type"] for line in scene.lines()} == {1}


def say(room: Room, number: int = 1) -> str:
    """A closed session of the room with one sentence in it; its id."""
    kept = open_ledger(os.environ["LEDGER_URL"])
    session = open_session(kept, T, room._replace(sdk_app_id=SDK_APP_ID))
    kept.keep_sentence(session, hear(number))
    close_room(kept, T + 9000, session.room)
    return session.id


def kept(session_id: str) -> int:
    """How many sentences of a session are kept."""
    found = open_ledger(os.environ["LEDGER_URL"])
    session = found.find_session(session_id)
    assert session
    return len(found.list_sentences(session, 0))


def test_deleting_asks_which_of_two_rooms(scene: Scene) -> None:
    sessions = [say(NUMERIC), say(STRING)]
    answer = run(delete_transcript, room_id="1234")
    assert answer["outcome"] == "error"
    assert "numeric room '1234' (0) and the string room (1) are both known" in answer["message"]
    assert [kept(each) for each in sessions] == [1, 1]
    assert run(delete_transcript, room_id="1234", room_id_type=1)["sentences"] == 1
    assert [kept(each) for each in sessions] == [1, 0]


@pytest.mark.parametrize("room_id_type", [0, 1])
def test_session_names_the_room_to_delete_in(scene: Scene, room_id_type: int) -> None:
    sessions = [say(NUMERIC), say(STRING)]
    answer = run(delete_transcript, room_id="1234", session=sessions[room_id_type])
    assert (answer["outcome"], answer["room_id_type"]) == ("deleted", room_id_type)
    assert kept(sessions[room_id_type]) == 0
    assert kept(sessions[1 - room_id_type]) == 1


@pytest.mark.parametrize("room", [NUMERIC, STRING])
def test_deleting_takes_the_only_room_that_is_known(scene: Scene, room: Room) -> None:
    session = say(room)
    answer = run(delete_transcript, room_id="1234")
    assert (answer["outcome"], answer["room_id_type"]) == ("deleted", room.room_id_type)
    assert kept(session) == 0


@pytest.mark.parametrize("closed", [(None, None), (T + 1, None), (None, T + 1), (T + 1, T + 2)])
def test_every_ledger_gives_the_same_order(
    ledger: Any, closed: tuple[int | None, int | None]
) -> None:
    assert list_known(NUMERIC, ledger) == []
    for room, closed_ms in zip((NUMERIC, STRING), closed, strict=True):
        open_session(ledger, T, room)
        if closed_ms is not None:
            close_room(ledger, closed_ms, room)
    numeric_first = closed in ((None, None), (None, T + 1))
    expected = [NUMERIC, STRING] if numeric_first else [STRING, NUMERIC]
    assert list_known(NUMERIC, ledger) == expected


@pytest.mark.slow
def test_command_line_takes_digits_likewise(scene: Scene) -> None:
    environ = {"TRTC_SDK_APP_ID": str(SDK_APP_ID)}
    unknown = run_local("explain", "--room", "1234", environ=environ)
    assert "room '1234' (numeric)" in unknown.stdout
    assert "1234 taken for a numeric room: none is known" in unknown.stdout
    failed = run_local("link", "--room", "1234", environ=environ)
    assert failed.stderr.startswith("error: no numeric room '1234' is in the ledger")
    say(STRING)
    shown = run_local("explain", "--room", "1234", environ=environ)
    assert "room '1234' (string)" in shown.stdout
    say(NUMERIC)
    linked = run_local("link", "--room", "1234", environ=environ)
    assert (linked.returncode, linked.stdout.count("\n")) == (0, 1)
    assert "the string one is known too, see --room-id-type" in linked.stderr
    told = run_local("link", "--room", "1234", "--room-id-type", "1", environ=environ)
    assert (told.stderr, told.stdout == linked.stdout) == ("", False)


def test_explaining_makes_no_ledger(tmp_path: Any) -> None:
    path = tmp_path / "none.db"
    shown = run_local("explain", "--room", "1234", environ={"LEDGER_URL": f"sqlite:///{path}"})
    assert (shown.returncode, path.exists()) == (0, False)
    away = run_local("explain", "--room", "1234", environ={"LEDGER_URL": "redis://127.0.0.1:1/0"})
    assert "1234 taken for a numeric room: the ledger cannot be read from here" in away.stdout
