"""Captions for the clients in a room: as the shipped rules ask for them, from the room's task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.signed_callbacks import Scene

ROOT = Path(__file__).parents[2]


@pytest.fixture
def rules_file() -> Path:
    """The rules that are shipped."""
    return ROOT / "rules.toml"


def hear(scene: Scene, room_id: str, room_id_type: int, **translations: str) -> list[Any]:
    """The payloads that a client in the room gets when ann says something there."""
    scene.cloud.create(room_id, "ann", room_id_type=room_id_type)
    scene.send(101, room_id if room_id_type else int(room_id), "ann")
    wait_until_running(scene)
    (task,) = scene.tasks()
    payloads = []
    with scene.cloud.http.stream("GET", f"/_local/rooms/{room_id}/messages") as answer:
        said = {"user_id": "ann", "text": "Good morning", "translations": translations}
        assert scene.cloud.act(room_id, "say", **said).json()["heard_by"] == [task["task_id"]]
        scene.cloud.run(scene.cloud.cloud.messages.close)
        for line in answer.iter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                assert (event["userId"], event["cmdId"]) == (task["bot_user_id"], 1)
                payloads.append(json.loads(event["message"])["payload"])
    return payloads


def wait_until_running(scene: Scene) -> None:
    with scene.cloud.http.stream("GET", "/_local/feed") as answer:
        next(line for line in answer.iter_lines() if '"task.running"' in line)


def test_send_custom_mode_of_the_rule_brings_2_0_captions_into_the_room(scene: Scene) -> None:
    payloads = hear(scene, "class-8", 1, zh="早")
    assert [(payload["text"], payload["end"]) for payload in payloads] == [
        ("Good", False),
        ("Good morning", True),
    ]
    assert payloads[-1]["translate_msg"] == [{"language": "zh", "text": "早"}]


def test_2_0_without_it_brings_none(scene: Scene) -> None:
    assert hear(scene, "lobby", 1) == []


def test_1_0_brings_them_always(scene: Scene) -> None:
    payloads = hear(scene, "20001", 0, en="早")
    texts = [payload.get("text", payload.get("translation_text")) for payload in payloads]
    assert texts == ["Good", "Good morning", "早"]
