"""Tencent's own transcribers, started by clients: nobody who is to be heard, and a second bill."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shared.ledger import Ledger, open_ledger
from shared.ledger.claims import LEASE_MS
from shared.room import Room
from tests.support.emulator import SDK_APP_ID
from tests.support.ledger_steps import ON_SQLITE
from tests.support.signed_callbacks import Scene

BOT = "transcriber_lobby_robot_ann"
TOLD: dict[int, dict[str, Any]] = {
    1401: {"Status": 0},
    1402: {"LeaveCode": 98},
    1403: {"Text": "Hi"},
    1404: {"Text": "Oi"},
}


@pytest.fixture
def ledger(scene: Scene, room_ledger_url: str) -> Ledger:
    """What the handler writes, read by somebody else."""
    return open_ledger(room_ledger_url)


def tell(scene: Scene, event_type: int, room_id: str = "lobby", bot: str = BOT) -> int:
    """A callback of a client's transcriber; the HTTP status."""
    payload = {"UserId": "ann", "RoundId": "1", **TOLD[event_type]}
    about: dict[str, Any] = {"RoomIdType": 1, "TaskId": "theirs.", "RobotId": bot}
    return scene.send(event_type, room_id, **about, Payload=payload)


def find_warnings(scene: Scene) -> list[dict[str, Any]]:
    return [line for line in scene.lines() if line["message"] == "room.transcribed_twice"]


@pytest.mark.parametrize("room_id", ["lobby", "enter-1", "talk-1", "speakers-en"])
def test_transcriber_opens_and_starts_nothing(scene: Scene, ledger: Ledger, room_id: str) -> None:
    for event in (101, 103, 203, 204, 104):
        assert scene.send(event, room_id, BOT) == 200
    assert scene.tasks() == []
    assert ledger.read(Room(SDK_APP_ID, room_id, 1)).sessions == []
    assert scene.words() == ["callback.ignored client_transcriber"] * 5


def test_transcriber_is_nobody_in_an_open_room(scene: Scene, ledger: Ledger) -> None:
    scene.send(101, "lobby", "ann")
    scene.send(103, "lobby", "ann")
    scene.send(103, "lobby", BOT)
    scene.send(203, "lobby", BOT)
    (session,) = ledger.read(Room(SDK_APP_ID, "lobby", 1)).sessions
    assert [person.user_id for person in ledger.list_people(session)] == ["ann"]


def test_transcriber_does_not_resume_a_task_that_ended_idle(scene: Scene) -> None:
    scene.send(101, "lobby", "ann")
    (task,) = scene.tasks()
    scene.cloud.stop_cloud(task["task_id"])
    about = {"RoomIdType": 1, "TaskId": task["task_id"], "RobotId": task["bot_user_id"]}
    scene.send(1402, "lobby", **about, Payload={"LeaveCode": 99})
    scene.send(103, "lobby", BOT)
    scene.send(203, "lobby", BOT)
    assert scene.tasks() == []


@pytest.mark.parametrize("event_type", [103, 203, 1401, 1402, 1403, 1404])
def test_room_with_both_is_reported(scene: Scene, event_type: int) -> None:
    scene.send(101, "lobby", "ann")
    (task,) = scene.tasks()
    scene.lines()
    said = tell(scene, event_type) if event_type > 1000 else scene.send(event_type, "lobby", BOT)
    assert said == 200
    warning, ignored = scene.lines()
    assert (warning["message"], warning["level"]) == ("room.transcribed_twice", "WARNING")
    assert (warning["user_id"], warning["rule"]) == (BOT, "everything else")
    assert warning["session"].startswith(f"{SDK_APP_ID}/1/lobby/")
    assert "billed" in warning["reason"]
    assert (ignored["message"], ignored["outcome"]) == ("callback.ignored", "client_transcriber")
    assert [one["task_id"] for one in scene.tasks()] == [task["task_id"]]


