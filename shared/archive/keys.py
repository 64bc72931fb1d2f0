"""Under which keys a session's files lie in the archive."""

from __future__ import annotations

import hashlib

from shared.errors import ArchiveError
from shared.ledger.document import find_room
from shared.times import write_date

MAX_READABLE = 64  # characters; as many bytes as the id of a room has


def find_folder(session_id: str) -> str:
    """The folder of a session's files, from its id alone: `2026/11/26/1400000000/class-7/101530-3f9a…`.

    That is the UTC date of its opening, the application, the room as people know it, the time of day,
    and 20 hexadecimal digits of a hash of the whole id, which make the folder the session's own. Raises
    ValueError for what is no id of a session.
    """
    room = find_room(session_id)
    if room is None:
        raise ValueError("not the id of a session")
    opened_at_ms = int(session_id.rpartition("/")[2])
    readable = "".join(c if c.isalnum() else "-" for c in room.room_id[:MAX_READABLE])
    mark = hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()[:20]
    day, time = write_date(opened_at_ms, "%Y/%m/%d %H%M%S").split()
    return f"{day}/{room.sdk_app_id}/{readable}/{time}-{mark}"


def check_key(key: str) -> list[str]:
    """The key's names; raises ArchiveError for a key that could lead out of its folder or prefix."""
    names = key.split("/")
    if {"", ".", ".."}.intersection(names) or not key.isprintable():
        raise ArchiveError("a key must be printable names joined by slashes, none of them . or ..")
    return names
