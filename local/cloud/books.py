"""The emulator's own books: how long people were not heard, heard twice, or nobody was there to hear.

missing: person-seconds in which someone whom the rules want is there and no task hears them.
doubled: person-seconds in which two or more tasks hear the same person.
orphaned: task-seconds after the room's close, or beyond the idle limit with nobody there whom the
task may hear.

Tasks that clients have started by themselves (Tencent's own transcribers) are left out of all three.
"""

from collections.abc import Iterator

from local.cloud.accounts import Account, Matter
from local.cloud.clock import Clock
from local.cloud.state import Room, RoomKey, Task, User, World

Charge = tuple[Matter, int]  # what is charged, and since when


class Books:
    """Keeps each room's Account; `settle` must come before every change of that room."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock

    def settle(self, room: Room) -> None:
        """Charge the time since the last change to the state the room has been in."""
        account, now_ms = room.account, self._clock.now_ms()
        since_ms = account.settled_ms
        if now_ms <= since_ms:
            return
        account.settled_ms = now_ms
        account.charge(
            [*_judge_people(room, since_ms), *_judge_tasks(room, since_ms, now_ms)], now_ms
        )

    def report(self, *, intervals: bool = False) -> dict[str, object]:
        """The three numbers in seconds, summed and for every room with something to tell."""
        for room in self._world.rooms.values():
            self.settle(room)
        accounts = self._world.list_accounts()
        total = Account(self._clock.now_ms())
        total.add(self._world.past)
        for _, account in accounts:
            total.add(account)
        rooms = [_describe(key, account, intervals=intervals) for key, account in accounts]
        return {**dict(total.describe()), "rooms": rooms}


def _judge_people(room: Room, since_ms: int) -> Iterator[Charge]:
    if not room.open:
        return
    for user in room.anchors.values():
        hearing = [task.task_id for task in room.api_tasks if task.hears(user.user_id)]
        if not hearing and _is_wanted(user):
            yield Matter("missing", user.user_id), since_ms
        if len(hearing) > 1:
            yield Matter("doubled", user.user_id, tuple(hearing)), since_ms


def _judge_tasks(room: Room, since_ms: int, now_ms: int) -> Iterator[Charge]:
    for task in room.api_tasks:
        from_ms = since_ms if room.closed_ms is not None else _find_overtime(task, since_ms)
        if from_ms is not None and from_ms < now_ms:
            yield Matter("orphaned", None, (task.task_id,)), from_ms


def _find_overtime(task: Task, since_ms: int) -> int | None:
    """Since when, but not before `since_ms`, it has been beyond its idle limit."""
    if task.idle_since_ms is None:
        return None
    return max(since_ms, task.idle_since_ms + task.max_idle_ms)


def _is_wanted(user: User) -> bool:
    return user.wanted == "present" or (user.wanted == "microphone" and user.microphone)


def _describe(key: RoomKey, account: Account, *, intervals: bool) -> dict[str, object]:
    sdk_app_id, room_id, room_id_type = key
    where = {"sdk_app_id": sdk_app_id, "room_id": room_id, "room_id_type": room_id_type}
    more = {"intervals": [one.describe() for one in account.intervals]} if intervals else {}
    return {**where, **dict(account.describe()), **more}