def test_report_comes_once_a_session_whoever_tells_and_whatever_instance(
    scene: Scene, ledger: Ledger
) -> None:
    scene.send(101, "lobby", "ann")
    scene.send(103, "lobby", BOT)
    tell(scene, 1401)
    tell(scene, 1403, bot="transcriber_lobby_robot_ben")
    scene.send(203, "lobby", BOT)
    assert len(find_warnings(scene)) == 1
    (session,) = ledger.read(Room(SDK_APP_ID, "lobby", 1)).sessions
    assert session.transcribed_twice
    scene.send(102, "lobby")
    scene.send(101, "lobby", "ann")
    tell(scene, 1403)
    assert len(find_warnings(scene)) == 1


@ON_SQLITE
def test_reported_room_is_not_written_again(scene: Scene, tmp_path: Path) -> None:
    """Its transcriber tells of every sentence."""
    scene.send(101, "lobby", "ann")
    tell(scene, 1403)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as watcher:
        before = read_version(watcher)
        for _ in range(3):
            tell(scene, 1403)
        assert read_version(watcher) == before
        scene.send(103, "lobby", "ann")
        assert read_version(watcher) != before


def read_version(watcher: sqlite3.Connection) -> object:
    """Another one whenever somebody else has written to the file."""
    return watcher.execute("PRAGMA data_version").fetchone()


@pytest.mark.parametrize("room_id", ["private-1", "talk-1"])
def test_room_without_a_task_of_ours_is_not_reported(scene: Scene, room_id: str) -> None:
    scene.send(101, room_id, "ann")
    scene.send(103, room_id, BOT)
    tell(scene, 1403, room_id)
    assert find_warnings(scene) == []


def test_room_is_reported_when_our_task_comes_second(scene: Scene) -> None:
    scene.send(101, "talk-1", "ann")
    scene.send(103, "talk-1", BOT)
    scene.send(203, "talk-1", "ann")
    tell(scene, 1403, "talk-1")
    assert len(find_warnings(scene)) == 1


@pytest.mark.parametrize("whose", ["theirs", "ours"])
def test_room_closes_behind_a_bot_too(scene: Scene, ledger: Ledger, whose: str) -> None:
    """No sample of 102 names anybody; one that named whoever left last would close the room as well."""
    scene.send(101, "lobby", "ann")
    (task,) = scene.tasks()
    scene.send(102, "lobby", BOT if whose == "theirs" else task["bot_user_id"])
    (session,) = ledger.read(Room(SDK_APP_ID, "lobby", 1)).sessions
    assert session.closed_ms
    assert scene.tasks() == []


def test_closed_room_is_not_reported(scene: Scene) -> None:
    scene.send(101, "lobby", "ann")
    scene.send(102, "lobby")
    tell(scene, 1402)
    assert find_warnings(scene) == []


def test_their_task_is_not_ours_and_their_words_are_not_kept(scene: Scene, ledger: Ledger) -> None:
    scene.send(101, "lobby", "ann")
    for event_type in TOLD:
        tell(scene, event_type)
    (session,) = ledger.read(Room(SDK_APP_ID, "lobby", 1)).sessions
    assert [task_id.task_id for task_id in session.tasks["*"].task_ids] == [
        task["task_id"] for task in scene.tasks()
    ]
    assert session.tasks["*"].state == "running"
    assert ledger.list_sentences(session, 0) == []


def test_trtc_need_not_come_back_with_theirs_while_ours_starts(
    scene: Scene, ledger: Ledger
) -> None:
    """An unknown task of somebody else may be the one that is being started; this one cannot."""
    scene.send(101, "lobby", "ann")

    def start_again(book: Any) -> None:
        task = book.sessions[0].tasks["*"]
        task.state, task.lease_until_ms = "starting", scene.now_ms() + LEASE_MS

    ledger.change(Room(SDK_APP_ID, "lobby", 1), start_again)
    assert tell(scene, 1401) == 200
