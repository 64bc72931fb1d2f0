"""Which room an event, a session or a request is about, and what ids of rooms and users may be called."""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.scf import REPLACEMENT

WHOLE_ROOM = "*"  # the target of a task that hears everybody
NUMERIC_ROOM, STRING_ROOM = 0, 1
MAX_ROOM_NUMBER = 4_294_967_294  # Source: API definitions of TRTC, version 2019-07-22: RoomId


class Room(NamedTuple):
    """A TRTC room: numeric room 123 (type 0) and string room "123" (type 1) are two."""

    sdk_app_id: int
    room_id: str
    room_id_type: int

    @property
    def twin(self) -> Room:
        """The room with the same text and the other type."""
        return self._replace(room_id_type=1 - self.room_id_type)


def names_numeric_room(room_id: str) -> bool:
    """Whether a numeric room (room_id_type 0) can have this id: 1 to 4294967294, no leading zero."""
    return bool(re.fullmatch(r"[1-9][0-9]{0,9}", room_id)) and int(room_id) <= MAX_ROOM_NUMBER


def names_string_room(room_id: str) -> bool:
    """Whether a string room (room_id_type 1) can have this id: 1 to 64 bytes of printable text.

    What stands for something broken counts as the one byte that it may have been.
    """
    return room_id.isprintable() and 1 <= len(room_id.replace(REPLACEMENT, "?").encode()) <= 64


def names_user(user_id: str | None) -> bool:
    """Whether somebody can have this UserId; an asterisk stands for everybody."""
    return user_id is not None and user_id.isprintable() and user_id not in ("", WHOLE_ROOM)
