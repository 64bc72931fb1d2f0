"""What TRTC may tell beyond its documents: never refused, never lost, never logged."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.ledger import open_ledger
from shared.room import Room
from tests.support.emulator import SDK_APP_ID
from tests.support.signed_callbacks import Scene

SECRET = "nobody may read this in a log"
STRANGE: list[dict[str, Any]] = [
    {"Payload": {"Surprise": SECRET}},
    {"Payload": {"Status": SECRET}},
    {"Payload": [SECRET]},
    {"Payload": SECRET},
    {"Payload": {}, "Surprise": {"deep": [SECRET]}},
]
EVENT_TYPES = [901, 902, 903, 1401, 1402, 1403, 1404]


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_undocumented_callback_is_taken_kept_and_not_logged(
    scene: Scene, room_ledger_url: str, event_type: int
) -> None:
    ledger = open_ledger(room_ledger_url)
    for number, strange in enumerate(STRANGE):
        room_id = f"{'ai' if event_type < 1000 else 'cloud'}-{number}"
        for event in (101, 103, 104):  # nobody is left for whom an end would start it again
            scene.send(event, room_id, "ann")
        room = Room(SDK_APP_ID, room_id, 1)
        task_id = ledger.read(room).sessions[0].tasks["*"].task_id
        assert scene.send(event_type, room_id, RoomIdType=1, TaskId=task_id, **strange) == 200
        (session,) = ledger.read(room).sessions
        (news,) = ledger.list_sentences(session, 0)
        assert json.loads(news.opaque)["Payload"] == strange["Payload"]
        assert SECRET in news.opaque
    out = json.dumps(scene.lines())
    assert SECRET not in out
    assert '"ERROR"' not in out


@pytest.mark.parametrize("event_type", [903, 1403])
def test_sentence_with_undocumented_fields_is_a_sentence(
    scene: Scene, room_ledger_url: str, event_type: int
) -> None:
    room_id = "ai-1" if event_type == 903 else "lobby"
    scene.send(101, room_id, "ann")
    (task,) = scene.tasks()
    said = {"UserId": "ann", "Text": SECRET, "RoundId": "1", "Mood": {"deep": SECRET}}
    about = {"RoomIdType": 1, "TaskId": task["task_id"], "Weather": [1]}
    assert scene.send(event_type, room_id, **about, Payload=said) == 200
    ledger = open_ledger(room_ledger_url)
    (session,) = ledger.read(Room(SDK_APP_ID, room_id, 1)).sessions
    (news,) = ledger.list_sentences(session, 0)
    assert news.said
    assert (news.said.text, news.opaque) == (SECRET, "")
    lines = scene.lines()
    assert [line["message"] for line in lines][-2:] == [
        "sentence.kept",
        "transcription.first_sentence",
    ]
    assert SECRET not in json.dumps(lines)


@pytest.mark.parametrize("event_type", [901, 902, 1401, 1402])
def test_documented_callback_leaves_nothing_unread(
    scene: Scene, room_ledger_url: str, event_type: int
) -> None:
    room_id = "ai-1" if event_type < 1000 else "lobby"
    scene.send(101, room_id, "ann")
    (task,) = scene.tasks()
    payload = {"Status": 0} if event_type in (901, 1401) else {"LeaveCode": 99}
    robot = {"RobotId": task["bot_user_id"]} if event_type > 1000 else {}
    about = {"RoomIdType": 1, "TaskId": task["task_id"], **robot}
    assert scene.send(event_type, room_id, **about, Payload=payload) == 200
    ledger = open_ledger(room_ledger_url)
    (session,) = ledger.read(Room(SDK_APP_ID, room_id, 1)).sessions
    assert ledger.list_sentences(session, 0) == []
