"""The life of transcription tasks: start, Preparing → InProgress, idle, stop, cleaning up."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from local.cloud.announcer import TASK_STARTED, TASK_STOPPED, Announcer
from local.cloud.assumed import QUOTA_CODE, SAME_BOT_CODE, LeaveCode, Service, describe_stop
from local.cloud.books import Books
from local.cloud.clock import Clock, Timer
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError
from local.cloud.presence import LEFT_REMOVED, Presence
from local.cloud.state import ANCHOR, Room, RoomKey, Task, User, World


@dataclass(frozen=True)
class TaskOrder:
    """A request to start, checked and understood."""

    service: Service
    key: RoomKey
    region: str
    bot_user_id: str
    max_idle_s: int
    session_id: str | None = None
    only: frozenset[str] = field(default_factory=frozenset)
    deaf_to: frozenset[str] = field(default_factory=frozenset)
    languages: tuple[str, ...] = ()


class Tasks:
    """Starts and ends tasks, and reviews them whenever their room changed."""

    def __init__(
        self,
        config: CloudConfig,
        clock: Clock,
        world: World,
        books: Books,
        announcer: Announcer,
        presence: Presence,
    ) -> None:
        self._config = config
        self._clock = clock
        self._world = world
        self._books = books
        self._announcer = announcer
        self._presence = presence

    def start(self, order: TaskOrder) -> Task:
        """Start a task; raises ApiError where a running one or the quota is in the way."""
        room = self._world.take_room(order.key, self._clock.now_ms())
        replaced = self._find_rivals(room, order)
        if self._world.live[room.sdk_app_id] - len(replaced) >= self._config.task_quota:
            raise ApiError(QUOTA_CODE)
        for rival in replaced:
            self.end(rival, LeaveCode.SERVER_REMOVED)
        self._books.settle(room)
        task = self._create(room, order)
        self._world.hold(task)
        self._announcer.show_task("task.started", task)
        if task.service == "ai" and self._config.preparing_ms > 0:
            task.next_status = self._after(self._config.preparing_ms, lambda: self._run(task))
            self.review(room)
        else:
            self._run(task)
        return task

    def end(self, task: Task, leave_code: int) -> None:
        """End a running task."""
        self._books.settle(task.room)
        for timer in filter(None, (task.next_status, task.idle_stop)):
            timer.cancel()
        self._world.end(task)
        if task.service == "ai":
            task.status = "Stopped"
            task.next_status = self._after(self._config.cleaning_ms, lambda: self._forget(task))
        else:
            task.status = "Exited"
        self._announcer.tell_task(task, TASK_STOPPED[task.service], describe_stop(leave_code))
        self._announcer.show_task("task.stopped", task, leave_code=int(leave_code))
        self._take_bot_out(task)

    def review(self, room: Room) -> None:
        """After any change of a room: bots that waited outside come in, idle times begin or end."""
        for task in list(room.tasks.values()):
            self._let_bot_in(task)
        for task in room.tasks.values():
            self._watch_idleness(task)

    def _find_rivals(self, room: Room, order: TaskOrder) -> list[Task]:
        """The tasks that have to go. Source: SDK docstrings of SessionId and UserId."""
        if order.service == "ai":
            session = (room.sdk_app_id, order.session_id or "")
            if (room.key, order.bot_user_id) in self._world.ai_bots:
                raise ApiError("FailedOperation.TaskExist")
            if session in self._world.sessions:
                raise ApiError("FailedOperation.TaskExist")
        rivals = [t for t in room.tasks.values() if t.bot_user_id == order.bot_user_id]
        if rivals and self._config.same_bot == "refuse":
            raise ApiError(SAME_BOT_CODE)
        return rivals if self._config.same_bot == "replace" else []

    def _create(self, room: Room, order: TaskOrder) -> Task:
        return Task(
            task_id=f"{secrets.token_urlsafe(26)}.",  # real ones end in a dot, too
            service=order.service,
            room=room,
            region=order.region,
            bot_user_id=order.bot_user_id,
            session_id=order.session_id,
            only=order.only,
            deaf_to=order.deaf_to,
            languages=order.languages,
            max_idle_ms=order.max_idle_s * 1000,
            started_ms=self._clock.now_ms(),
        )

    def _run(self, task: Task) -> None:
        self._books.settle(task.room)
        task.status = "InProgress"
        self._announcer.tell_task(task, TASK_STARTED[task.service], {"Status": 0})
        self._announcer.show_task("task.running", task)
        self.review(task.room)

    def _forget(self, task: Task) -> None:
        task.status = "Exited"
        self._world.release(task)

    def _let_bot_in(self, task: Task) -> None:
        room, user = task.room, task.room.users.get(task.bot_user_id)
        if task.status != "InProgress" or not room.open or (user is not None and user.bot):
            return
        if user is not None:
            self._presence.leave(room, user, LEFT_REMOVED)
        if room.open:
            self._presence.enter(room, User(task.bot_user_id, ANCHOR, bot=True))

    def _take_bot_out(self, task: Task) -> None:
        room, bot = task.room, task.room.users.get(task.bot_user_id)
        others = any(other.bot_user_id == task.bot_user_id for other in room.tasks.values())
        if bot is not None and bot.bot and not others:
            self._presence.leave(room, bot)

    def _watch_idleness(self, task: Task) -> None:
        if any(task.may_hear(user_id) for user_id in task.room.anchors):
            if task.idle_stop is not None:
                task.idle_stop.cancel()
                task.idle_stop = None
        elif task.idle_stop is None:
            task.idle_stop = self._after(task.max_idle_ms, lambda: self.end(task, LeaveCode.IDLE))

    def _after(self, ms: int, callback: Callable[[], None]) -> Timer:
        return self._clock.call_at(self._clock.now_ms() + ms, callback)
