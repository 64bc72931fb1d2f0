"""What the terminal tells people: a line for each thing that matters, none for the rest."""

from __future__ import annotations

import pytest

from local.cloud.config import Wanting
from local.story import Story
from local.tally import Tally

ROOM: dict[str, object] = {"room_id": "class-7", "room_id_type": 1}
BOT = "roomscribe_lcgo746jjemhdruoels3"
TASK: dict[str, object] = {**ROOM, "task_id": "t", "service": "cloud", "bot_user_id": BOT}
SAID: dict[str, object] = {**ROOM, "kind": "caption", "user_id": "amy", "text": "Hi", "at_ms": 9000}


def want(_app: int, room_id: str, _type: int, _user_id: str) -> Wanting:
    return None if room_id == "private-1" else "present"


def tell(*entries: dict[str, object]) -> list[str]:
    tally = Tally(1, want)
    story, lines = Story(tally), list[str]()
    for entry in entries:
        whole = {"seq": 1, "at_ms": 0, **entry}
        tally.add(whole)
        lines.append(story.describe(whole)[0])
    return [line for line in lines if line]


def log(message: str, level: str = "INFO", **fields: object) -> dict[str, object]:
    line = {"message": message, "level": level, **ROOM, **fields}
    return {"kind": "function.log", "function": "trtc_callback", "line": line}


def test_meeting_is_told_from_its_creation_to_its_delivery() -> None:
    person: dict[str, object] = {**ROOM, "user_id": "amy", "role": 20, "bot": False}
    bot = {**person, "user_id": BOT, "bot": True}
    session = "1400000001/1/class-7/1700000000000"
    assert tell(
        {**ROOM, "kind": "room.created"},
        {**person, "kind": "user.entered", "at_ms": 1000},
        log("callback.ignored", outcome="own_bot", event_type=103),
        {**TASK, "kind": "task.started", "at_ms": 1100},
        {**TASK, "kind": "task.running", "at_ms": 1400},
        {**bot, "kind": "user.entered"},
        log("transcription.started", outcome="started", task_id="t"),
        {**SAID, "language": None, "translations": {"zh": "你好", "ja": "やあ"}},
        {**SAID, "language": "zh", "text": "你好"},
        {"kind": "callback.delivered", "event_type": 1403, **ROOM, "attempt": 1, "status": 200},
        {"kind": "fault.struck", "where": "callback", "what": "delay", "event_type": 1403},
        {"kind": "api.call", "action": "Delete", "outcome": "ResourceNotFound", **ROOM},
        {**person, "kind": "user.left"},
        {**ROOM, "kind": "room.dismissed"},
        {**TASK, "kind": "task.stopped"},
        {**bot, "kind": "user.left"},
        {"kind": "cos.put", "key": "a", "size": 1},
        {"kind": "function.log", "line": {"message": "event.sent", "type": "room.transcribing"}},
        {
            "kind": "function.log",
            "line": {
                "message": "event.sent",
                "level": "INFO",
                "type": "transcript.completed",
                "session": session,
                "endpoint": "bbda9e29",
            },
        },
    ) == [
        "class-7     room created (string id)",
        "class-7     amy came",
        "class-7     transcription runs after 0.4 s (service 2.0)",
        "class-7     amy: Hi [zh] 你好 [ja] やあ",
        "class-7     amy left",
        "class-7     room ended",
        "class-7     transcript delivered",
    ]


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (
            log("transcription.failed", "ERROR", error_code="InvalidParameter.UserSig"),
            "class-7     transcription failed: InvalidParameter.UserSig",
        ),
        (
            log("transcription.failed", "ERROR", reason="the key is wrong", remedy="set it"),
            "class-7     transcription failed: the key is wrong; set it",
        ),
        (
            log("transcription.waiting", outcome="due", error_code="TaskQuota"),
            "class-7     transcription waiting: TaskQuota",
        ),
        (log("room.silent", "WARNING"), "class-7     room silent"),
        (
            {**ROOM, "kind": "speech.unheard", "user_id": "amy", "text": "In vain"},
            "class-7     amy: In vain (not transcribed)",
        ),
        (
            {**TASK, "kind": "task.running", "bot_user_id": "transcriber_class-7_robot_amy"},
            "class-7     a client's own transcriber runs",
        ),
        (
            {**ROOM, "kind": "callback.delivered", "event_type": 101, "error": "no answer"},
            "class-7     TRTC's callback failed: no answer",
        ),
        (
            {**ROOM, "kind": "event.received", "type": "x", "verified": False, "problem": "old"},
            "class-7     x came with a wrong signature: old",
        ),
    ],
)
def test_what_goes_wrong_is_told_with_its_reason(entry: dict[str, object], line: str) -> None:
    assert tell(entry) == [line]


@pytest.mark.parametrize("status", [200, 401, 503])
def test_answer_that_a_log_line_explains_is_not_told_twice(status: int) -> None:
    delivered = {**ROOM, "kind": "callback.delivered", "event_type": 101, "status": status}
    assert tell(delivered) == []


def test_transcription_that_stops_in_a_room_that_goes_on_is_told() -> None:
    stopped = {**TASK, "kind": "task.stopped"}
    assert tell({**ROOM, "kind": "room.created"}, stopped)[1:] == [
        "class-7     transcription stopped"
    ]


def test_room_that_its_rule_leaves_alone_is_told_once() -> None:
    unwanted = log("transcription.not_wanted", room_id="private-1", rule="private rooms")
    assert tell(unwanted, unwanted) == ["private-1   not transcribed: rule 'private rooms' says so"]
