"""The emulator's own books: how long people were not heard, heard twice, or nobody was there to hear.

missing: person-seconds in which someone whom the rules want is there and no task hears them.
doubled: person-seconds in which two or more tasks hear the same person.
orphaned: task-seconds after the room's close. (Beyond its idle limit a task does not live: the
emulator ends it there.)
"""

from local.cloud.clock import Clock
from local.cloud.state import Room, User, World


class Books:
    """Keeps each room's Account; `settle` must come before every change of that room."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock

    def settle(self, room: Room) -> None:
        """Charge the time since the last change to the state the room has been in."""
        account, now_ms = room.account, self._clock.now_ms()
        elapsed_ms = now_ms - account.settled_ms
        account.settled_ms = now_ms
        if elapsed_ms <= 0:
            return
        if room.open:
            heard = [(user, _count_hearing(room, user)) for user in room.anchors.values()]
            account.missing_ms += elapsed_ms * sum(not n and _is_wanted(u) for u, n in heard)
            account.doubled_ms += elapsed_ms * sum(n > 1 for _, n in heard)
        elif room.closed_ms is not None:
            account.orphaned_ms += elapsed_ms * len(room.tasks)

    def report(self) -> dict[str, object]:
        """The three numbers in seconds, summed and for every room there ever was."""
        for room in self._world.rooms.values():
            self.settle(room)
        accounts = [room.account for room in self._world.rooms.values()]
        return {
            "missing_s": sum(account.missing_ms for account in accounts) / 1000,
            "doubled_s": sum(account.doubled_ms for account in accounts) / 1000,
            "orphaned_s": sum(account.orphaned_ms for account in accounts) / 1000,
            "rooms": [_describe(room) for room in self._world.rooms.values()],
        }


def _count_hearing(room: Room, user: User) -> int:
    return sum(task.hears(user.user_id) for task in room.tasks.values())


def _is_wanted(user: User) -> bool:
    return user.wanted == "present" or (user.wanted == "microphone" and user.microphone)


def _describe(room: Room) -> dict[str, object]:
    return {
        "sdk_app_id": room.sdk_app_id,
        "room_id": room.room_id,
        "room_id_type": room.room_id_type,
        "missing_s": room.account.missing_ms / 1000,
        "doubled_s": room.account.doubled_ms / 1000,
        "orphaned_s": room.account.orphaned_ms / 1000,
    }
