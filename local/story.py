"""What a person wants to know of the live feed: one line for each thing that matters, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from local.cloud.feed import Entry
from local.cloud.room_ids import is_client_transcriber
from local.tally import Room, Tally, find_reason, read_room

BAD_LEVELS = {"WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold red"}
SERVICES = {"cloud": "2.0", "ai": "1.0"}
KINDS = ("numeric", "string")
DELIVERED = {  # events that an endpoint has taken
    "transcript.completed": "transcript delivered",
    "transcript.updated": "transcript delivered again, with what came later",
}
COME_BACK = 503  # asked for, so no failure
ROOM_WIDTH = 10  # shorter ids are filled up, so that what happens stands in one column

Line = tuple[str, str]  # a text and its style
SILENCE: Line = ("", "")


class Story:
    """Tells a feed, entry by entry; `tally` has counted each entry before it is told here."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._open = set[Room]()
        self._told_unwanted = set[Room]()
        self._tell: Mapping[str, Callable[[Entry], Line]] = {
            "room.created": self._tell_created,
            "room.dismissed": self._tell_ended,
            "user.entered": self._tell_person,
            "user.left": self._tell_person,
            "task.running": self._tell_running,
            "task.stopped": self._tell_stopped,
            "caption": self._tell_caption,
            "speech.unheard": self._tell_unheard,
            "function.log": self._tell_log,
            "callback.delivered": self._tell_callback,
            "event.received": self._tell_event,
        }

    def describe(self, entry: Entry) -> Line:
        """A line and its style; an empty one for what does not matter."""
        tell = self._tell.get(str(entry["kind"]))
        text, style = tell(entry) if tell else SILENCE
        return _put_in_room(entry.get("room_id"), text), style

    def _tell_created(self, entry: Entry) -> Line:
        room = read_room(entry)
        self._open.add(room)
        return f"room created ({KINDS[room[1]]} id)", "bold"

    def _tell_ended(self, entry: Entry) -> Line:
        room = read_room(entry)
        self._open.discard(room)
        self._told_unwanted.discard(room)
        return "room ended", "bold"

    def _tell_person(self, entry: Entry) -> Line:
        if entry.get("bot"):
            return SILENCE
        return f"{entry['user_id']} {'came' if entry['kind'] == 'user.entered' else 'left'}", "dim"

    def _tell_running(self, entry: Entry) -> Line:
        if is_client_transcriber(str(entry["bot_user_id"])):
            return "a client's own transcriber runs", "dim"
        took_ms = self._tally.starts.get(str(entry["task_id"]))
        after = "" if took_ms is None else f" after {took_ms / 1000:.1f} s"
        return (
            f"transcription runs{after} (service {SERVICES[str(entry['service'])]})",
            "bold green",
        )

    def _tell_stopped(self, entry: Entry) -> Line:
        """Only of a room that goes on: the end of a room is the end of its transcription."""
        return ("transcription stopped", "yellow") if read_room(entry) in self._open else SILENCE

    def _tell_caption(self, entry: Entry) -> Line:
        """A sentence with its translations, of which the feed tells once more one by one."""
        if entry.get("language"):
            return SILENCE
        translations = entry.get("translations")
        assert isinstance(translations, Mapping)  # noqa: S101  local/cloud/speech.py
        words = [f"{entry['user_id']}: {entry['text']}"]
        words += [f"[{language}] {text}" for language, text in translations.items()]
        return " ".join(words), ""

    def _tell_unheard(self, entry: Entry) -> Line:
        is_wanted = read_room(entry) in self._tally.wanted_rooms
        style = "yellow" if is_wanted else "dim"
        return f"{entry['user_id']}: {entry['text']} (not transcribed)", style

    def _tell_log(self, entry: Entry) -> Line:
        """What went wrong, and the few good lines that nothing else in the feed tells."""
        line = entry["line"]
        assert isinstance(line, Mapping)  # noqa: S101  local/host/app.py
        message, style = str(line.get("message", line)), BAD_LEVELS.get(str(line.get("level")))
        told = self._tell_good(message, line)
        if style or message == "transcription.waiting":
            told = ": ".join(filter(None, (_say(message), find_reason(line))))
        return _put_in_room(line.get("room_id") or _find_room_id(line), told), style or ""

    def _tell_good(self, message: str, line: Mapping[str, object]) -> str:
        if message == "event.sent":
            return DELIVERED.get(str(line.get("type")), "")
        if message == "transcription.not_wanted":
            room = read_room(line)
            if room not in self._told_unwanted:
                self._told_unwanted.add(room)
                return f"not transcribed: rule {line.get('rule')!r} says so"
        return ""

    def _tell_callback(self, entry: Entry) -> Line:
        status = entry.get("status")
        if (
            not entry.get("error")
            and isinstance(status, int)
            and (status < 500 or status == COME_BACK)
        ):
            return SILENCE  # whoever refuses says why in a line of its own
        return f"TRTC's callback failed: {entry.get('error') or f'status {status}'}", "red"

    def _tell_event(self, entry: Entry) -> Line:
        if entry["verified"]:
            return SILENCE
        return f"{entry['type']} came with a wrong signature: {entry['problem']}", "red"


def _put_in_room(room_id: object, text: str) -> str:
    return f"{room_id!s:{ROOM_WIDTH}}  {text}" if text and room_id else text


def _find_room_id(line: Mapping[str, object]) -> str:
    """The room in the id of a session, APPLICATION/TYPE/ROOM/MS; "" in a line without."""
    return str(line.get("session", "")).partition("/")[2].partition("/")[2].rpartition("/")[0]


def _say(message: str) -> str:
    """A log message in words: transcription.stop_failed is "transcription stop failed"."""
    return message.replace(".", " ").replace("_", " ")
