"""The terminal: a line for each entry of the live feed, in the words of a Story or in all detail."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping

from rich.console import Console
from rich.text import Text

from local.cloud.feed import Entry
from local.printable import make_printable

LOG_FIELDS = {  # what of a log line is worth a glance, and the short name it gets
    "room_id": "room",
    "user_id": "user",
    "transcription_service": "service",
    "task_id": "task",
    "event_type": "event",
    "outcome": "outcome",
    "error_code": "error_code",
    "reason": "reason",
    "start_latency_ms": "start_latency_ms",
    "first_text_latency_ms": "first_text_latency_ms",
    "silent_ms": "silent_ms",
    "waited_for": "waited_for",
    "waited_ms": "waited_ms",
}
MESSAGE_STYLES = {
    "transcription.started": "bold green",
    "transcription.stopped": "bold",
    "transcription.waiting": "yellow",
}
LEVEL_STYLES = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}
SPEAKER_STYLES = ("cyan", "magenta", "green", "blue", "bright_yellow", "bright_red")


class PatientConsole(Console):
    """A console that outlives its reader, as in `./roomscribe up | head -1`."""

    def on_broken_pipe(self) -> None:
        """Go on serving, in silence."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Screen:
    """Prints feed entries, one line each; in colour on a terminal, plainly elsewhere.

    `describe` gives an entry's text and style; without one every callback and log line is told.
    """

    def __init__(
        self,
        console: Console | None = None,
        describe: Callable[[Entry], tuple[str, str]] | None = None,
    ) -> None:
        self._console = console or PatientConsole(highlight=False)
        self._describe = describe or describe_in_detail
        self._styles: dict[str, str] = {}

    def show(self, entry: Entry) -> None:
        """Print an entry, unless it is not worth a line."""
        text, style = self._describe(entry)
        if not text:
            return
        if entry["kind"] == "caption":
            style = self._find_style(str(entry["user_id"]))
        clock = time.strftime("%H:%M:%S", time.localtime(int(str(entry["at_ms"])) / 1000))
        self._print(Text.assemble((clock, "dim"), "  ", (make_printable(text), style)))

    def say(self, text: str, style: str = "") -> None:
        """Print a line of our own."""
        self._print(Text(make_printable(text), style))

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)

    def _find_style(self, user_id: str) -> str:
        number = len(self._styles) % len(SPEAKER_STYLES)
        return self._styles.setdefault(user_id, SPEAKER_STYLES[number])


def describe_in_detail(entry: Entry) -> tuple[str, str]:
    """The text of an entry, "" for what is not worth a line, and its style."""
    describe = DESCRIPTIONS.get(str(entry["kind"]))
    return describe(entry) if describe else ("", "")


def _describe_room(entry: Entry) -> tuple[str, str]:
    kind = "string" if entry.get("room_id_type") == 1 else "numeric"
    what = "room" if entry["kind"] == "room.created" else "room closed"
    return f"{what} {entry['room_id']} ({kind})", "bold"


def _describe_person(entry: Entry) -> tuple[str, str]:
    return f"{entry['kind']} room={entry['room_id']} user={entry['user_id']}", "dim"


def _describe_log(entry: Entry) -> tuple[str, str]:
    line = entry["line"]
    assert isinstance(line, Mapping)  # noqa: S101  host.py publishes nothing else
    words = [f"{name}={line[key]}" for key, name in LOG_FIELDS.items() if line.get(key) is not None]
    message = str(line.get("message", line))
    quiet = MESSAGE_STYLES.get(message, "dim")
    style = LEVEL_STYLES.get(str(line.get("level")).upper(), quiet)
    return " ".join([message, *words]), style


def _describe_caption(entry: Entry) -> tuple[str, str]:
    language = entry.get("language") or "spoken"
    return f"caption {entry['room_id']} [{language}] {entry['user_id']}: {entry['text']}", ""


def _describe_delivery(entry: Entry) -> tuple[str, str]:
    """Only what went wrong: a webhook that worked shows in the function's own log line."""
    if entry.get("status") == 200 and not entry.get("error"):
        return "", ""
    reason = entry.get("error") or f"status {entry.get('status')}"
    words = f"event={entry['event_type']} room={entry['room_id']} attempt={entry['attempt']}"
    return f"callback failed: {reason} {words}", "red"


def _describe_call(entry: Entry) -> tuple[str, str]:
    """Only errors, as above."""
    if entry["outcome"] == "ok":
        return "", ""
    room = f" room={entry['room_id']}" if entry.get("room_id") else ""
    return f"api {entry['action']}: {entry['outcome']}{room}", "red"


def _describe_file(entry: Entry) -> tuple[str, str]:
    """What changed in the bucket; reading changes nothing."""
    what = "file" if entry["kind"] == "cos.put" else "file deleted"
    return f"{what} {entry['key']} ({entry['size']} bytes)", "dim"


def _describe_refusal(entry: Entry) -> tuple[str, str]:
    """Only what went wrong: to ask for a file that is not there is a way of looking."""
    if entry["code"] == "NoSuchKey":
        return "", ""
    return f"cos {entry['action']}: {entry['code']} {entry['key']}", "red"


def _describe_event(entry: Entry) -> tuple[str, str]:
    """An event at the local receiver: whether it is signed as it should be, and what was answered."""
    verified = "verified" if entry["verified"] else f"NOT verified: {entry['problem']}"
    room = f" room={entry['room_id']}" if entry.get("room_id") else ""
    words = f"{verified}{room} attempt={entry['attempt']} answered={entry['answered']}"
    return f"event {entry['type']} {words}", "cyan" if entry["verified"] else "red"


def _describe_strike(entry: Entry) -> tuple[str, str]:
    """What went wrong on purpose, and where: what follows in the logs is its doing."""
    about = {
        "event_type": "event",
        "action": "action",
        "operation": "operation",
        "receiver": "receiver",
        "room_id": "room",
        "task_id": "task",
    }
    words = [f"{name}={entry[key]}" for key, name in about.items() if key in entry]
    return " ".join([f"fault {entry['where']} {entry['what']}", *words]), "magenta"


DESCRIPTIONS: Mapping[str, Callable[[Entry], tuple[str, str]]] = {
    "room.created": _describe_room,
    "room.dismissed": _describe_room,
    "user.entered": _describe_person,
    "user.left": _describe_person,
    "function.log": _describe_log,
    "caption": _describe_caption,
    "callback.delivered": _describe_delivery,
    "api.call": _describe_call,
    "cos.put": _describe_file,
    "cos.deleted": _describe_file,
    "cos.refused": _describe_refusal,
    "fault.struck": _describe_strike,
    "event.received": _describe_event,
}
