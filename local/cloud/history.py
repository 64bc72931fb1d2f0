"""What TRTC's dashboard keeps of rooms: every life of a room, and who was in it when."""

import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from local.cloud.state import Room, RoomKey

KEPT_LIVES = 20_000  # more than any test looks back on; the real ones are kept for 14 days


@dataclass
class Visit:
    """One stay of somebody in a room, in ms since 1970; `left_ms` None: still there."""

    user_id: str
    joined_ms: int
    left_ms: int | None = None


@dataclass
class Life:
    """A room from its creation to its end (None: not yet), in ms since 1970."""

    key: RoomKey
    creator: str
    created_ms: int
    destroyed_ms: int | None = None
    visits: list[Visit] = field(default_factory=list)

    @property
    def comm_id(self) -> str:
        """SdkAppId, a number for the room, and when it was created, in seconds.

        Source: the SDK's docstring; of a string room the official example has a number there, too.
        """
        sdk_app_id, room_id, room_id_type = self.key
        number = zlib.crc32(room_id.encode()) if room_id_type else room_id
        return f"{sdk_app_id}_{number}_{self.created_ms // 1000}"


class History:
    """The lives of all rooms, the newest first."""

    def __init__(self) -> None:
        self._lives: deque[Life] = deque(maxlen=KEPT_LIVES)
        self._current: dict[RoomKey, Life] = {}

    def open(self, room: Room, creator: str, now_ms: int) -> None:
        """A room is created."""
        life = self._current[room.key] = Life(room.key, creator, now_ms)
        self._lives.appendleft(life)

    def close(self, room: Room, now_ms: int) -> None:
        """A room has ended, and with it every stay in it, though a bot may leave later."""
        life = self._current.pop(room.key)
        life.destroyed_ms = now_ms
        for visit in life.visits:
            visit.left_ms = visit.left_ms or now_ms

    def enter(self, room: Room, user_id: str, now_ms: int) -> None:
        """Somebody enters; a bot that waits outside of a room that is not open is in none."""
        if room.open:
            self._current[room.key].visits.append(Visit(user_id, now_ms))

    def leave(self, room: Room, user_id: str, now_ms: int) -> None:
        """Somebody leaves."""
        life = self._current.get(room.key)
        for visit in life.visits if life else ():
            if visit.user_id == user_id and visit.left_ms is None:
                visit.left_ms = now_ms

    def list_lives(self, sdk_app_id: int) -> Iterator[Life]:
        """Those of an application, the newest first."""
        return (life for life in self._lives if life.key[0] == sdk_app_id)
