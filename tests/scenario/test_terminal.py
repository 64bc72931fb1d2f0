"""What the terminal shows of the feed, without a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from local.terminal import Screen


def show(entry: dict[str, object]) -> str:
    """The line without its clock."""
    output = io.StringIO()
    Screen(Console(file=output, width=40)).show({"seq": 1, "at_ms": 0, **entry})
    return output.getvalue().rstrip("\n")[10:]


ROOM: dict[str, object] = {"room_id": "class-7", "room_id_type": 1}


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"kind": "room.created", **ROOM}, "room class-7 (string)"),
        (
            {"kind": "room.dismissed", "room_id": "7", "room_id_type": 0},
            "room closed 7 (numeric)",
        ),
        (
            {
                "kind": "function.log",
                "function": "trtc_callback",
                "line": {
                    "level": "INFO",
                    "message": "transcription.started",
                    "room_id": "class-7",
                    "transcription_service": "cloud",
                    "task_id": "t1",
                    "session": "hidden",
                },
            },
            "transcription.started room=class-7 service=cloud task=t1",
        ),
        (
            {
                "kind": "function.log",
                "function": "drain_starts",
                "line": {
                    "level": "INFO",
                    "message": "transcription.started",
                    "room_id": "class-7",
                    "waited_for": "TaskQuota",
                    "waited_ms": 7000,
                },
            },
            "transcription.started room=class-7 waited_for=TaskQuota waited_ms=7000",
        ),
        (
            {"kind": "fault.struck", "fault": 1, "where": "api", "what": "hang", "action": "Stop"},
            "fault api hang action=Stop",
        ),
        (
            {
                "kind": "fault.struck",
                "fault": 2,
                "where": "callback",
                "what": "lose",
                "event_type": 101,
                **ROOM,
            },
            "fault callback lose event=101 room=class-7",
        ),
        (
            {
                "kind": "caption",
                **ROOM,
                "user_id": "amy",
                "language": None,
                "text": "a line longer than the forty columns of this terminal",
            },
            "caption class-7 [spoken] amy: a line longer than the forty columns of this terminal",
        ),
        (
            {"kind": "caption", **ROOM, "user_id": "amy", "language": "zh", "text": "[b]你好"},
            "caption class-7 [zh] amy: [b]你好",
        ),
        (
            {"kind": "caption", **ROOM, "user_id": "amy", "language": "en", "text": "\x1b[2J\n"},
            "caption class-7 [en] amy: \\x1b[2J\\n",
        ),
        (
            {"kind": "callback.delivered", "event_type": 101, **ROOM, "attempt": 1, "status": 503},
            "callback failed: status 503 event=101 room=class-7 attempt=1",
        ),
        ({"kind": "callback.delivered", "event_type": 101, **ROOM, "status": 200}, ""),
        (
            {
                "kind": "callback.delivered",
                "event_type": 101,
                **ROOM,
                "attempt": 1,
                "status": 200,
                "error": "answer too large",
            },
            "callback failed: answer too large event=101 room=class-7 attempt=1",
        ),
        (
            {"kind": "api.call", "action": "StopAITranscription", "outcome": "FailedOperation"},
            "api StopAITranscription: FailedOperation",
        ),
        ({"kind": "api.call", "action": "StopAITranscription", "outcome": "ok"}, ""),
        ({"kind": "some.news"}, ""),
    ],
)
def test_entry_is_one_plain_line(entry: dict[str, object], line: str) -> None:
    assert show(entry) == line


def test_speakers_have_colours_on_a_terminal() -> None:
    output = io.StringIO()
    screen = Screen(Console(file=output, force_terminal=True, color_system="standard"))
    caption = {"kind": "caption", **ROOM, "user_id": "amy", "language": None, "text": "hi"}
    screen.show({"seq": 1, "at_ms": 0, **caption})
    assert "\x1b[36mcaption" in output.getvalue()
