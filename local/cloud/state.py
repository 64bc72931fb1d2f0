"""What the emulated cloud holds: rooms, the people and bots in them, tasks; and how to find them."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Literal

from local.cloud.accounts import Account
from local.cloud.assumed import KEPT_MS, Service
from local.cloud.clock import Timer
from local.cloud.config import Wanting

ANCHOR = 20
AUDIENCE = 21

RoomKey = tuple[int, str, int]
Status = Literal["Preparing", "InProgress", "Stopped", "Exited"]

KEPT_ACCOUNTS = 10_000  # of rooms that are forgotten


@dataclass
class User:
    """Somebody in a room; `wanted` is what the rules say about them."""

    user_id: str
    role: int
    bot: bool = False
    microphone: bool = False
    wanted: Wanting = None


@dataclass(eq=False)
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
    quiet_ms: int = 0  # when it was last found quiet

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
    def api_tasks(self) -> "list[Task]":
        """Its tasks but for those that clients have started by themselves."""
        return [task for task in self.tasks.values() if not task.by_client]

    @property
    def open(self) -> bool:
        return self.opened_ms is not None and self.closed_ms is None

    @property
    def quiet(self) -> bool:
        """Whether nothing is left of it but memories."""
        return not (self.open or self.users or self.tasks)

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
    sends_captions: bool = False  # to clients in the room
    by_client: bool = False  # a client in the room started it, not the API
    messages_sent: int = 0
    said_until_ms: dict[str, int] = field(default_factory=dict)  # by user, since the start
    status: Status = "Preparing"
    idle_since_ms: int | None = None  # while nobody is there whom it may hear
    next_status: Timer | None = None
    idle_stop: Timer | None = None
    crash: Timer | None = None

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
        self.tasks: dict[str, Task] = {}  # ended ones too, until they are forgotten
        self.sessions: dict[tuple[int, str], Task] = {}  # 1.0: who holds a SessionId
        self.ai_bots: dict[tuple[RoomKey, str], Task] = {}  # 1.0: who holds a bot in a room
        self.live: Counter[int] = Counter()  # tasks per application
        self.past = Account(settled_ms=0)  # sums of the accounts that are kept no longer
        self._by_text: dict[str, list[Room]] = {}
        self._accounts: dict[RoomKey, Account] = {}  # of forgotten rooms
        self._ended: deque[tuple[int, Task]] = deque()
        self._quiet: deque[tuple[int, Room]] = deque()

    def take_room(self, key: RoomKey, now_ms: int) -> Room:
        """The room with that key, known from now on if it was not."""
        room = self.rooms.get(key)
        if room is None:
            account = self._accounts.pop(key, None) or Account(now_ms)
            account.settled_ms = now_ms
            room = self.rooms[key] = Room(key, account)
            self._by_text.setdefault(key[1], []).append(room)
            self.note_quiet(room, now_ms)
        return room

    def find_rooms(self, room_id: str) -> list[Room]:
        """The rooms with that id, of every type and application."""
        return self._by_text.get(room_id, [])

    def list_accounts(self) -> list[tuple[RoomKey, Account]]:
        """The accounts of forgotten rooms that have something against them, and of all known ones."""
        known = [(room.key, room.account) for room in self.rooms.values()]
        return [*self._accounts.items(), *known]

    def hold(self, task: Task) -> None:
        """Enter a task that starts."""
        self.tasks[task.task_id] = task
        task.room.tasks[task.task_id] = task
        self.live[task.room.sdk_app_id] += 1
        if task.service == "ai":
            self.ai_bots[task.room.key, task.bot_user_id] = task
            if task.session_id:
                self.sessions[task.room.sdk_app_id, task.session_id] = task

    def end(self, task: Task, now_ms: int) -> None:
        """Take an ended task out of its room and of the quota; what 1.0 holds on to stays held."""
        del task.room.tasks[task.task_id]
        self.live[task.room.sdk_app_id] -= 1
        self._ended.append((now_ms, task))

    def release(self, task: Task) -> None:
        """Free the SessionId and the bot of a 1.0 task."""
        self.ai_bots.pop((task.room.key, task.bot_user_id), None)
        if task.session_id:
            self.sessions.pop((task.room.sdk_app_id, task.session_id), None)

    def note_quiet(self, room: Room, now_ms: int) -> None:
        """Begin to forget a room in which nothing goes on."""
        if room.quiet:
            room.quiet_ms = now_ms
            self._quiet.append((now_ms, room))

    def forget(self, now_ms: int) -> None:
        """Forget tasks that ended, and rooms that have been quiet, more than KEPT_MS ago."""
        while self._ended and self._ended[0][0] < now_ms - KEPT_MS:
            _, task = self._ended.popleft()
            del self.tasks[task.task_id]
        while self._quiet and self._quiet[0][0] < now_ms - KEPT_MS:
            since_ms, room = self._quiet.popleft()
            if room.quiet and room.quiet_ms == since_ms:
                self._forget_room(room)

    def _forget_room(self, room: Room) -> None:
        if self.rooms.get(room.key) is not room:
            return  # noted twice in the same millisecond
        del self.rooms[room.key]
        namesakes = self._by_text[room.room_id]
        namesakes.remove(room)
        if not namesakes:
            del self._by_text[room.room_id]
        if not room.account.is_clean:
            self._accounts[room.key] = room.account
        if len(self._accounts) > KEPT_ACCOUNTS:
            self.past.add(self._accounts.pop(next(iter(self._accounts))))
