"""Whom the emulator's books count as wanted, under each kind of rule."""

from __future__ import annotations

import pytest

from local.cloud.config import Wanting
from local.wanted import read_wanted
from shared.rules.file import parse_rules

RULES = """
[defaults]
service = "cloud"
ignore_users = ["recorder-*"]
[defaults.cloud]
region = "ap-singapore"
language = "bigmodel-en"

[[rules]]
name = "private"
room = ["private-*", "10000-19999"]
service = "none"

[[rules]]
name = "late"
room = "late-*"
start_on = "audio_started"

[[rules]]
name = "speakers"
room = "panel-*"
scope = "user"
[[rules.speakers]]
user = "guest-*"

[[rules]]
name = "late speakers"
room = "stage-*"
scope = "user"
start_on = "audio_started"

[[rules]]
name = "one of the two"
room = "pair-*"
cloud = { subscribe = ["amy", "ben"], unsubscribe = ["ben"] }

[[rules]]
name = "by the old service"
room = "old-*"
service = "ai"
ai = { region = "ap-singapore", language = "16k_zh_en", target_user_ids = ["amy"] }

[[rules]]
name = "everything else"
room = "*"
"""


@pytest.mark.parametrize(
    ("room_id", "room_id_type", "user_id", "wanting"),
    [
        ("class-7", 1, "amy", "present"),
        ("class-7", 1, "recorder-1", None),
        ("class-7", 1, "transcriber_class-7_robot_amy", None),  # under every rule
        ("late-1", 1, "transcriber_late-1_robot_amy", None),
        ("class-7", 1, "transcriber_amy", "present"),
        ("private-1", 1, "amy", None),
        ("12345", 0, "amy", None),
        ("12345", 1, "amy", "present"),
        ("late-1", 1, "amy", "microphone"),
        ("panel-1", 1, "guest-li", "present"),
        ("panel-1", 1, "amy", None),
        ("stage-1", 1, "amy", "microphone"),
        ("pair-1", 1, "amy", "present"),
        ("pair-1", 1, "ben", None),
        ("pair-1", 1, "cat", None),
        ("old-1", 1, "amy", "present"),
        ("old-1", 1, "ben", None),
    ],
)
def test_person_is_wanted_as_the_rule_says(
    room_id: str, room_id_type: int, user_id: str, wanting: Wanting
) -> None:
    assert read_wanted(parse_rules(RULES))(1, room_id, room_id_type, user_id) == wanting
