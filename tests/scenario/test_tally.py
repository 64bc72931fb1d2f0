"""Whether a played scenario counts as done."""

from __future__ import annotations

from local.cloud.config import Wanting
from local.scenario import Scenario, parse_scenario
from local.tally import Tally

TALK = """
[[step]]
do = "say"
room_id = "r"
user_id = "amy"
text = "hello"
translations = { zh = "你好" }
"""


def want(_app: int, room_id: str, _type: int, user_id: str) -> Wanting:
    if room_id == "private" or user_id == "recorder":
        return None
    return "microphone" if room_id == "late" else "present"


def talk() -> Scenario:
    return parse_scenario(TALK, "talk.toml")


def count(*entries: dict[str, object]) -> Tally:
    tally = Tally(1, want)
    for entry in entries:
        tally.add({"room_id": "r", "room_id_type": 1, "seq": 1, "at_ms": 0, **entry})
    return tally


ENTERED: dict[str, object] = {"kind": "user.entered", "user_id": "amy", "role": 20}
STARTED: dict[str, object] = {"kind": "task.started", "task_id": "t", "service": "cloud"}
STOPPED: dict[str, object] = {"kind": "task.stopped", "task_id": "t", "service": "cloud"}
SPOKEN: dict[str, object] = {"kind": "caption", "language": None, "task_id": "t"}
CHINESE: dict[str, object] = {"kind": "caption", "language": "zh", "task_id": "t"}


def test_nothing_lacks_when_all_happened() -> None:
    tally = count(ENTERED, STARTED, SPOKEN, CHINESE, STOPPED)
    assert tally.find_faults(talk()) == []
    assert tally.summarize() == [
        "rooms     r",
        "tasks     cloud 1 started, 1 stopped",
        "captions  1 spoken, 1 zh",
    ]


def test_room_without_a_task_is_named() -> None:
    assert "room r: no task was started" in count(ENTERED, SPOKEN, CHINESE).find_faults(talk())


def test_task_that_runs_on_is_named() -> None:
    faults = count(ENTERED, STARTED, SPOKEN, CHINESE).find_faults(talk())
    assert faults == ["room r: its cloud task did not stop"]


def test_missing_language_is_named() -> None:
    faults = count(ENTERED, STARTED, SPOKEN, STOPPED).find_faults(talk())
    assert faults == ["no captions came in: zh"]


def test_other_room_of_the_same_name_needs_its_own_task() -> None:
    numeric: dict[str, object] = {"room_id": "7", "room_id_type": 0}
    text: dict[str, object] = {"room_id": "7", "room_id_type": 1}
    tally = count({**ENTERED, **numeric}, {**ENTERED, **text}, {**STARTED, **text}, STOPPED)
    assert tally.find_faults(talk()) == ["room 7: no task was started"]


def test_room_nobody_wants_lacks_nothing() -> None:
    tally = count({**ENTERED, "room_id": "private"}, {**ENTERED, "user_id": "recorder"})
    assert tally.find_faults(talk()) == []


def test_audience_needs_no_task() -> None:
    assert count({**ENTERED, "role": 21}).find_faults(talk()) == []


def test_microphone_makes_a_room_wanted_where_the_rule_waits_for_it() -> None:
    late: dict[str, object] = {"room_id": "late"}
    assert count({**ENTERED, **late}).find_faults(talk()) == []
    spoke = count({**ENTERED, **late}, {**ENTERED, **late, "kind": "audio.started"})
    assert spoke.find_faults(talk()) == ["room late: no task was started"]
