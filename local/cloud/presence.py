"""Who is in a room: the bare steps of opening, entering, speaking, leaving and closing, with their events."""

from local.cloud.announcer import Announcer
from local.cloud.books import Books
from local.cloud.config import CloudConfig
from local.cloud.history import History
from local.cloud.room_ids import is_client_transcriber
from local.cloud.state import ANCHOR, Room, User

# Source of the codes: doc 647/51586 (2025-01-06).
ENTERED_NORMALLY = 1
LEFT_NORMALLY = 1
LEFT_REMOVED = 3
AUDIO_NORMALLY = 0  # as in the official signature sample
TERMINAL_ANDROID = 2
TERMINAL_LINUX = 4
USER_NATIVE_SDK = 3


class Presence:
    """Changes one room at a time; whether a step is allowed is for the caller to know."""

    def __init__(
        self, config: CloudConfig, books: Books, announcer: Announcer, history: History
    ) -> None:
        self._config = config
        self._books = books
        self._announcer = announcer
        self._history = history

    def open(self, room: Room, creator: User) -> None:
        """Open a room through its first person."""
        self._books.settle(room)
        room.opened_ms = self._announcer.tell_room(room, 101, creator)
        room.closed_ms = None
        self._history.open(room, creator.user_id, room.opened_ms)
        self.enter(room, creator)

    def enter(self, room: Room, user: User) -> None:
        """Let a person or a bot in."""
        self._books.settle(room)
        if not user.bot:
            if not is_client_transcriber(user.user_id):
                user.wanted = self._config.wanted(*room.key, user.user_id)
            room.people += 1
        room.users[user.user_id] = user
        self._list_anchor(room, user)
        self._tell(
            room,
            103,
            user,
            Role=user.role,
            TerminalType=TERMINAL_LINUX if user.bot else TERMINAL_ANDROID,
            UserType=USER_NATIVE_SDK,
            Reason=ENTERED_NORMALLY,
        )
        if self._is_told(user):
            self._history.enter(room, user.user_id, room.last_event_ms)

    def set_role(self, room: Room, user: User, role: int) -> None:
        """Make a person anchor or audience; an audience has no microphone."""
        if role != ANCHOR:
            self.set_microphone(room, user, on=False)
        self._books.settle(room)
        user.role = role
        self._list_anchor(room, user)
        self._announcer.tell_room(room, 105, user, Role=role)

    def set_microphone(self, room: Room, user: User, *, on: bool) -> None:
        """Switch a microphone; nothing happens if it already is like that."""
        if user.microphone == on:
            return
        self._books.settle(room)
        user.microphone = on
        if on:
            self._announcer.tell_room(room, 203, user)
        else:
            self._announcer.tell_room(room, 204, user, Reason=AUDIO_NORMALLY)

    def leave(self, room: Room, user: User, reason: int = LEFT_NORMALLY) -> None:
        """Let somebody go; the room closes behind its last. Leaving sends 104 only, never 204."""
        self.remove(room, user, reason)
        self.close_behind(room)

    def close_behind(self, room: Room) -> None:
        """Close the room if everybody who holds it open is gone."""
        if room.open and not self._is_held(room):
            self._close(room)

    def dismiss(self, room: Room) -> None:
        """Remove every person and close the room; bots stay connected until their tasks end."""
        for user in [user for user in room.users.values() if not user.bot]:
            self.remove(room, user, LEFT_REMOVED)
        self._close(room)

    def remove(self, room: Room, user: User, reason: int) -> None:
        """Let somebody go, whoever is left."""
        self._books.settle(room)
        del room.users[user.user_id]
        room.anchors.pop(user.user_id, None)
        room.people -= not user.bot
        self._tell(room, 104, user, Role=user.role, Reason=reason)
        self._history.leave(room, user.user_id, room.last_event_ms)

    def _tell(self, room: Room, event_type: int, user: User, **info: int) -> None:
        if self._is_told(user):
            self._announcer.tell_room(room, event_type, user, **info)

    def _is_told(self, user: User) -> bool:
        return self._config.bots_are_told or not user.bot

    def _close(self, room: Room) -> None:
        self._books.settle(room)
        room.closed_ms = self._announcer.tell_room(room, 102, None)
        self._history.close(room, room.closed_ms)

    def _is_held(self, room: Room) -> bool:
        bots_hold_it = self._config.switch(room.sdk_app_id, "bots_hold_rooms")
        return room.people > 0 or (bots_hold_it and bool(room.users))

    def _list_anchor(self, room: Room, user: User) -> None:
        if user.role == ANCHOR and not user.bot:
            room.anchors[user.user_id] = user
        else:
            room.anchors.pop(user.user_id, None)
