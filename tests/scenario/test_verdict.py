"""What `up --once` says at the end."""

from __future__ import annotations

from local.cloud.config import Wanting
from local.tally import Tally
from local.verdict import give_verdict

ROOM: dict[str, object] = {"room_id": "r", "room_id_type": 1}
ENTERED: dict[str, object] = {"kind": "user.entered", "user_id": "amy", "role": 20, "at_ms": 1000}
STARTED: dict[str, object] = {"kind": "task.started", "task_id": "t", "service": "cloud"}
RUNNING: dict[str, object] = {**STARTED, "kind": "task.running", "at_ms": 1400}
HEARD: dict[str, object] = {"kind": "caption", "user_id": "amy", "text": "hi"}
UNHEARD: dict[str, object] = {"kind": "speech.unheard", "user_id": "amy", "text": "hi"}
TROUBLE: dict[str, object] = {
    "kind": "function.log",
    "line": {**ROOM, "level": "ERROR", "reason": "the quota is full", "remedy": "raise it"},
}


def want(_app: int, room_id: str, _type: int, _user_id: str) -> Wanting:
    return None if room_id == "private" else "present"


def count(*entries: dict[str, object]) -> Tally:
    tally = Tally(1, want)
    for entry in entries:
        tally.add({**ROOM, "seq": 1, "at_ms": 2000, **entry})
    return tally


def judge(*entries: dict[str, object], kept: int = 0) -> list[str]:
    return give_verdict(count(*entries), {("r", 1): kept}, [])


def test_all_was_transcribed() -> None:
    verdict = judge(ENTERED, STARTED, RUNNING, HEARD, kept=1)
    assert verdict == [
        "1 room: all that was said after the start was transcribed; the start took 0.4 s"
    ]


def test_starts_of_several_rooms_are_told_from_the_shortest_to_the_longest() -> None:
    other = {"room_id": "s", "task_id": "u"}
    tally = count(ENTERED, RUNNING, {**ENTERED, **other}, {**RUNNING, **other, "at_ms": 1900})
    assert give_verdict(tally, {}, []) == [
        "2 rooms: nothing was said that had to be transcribed; starts took 0.4 to 0.9 s"
    ]


def test_what_was_heard_must_stand_in_the_transcript() -> None:
    later = {**HEARD, "at_ms": 3000}
    assert judge(ENTERED, RUNNING, HEARD, HEARD, later, TROUBLE, kept=1) == [
        "1 room: not all was transcribed; the start took 0.4 s",
        "r: 1 of 2 sentences heard, and not in the transcript: the quota is full; raise it",
    ]


def test_what_was_said_too_early_is_named_and_no_fault() -> None:
    assert judge(ENTERED, UNHEARD, RUNNING, HEARD, kept=1)[1:] == [
        "r: 1 of 2 sentences said before a transcription ran"
    ]


def test_what_was_said_while_nothing_transcribed_is_a_fault() -> None:
    assert judge(ENTERED, RUNNING, HEARD, UNHEARD, TROUBLE, kept=1) == [
        "1 room: not all was transcribed; the start took 0.4 s",
        "r: 1 of 2 sentences said while nothing transcribed: the quota is full; raise it",
    ]


def test_room_nobody_wants_is_no_room_of_the_verdict() -> None:
    private: dict[str, object] = {"room_id": "private"}
    tally = count({**ENTERED, **private}, {**UNHEARD, **private})
    assert give_verdict(tally, {}, ["something else"]) == [
        "no rooms: not all was transcribed",
        "something else",
    ]
