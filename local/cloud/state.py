"""What the emulated cloud holds: rooms, the people and bots in them, tasks; and how to find them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from local.cloud.assumed import Service
from local.cloud.clock import Timer
from local.cloud.config import Wanting

ANCHOR = 20
AUDIENCE = 21

RoomKey = tuple[int, str, int]
Status = Literal["Preparing", "InProgress", "Stopped", "Exited"]


@dataclass
class User:
    """Somebody in a room; `wanted` is what the rules say about them."""

    user_id: str
    role: int
    bot: bool = False
    microphone: bool = False
    wanted: Wanting = None


@dataclass
class Account:
    """What the books hold against a room, settled up to a moment; all in milliseconds."""

    settled_ms: int
    missing_ms: int = 0
    doubled_ms: int = 0
    orphaned_ms: int = 0


@dataclass
class Room:
    """A room id with its type in its application; it may open and close many times."""

    key: RoomKey
    account: Account
    opened_ms: int | None = None  # EventMsTs of its latest 101
    closed_ms: int | None = None  # when it was dismissed last, None while open or before
    users: dict[str, User] = field(default_factory=dict)
    anchors: dict[str, User] = field(default_factory=dict)  # the people among them who may speak
    people: int = 0
    tasks: "dict[str, Task]" = field(default_factory=dict)  # not yet ended
    last_event_ms: int = 0

    @property
    def sdk_app_id(self) -> int:
        return self.key[0]

    @property
    def room_id(self) -> str:
        return self.key[1]

    @property
    def room_id_type(self) -> int:
        return self.key[2]

    @property
    def open(self) -> bool:
        return self.opened_ms is not None and self.closed_ms is None

    def tick(self, now_ms: int) -> int:
        """The EventMsTs of the room's next event: now, or just after its last event."""
        self.last_event_ms = max(now_ms, self.last_event_ms + 1)
        return self.last_event_ms


@dataclass(eq=False)
class Task:
    """A transcription task; `only` empty means everyone, `deaf_to` wins over it."""

    task_id: str
    service: Service
    room: Room
    region: str
    bot_user_id: str
    session_id: str | None
    only: frozenset[str]
    deaf_to: frozenset[str]
    languages: tuple[str, ...]  # to translate to
    max_idle_ms: int
    started_ms: int
    status: Status = "Preparing"
    next_status: Timer | None = None
    idle_stop: Timer | None = None

    def may_hear(self, user_id: str) -> bool:
        """Whether the request that started the task includes this person."""
        return user_id not in self.deaf_to and (not self.only or user_id in self.only)

    def hears(self, user_id: str) -> bool:
        """Whether it would transcribe this person now."""
        return self.status == "InProgress" and self.may_hear(user_id)


class World:
    """All rooms and tasks, with an index for each way of asking for them."""

    def __init__(self) -> None:
        self.rooms: dict[RoomKey, Room] = {}
        self.tasks: dict[str, Task] = {}  # ended ones too
        self.sessions: dict[tuple[int, str], Task] = {}  # 1.0: who holds a SessionId
        self.ai_bots: dict[tuple[RoomKey, str], Task] = {}  # 1.0: who holds a bot in a room
        self.live: Counter[int] = Counter()  # tasks per application
        self._by_text: dict[str, list[Room]] = {}

    def take_room(self, key: RoomKey, now_ms: int) -> Room:
        """The room with that key, known from now on if it was not."""
        room = self.rooms.get(key)
        if room is None:
            room = self.rooms[key] = Room(key, Account(settled_ms=now_ms))
            self._by_text.setdefault(key[1], []).append(room)
        return room

    def find_rooms(self, room_id: str) -> list[Room]:
        """The rooms with that id, of every type and application."""
        return self._by_text.get(room_id, [])

    def hold(self, task: Task) -> None:
        """Enter a task that starts."""
        self.tasks[task.task_id] = task
        task.room.tasks[task.task_id] = task
        self.live[task.room.sdk_app_id] += 1
        if task.service == "ai":
            self.ai_bots[task.room.key, task.bot_user_id] = task
            if task.session_id:
                self.sessions[task.room.sdk_app_id, task.session_id] = task

    def end(self, task: Task) -> None:
        """Take an ended task out of its room and of the quota; what 1.0 holds on to stays held."""
        del task.room.tasks[task.task_id]
        self.live[task.room.sdk_app_id] -= 1

    def release(self, task: Task) -> None:
        """Free the SessionId and the bot of a 1.0 task."""
        self.ai_bots.pop((task.room.key, task.bot_user_id), None)
        if task.session_id:
            self.sessions.pop((task.room.sdk_app_id, task.session_id), None)
