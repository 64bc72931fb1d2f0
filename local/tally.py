"""Whether a played scenario did what it should: counts the live feed and says what is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from local.cloud.config import Wanted
from local.cloud.feed import Entry
from local.scenario import Say, Scenario

SPOKEN = "spoken"  # the original, as against a translation
ANCHOR = 20
Room = tuple[str, int]  # id and type: numeric 123 and string "123" are two rooms


class Tally:
    """Counts rooms, tasks, captions and what nobody heard; `wanted` says who was to be transcribed.

    `starts` is how many ms passed from the first wanted
    person until a task ran, by the id of the task that ended the wait. `heard` has what was said and
    heard, once however many tasks heard it; `early` and `late` count what was said before a room's
    first task ran, and in vain later. `troubles` has what a room's log last gave as a reason.
    """

    def __init__(self, sdk_app_id: int, wanted: Wanted) -> None:
        self.sdk_app_id = sdk_app_id
        self._wanted = wanted
        self.wanted_rooms: set[Room] = set()
        self._waiting_since: dict[Room, int] = {}
        self.started: dict[str, tuple[str, Room]] = {}  # by task id
        self.starts: dict[str, int] = {}
        self._running: set[Room] = set()  # since they were created
        self.stopped: set[str] = set()
        self.captions: Counter[str] = Counter()
        self.heard: defaultdict[Room, set[tuple[object, ...]]] = defaultdict(set)
        self.early: Counter[Room] = Counter()
        self.late: Counter[Room] = Counter()
        self.troubles: dict[Room, str] = {}

    def add(self, entry: Entry) -> None:
        """Count one entry of the feed."""
        kind = entry["kind"]
        if kind == "room.created":
            self._running.discard(read_room(entry))
            self._waiting_since.pop(read_room(entry), None)
        elif kind == "user.entered" and entry.get("role") == ANCHOR:
            self._note_person(entry, "present")
        elif kind == "audio.started":
            self._note_person(entry, "microphone")
        elif kind == "task.started":
            self.started[str(entry["task_id"])] = (str(entry["service"]), read_room(entry))
        elif kind == "task.running":
            self._note_running(entry)
        elif kind == "task.stopped":
            self.stopped.add(str(entry["task_id"]))
        elif kind == "caption":
            self._note_caption(entry)
        elif kind == "speech.unheard":
            room = read_room(entry)
            (self.late if room in self._running else self.early)[room] += 1
        elif kind == "function.log":
            self._note_trouble(entry["line"])

    def is_settled(self) -> bool:
        """Whether every wanted room had its task, and no task runs."""
        return not any(self._find_room_faults())

    def find_faults(self, scenario: Scenario) -> list[str]:
        """What a scenario lacked, a sentence each; empty when all of it happened."""
        return [*self._find_room_faults(), *self._find_language_faults(scenario)]

    def summarize(self) -> list[str]:
        """The counts, a line each."""
        services = Counter(service for service, _ in self.started.values())
        ended = Counter(self.started[task][0] for task in self.stopped if task in self.started)
        tasks = [f"{name} {services[name]} started, {ended[name]} stopped" for name in services]
        captions = [f"{count} {language}" for language, count in self.captions.items()]
        return [
            f"rooms     {', '.join(sorted(room_id for room_id, _ in self.wanted_rooms)) or 'none'}",
            f"tasks     {' · '.join(tasks) or 'none'}",
            f"captions  {', '.join(captions) or 'none'}",
        ]

    def _note_person(self, entry: Entry, when: str) -> None:
        room = read_room(entry)
        if self._wanted(self.sdk_app_id, *room, str(entry["user_id"])) == when:
            self.wanted_rooms.add(room)
            if room not in self._running:
                self._waiting_since.setdefault(room, _read_ms(entry))

    def _note_running(self, entry: Entry) -> None:
        room = read_room(entry)
        self._running.add(room)
        since_ms = self._waiting_since.pop(room, None)
        if since_ms is not None:
            self.starts[str(entry["task_id"])] = _read_ms(entry) - since_ms

    def _note_caption(self, entry: Entry) -> None:
        self.captions[str(entry.get("language") or SPOKEN)] += 1
        if not entry.get("language"):
            said = (entry["at_ms"], entry.get("user_id"), entry.get("text"))
            self.heard[read_room(entry)].add(said)

    def _note_trouble(self, line: object) -> None:
        if not isinstance(line, Mapping) or not {"room_id", "room_id_type"} <= line.keys():
            return
        reason = find_reason(line)
        if reason:
            self.troubles[read_room(line)] = reason

    def _find_room_faults(self) -> Iterator[str]:
        transcribed = {room for _, room in self.started.values()}
        for room in sorted(self.wanted_rooms - transcribed):
            why = f": {self.troubles[room]}" if room in self.troubles else ""
            yield f"{room[0]}: no transcription was started{why}"
        for task_id, (service, room) in self.started.items():
            if task_id not in self.stopped:
                yield f"{room[0]}: its {service} transcription did not stop"

    def _find_language_faults(self, scenario: Scenario) -> Iterator[str]:
        wanted_ids = {room_id for room_id, _ in self.wanted_rooms}
        # 1.0 sends its translations to the clients in the room alone.
        told_ids = {
            room_id for service, (room_id, _) in self.started.values() if service == "cloud"
        }
        said = [s for s in scenario.steps if isinstance(s, Say) and s.room_id in wanted_ids]
        languages: dict[str, dict[str, None]] = {SPOKEN: {s.room_id: None for s in said}}
        for step in said:
            for language in step.translations if step.room_id in told_ids else ():
                languages.setdefault(language, {})[step.room_id] = None
        for language, rooms in languages.items():
            if rooms and not self.captions[language]:
                what = "nothing" if language == SPOKEN else f"no translation into {language}"
                yield f"{', '.join(rooms)}: {what} was told of what was said"


def read_room(entry: Mapping[str, object]) -> Room:
    """The room that an entry of the feed, or a log line, names."""
    return str(entry["room_id"]), int(str(entry["room_id_type"]))


def find_reason(line: Mapping[str, object]) -> str:
    """Why a log line tells of trouble, with the remedy where it names one; "" for none."""
    why = line.get("reason") or line.get("error_code")
    is_trouble = line.get("level") != "INFO" or line.get("message") == "transcription.waiting"
    if not why or not is_trouble:
        return ""
    return f"{why}; {line['remedy']}" if line.get("remedy") else str(why)


def _read_ms(entry: Entry) -> int:
    return int(str(entry["at_ms"]))
