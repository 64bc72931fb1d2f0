"""Whether a played scenario did what it should: counts the live feed and says what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from local.cloud.config import Wanted
from local.cloud.feed import Entry
from local.scenario import Say, Scenario

SPOKEN = "spoken"  # the original, as against a translation
ANCHOR = 20
Room = tuple[str, int]  # id and type: numeric 123 and string "123" are two rooms


class Tally:
    """Counts rooms, tasks and captions; `wanted` says who was to be transcribed."""

    def __init__(self, sdk_app_id: int, wanted: Wanted) -> None:
        self._sdk_app_id = sdk_app_id
        self._wanted = wanted
        self.wanted_rooms: set[Room] = set()
        self.started: dict[str, tuple[str, Room]] = {}  # by task id
        self.stopped: set[str] = set()
        self.captions: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Count one entry of the feed."""
        kind = entry["kind"]
        if kind == "user.entered" and entry.get("role") == ANCHOR:
            self._note_person(entry, "present")
        elif kind == "audio.started":
            self._note_person(entry, "microphone")
        elif kind == "task.started":
            self.started[str(entry["task_id"])] = (str(entry["service"]), _read_room(entry))
        elif kind == "task.stopped":
            self.stopped.add(str(entry["task_id"]))
        elif kind == "caption":
            self.captions[str(entry.get("language") or SPOKEN)] += 1

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
        room = _read_room(entry)
        if self._wanted(self._sdk_app_id, *room, str(entry["user_id"])) == when:
            self.wanted_rooms.add(room)

    def _find_room_faults(self) -> Iterator[str]:
        transcribed = {room for _, room in self.started.values()}
        for room in sorted(self.wanted_rooms - transcribed):
            yield f"room {room[0]}: no task was started"
        for task_id, (service, room) in self.started.items():
            if task_id not in self.stopped:
                yield f"room {room[0]}: its {service} task did not stop"

    def _find_language_faults(self, scenario: Scenario) -> Iterator[str]:
        wanted_ids = {room_id for room_id, _ in self.wanted_rooms}
        said = [s for s in scenario.steps if isinstance(s, Say) and s.room_id in wanted_ids]
        languages = {SPOKEN: None} if said else {}
        languages |= {language: None for step in said for language in step.translations}
        for language in languages:
            if not self.captions[language]:
                yield f"no captions came in: {language}"


def _read_room(entry: Entry) -> Room:
    return str(entry["room_id"]), int(str(entry["room_id_type"]))
