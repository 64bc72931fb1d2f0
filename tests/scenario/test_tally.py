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
    assert "r: no transcription was started" in count(ENTERED, SPOKEN, CHINESE).find_faults(talk())


def test_task_that_runs_on_is_named() -> None:
    faults = count(ENTERED, STARTED, SPOKEN, CHINESE).find_faults(talk())
    assert faults == ["r: its cloud transcription did not stop"]


def test_missing_language_is_named() -> None:
    faults = count(ENTERED, STARTED, SPOKEN, STOPPED).find_faults(talk())
    assert faults == ["r: no translation into zh was told of what was said"]


def test_other_room_of_the_same_name_needs_its_own_task() -> None:
    numeric: dict[str, object] = {"room_id": "7", "room_id_type": 0}
    text: dict[str, object] = {"room_id": "7", "room_id_type": 1}
    tally = count({**ENTERED, **numeric}, {**ENTERED, **text}, {**STARTED, **text}, STOPPED)
    assert tally.find_faults(talk()) == ["7: no transcription was started"]


def test_1_0_tells_of_no_translation() -> None:
    started = {**STARTED, "service": "ai"}
    assert count(ENTERED, started, SPOKEN, STOPPED).find_faults(talk()) == []


def test_room_nobody_wants_lacks_nothing() -> None:
    tally = count({**ENTERED, "room_id": "private"}, {**ENTERED, "user_id": "recorder"})
    assert tally.find_faults(talk()) == []


def test_audience_needs_no_task() -> None:
    assert count({**ENTERED, "role": 21}).find_faults(talk()) == []


def test_microphone_makes_a_room_wanted_where_the_rule_waits_for_it() -> None:
    late: dict[str, object] = {"room_id": "late"}
    assert count({**ENTERED, **late}).find_faults(talk()) == []
    spoke = count({**ENTERED, **late}, {**ENTERED, **late, "kind": "audio.started"})
    assert spoke.find_faults(talk()) == ["late: no transcription was started"]


def test_start_takes_from_the_first_wanted_person_until_the_task_runs() -> None:
    running: dict[str, object] = {**STARTED, "kind": "task.running"}
    again: dict[str, object] = {"task_id": "u", "at_ms": 7000}
    tally = count(
        *({**ENTERED, "at_ms": 1000, "user_id": user_id} for user_id in ("recorder", "amy", "ben")),
        {**running, "at_ms": 1400},
        {**running, **again},  # the same room goes on
        {"kind": "room.created", "at_ms": 8000},
        {**ENTERED, "at_ms": 8000},
        {**running, "task_id": "v", "at_ms": 8300},
    )
    assert tally.starts == {"t": 400, "v": 300}


def test_what_nobody_hears_is_early_until_a_task_runs_and_late_from_then_on() -> None:
    unheard: dict[str, object] = {"kind": "speech.unheard", "user_id": "amy", "text": "hi"}
    running: dict[str, object] = {**STARTED, "kind": "task.running"}
    tally = count(ENTERED, unheard, running, STOPPED, unheard, unheard)
    assert (tally.early["r", 1], tally.late["r", 1]) == (1, 2)


def test_why_a_room_waits_is_the_last_reason_in_its_log() -> None:
    about: dict[str, object] = {"room_id": "r", "room_id_type": 1}
    lines: list[dict[str, object]] = [
        {"level": "INFO", "message": "transcription.waiting", "error_code": "TaskQuota"},
        {"level": "WARNING", "message": "transcription.deferred", "error_code": "InternalError"},
        {"level": "INFO", "message": "task.ended", "reason": "stopped through the API"},
    ]
    log: list[dict[str, object]] = [
        {"kind": "function.log", "line": {**about, **line}} for line in lines
    ]
    assert count(ENTERED, *log).find_faults(talk())[0] == (
        "r: no transcription was started: InternalError"
    )
