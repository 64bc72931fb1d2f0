"""The life of transcription tasks: start, Preparing → InProgress, idle, stop, cleaning up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from local.cloud.announcer import Announcer
from local.cloud.assumed import REFUSED_CODE, LeaveCode, Service, describe_stop
from local.cloud.books import Books
from local.cloud.clock import Clock, Timer
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError
from local.cloud.events import TASK_STARTED, TASK_STOPPED
from local.cloud.faults.plan import Plan
from local.cloud.presence import LEFT_NORMALLY, LEFT_REMOVED, Presence
from local.cloud.state import ANCHOR, Room, RoomKey, Task, User, World
from local.cloud.task_ids import make_task_id


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
    sends_captions: bool = False
    by_client: bool = False

    def may_hear(self, user_id: str) -> bool:
        """Whether the task is to hear this person."""
        return user_id not in self.deaf_to and (not self.only or user_id in self.only)


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
        plan: Plan,
    ) -> None:
        self._config = config
        self._clock = clock
        self._world = world
        self._books = books
        self._announcer = announcer
        self._presence = presence
        self._plan = plan

    def start(self, order: TaskOrder) -> Task:
        """Start a task; raises ApiError where a running one or the quota is in the way."""
        room = self._world.take_room(order.key, self._clock.now_ms())
        if order.service == "cloud":
            self._check_people(room, order)
        replaced = self._find_rivals(room, order)
        if self._world.live[room.sdk_app_id] - len(replaced) >= self._config.task_quota:
            message = "The number of concurrent tasks exceeds the quota."
            raise ApiError(self._config.find_quota_code(order.service), message)
        for rival in replaced:
            self._finish(rival, LeaveCode.SERVER_REMOVED)
        self._books.settle(room)
        task = self._create(room, order)
        self._world.hold(task)
        self._announcer.show_task("task.started", task)
        self._plan_crash(task)
        if task.service == "ai" and self._config.preparing_ms > 0:
            task.next_status = self._after(self._config.preparing_ms, lambda: self._run(task))
            self.review(room)
        else:
            self._run(task)
        self._presence.close_behind(room)  # not before: the next bot takes the place of the first
        return task

    def end(self, task: Task, leave_code: int) -> None:
        """End a running task."""
        self._finish(task, leave_code)
        self._presence.close_behind(task.room)
        self._world.note_quiet(task.room, self._clock.now_ms())

    def _finish(self, task: Task, leave_code: int) -> None:
        self._books.settle(task.room)
        for timer in filter(None, (task.next_status, task.idle_stop, task.crash)):
            timer.cancel()
        self._world.end(task, self._clock.now_ms())
        if task.service == "ai":
            task.status = "Stopped"
            task.next_status = self._after(self._config.cleaning_ms, lambda: self._forget(task))
        else:
            task.status = "Exited"
        says_why = self._config.leave_code in ("always", task.service)
        payload = describe_stop(leave_code, says_why=says_why)
        self._announcer.tell_task(task, TASK_STOPPED[task.service], payload)
        self._announcer.show_task("task.stopped", task, leave_code=int(leave_code))
        self._take_bot_out(task, leave_code)

    def review(self, room: Room) -> None:
        """After any change of a room: bots that waited outside come in, idle times begin or end."""
        for task in list(room.tasks.values()):
            self._let_bot_in(task)
        for task in room.tasks.values():
            self._watch_idleness(task)
        now_ms = self._clock.now_ms()
        self._world.note_quiet(room, now_ms)
        self._world.forget(now_ms)

    def _check_people(self, room: Room, order: TaskOrder) -> None:
        """Refuse a 2.0 start for a room, or an anchor, that is not there, where CloudConfig says so."""
        needs = self._config.switch(room.sdk_app_id, "start_needs")
        if needs != "nothing" and not room.open:
            raise ApiError(REFUSED_CODE, "The room does not exist.")
        if needs == "anchor" and not any(order.may_hear(user_id) for user_id in room.anchors):
            raise ApiError(REFUSED_CODE, "The anchor is not in the room.")

    def end_with_room(self, room: Room) -> None:
        """The room has been dismissed: its tasks end, where CloudConfig says so."""
        if self._config.switch(room.sdk_app_id, "dismissal_ends_tasks"):
            for task in list(room.tasks.values()):
                self.end(task, LeaveCode.DISMISSED)

    def _find_rivals(self, room: Room, order: TaskOrder) -> list[Task]:
        """The tasks that have to go. Source: SDK docstrings of SessionId and UserId."""
        if order.service == "ai":
            session = (room.sdk_app_id, order.session_id or "")
            if (room.key, order.bot_user_id) in self._world.ai_bots:
                raise ApiError("FailedOperation.TaskExist")
            if session in self._world.sessions:
                raise ApiError("FailedOperation.TaskExist")
        rivals = [t for t in room.tasks.values() if t.bot_user_id == order.bot_user_id]
        same_bot = self._config.switch(room.sdk_app_id, "same_bot")
        if rivals and same_bot == "refuse":
            code = "FailedOperation.TaskExist" if order.service == "ai" else REFUSED_CODE
            raise ApiError(code, "The bot is in the room already.")
        return rivals if same_bot == "replace" else []

    def _create(self, room: Room, order: TaskOrder) -> Task:
        return Task(
            task_id=make_task_id(order.service, self._clock.now_ms()),
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
            sends_captions=order.sends_captions,
            by_client=order.by_client,
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

    def _take_bot_out(self, task: Task, leave_code: int) -> None:
        room, bot = task.room, task.room.users.get(task.bot_user_id)
        others = any(other.bot_user_id == task.bot_user_id for other in room.tasks.values())
        if bot is not None and bot.bot and not others:
            removed = leave_code in (LeaveCode.REMOVED, LeaveCode.SERVER_REMOVED)
            self._presence.remove(room, bot, LEFT_REMOVED if removed else LEFT_NORMALLY)

    def _watch_idleness(self, task: Task) -> None:
        if any(task.may_hear(user_id) for user_id in task.room.anchors):
            task.idle_since_ms = None
            if task.idle_stop is not None:
                task.idle_stop.cancel()
                task.idle_stop = None
        elif task.idle_since_ms is None:
            task.idle_since_ms = self._clock.now_ms()
            if self._config.idle_stops:
                end = partial(self.end, task, LeaveCode.IDLE)
                task.idle_stop = self._after(task.max_idle_ms, end)

    def _plan_crash(self, task: Task) -> None:
        struck = self._plan.strike_task(task.service, task.task_id, task.room.room_id)
        if struck:
            fault = min(struck, key=lambda one: one.after_ms)
            task.crash = self._after(fault.after_ms, partial(self.end, task, fault.leave_code))

    def _after(self, ms: int, callback: Callable[[], None]) -> Timer:
        return self._clock.call_at(self._clock.now_ms() + ms, callback)
