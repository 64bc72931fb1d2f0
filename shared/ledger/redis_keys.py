"""What the Redis ledger calls things: all of a room lies in one slot of a cluster, whatever its id says.

A room's numeric and string twin share the slot, because a string's tombstone counts for both.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from shared.ledger.records import Room, Session

AGENDA = "roomscribe:agenda"
BOOK_PATTERN = "roomscribe:{*}:[01]:book"
LIVING_PATTERN = "roomscribe:living:*"
_BOOK = re.compile(r"roomscribe:\{(.+)\}:([01]):book")


def book_key(room: Room) -> str:
    """Where a room's book lies."""
    return f"{_room_key(room)}:book"


def older_key(room: Room) -> str:
    """Where the sessions lie that are no longer in the book, newest first."""
    return f"{_room_key(room)}:older"


def people_key(session: Session) -> str:
    """Where everybody seen in a session lies, a hash by user."""
    return f"{_room_key(session.room)}:people:{_quote(session.id)}"


def sentences_key(session: Session) -> str:
    """Where what was said in a session lies, a hash by sentence."""
    return f"{_room_key(session.room)}:sentences:{_quote(session.id)}"


def versions_key(session: Session) -> str:
    """Where the versions of a session's sentences lie, a sorted set."""
    return f"{_room_key(session.room)}:versions:{_quote(session.id)}"


def living_key(sdk_app_id: int) -> str:
    """Where an application's living tasks lie, a set."""
    return f"roomscribe:living:{sdk_app_id}"


def slots_key(name: str) -> str:
    """Where the times of the slots given last lie, a list."""
    return f"roomscribe:slots:{name}"


def lease_key(name: str) -> str:
    """Where a lease lies, a hash of token and until_ms."""
    return f"roomscribe:lease:{name}"


def name_room(room: Room) -> str:
    """A room as a member of the agenda."""
    return f"{room.sdk_app_id}/{_quote(room.room_id)}/{room.room_id_type}"


def parse_room(name: str) -> Room:
    """The room of a member of the agenda."""
    sdk_app_id, room_id, room_id_type = name.split("/")
    return Room(int(sdk_app_id), unquote(room_id), int(room_id_type))


def name_living(room: Room, item: str) -> str:
    """One of `agenda.list_living` as a member of the application's set."""
    return f"{name_room(room)}|{item}"


def parse_living(member: str) -> Room:
    """The room of a living task."""
    return parse_room(member.partition("|")[0])


def parse_book_key(key: str) -> Room | None:
    """The room whose book lies there; None for a key of somebody else."""
    found = _BOOK.fullmatch(key)
    try:
        return parse_room(f"{found[1]}/{found[2]}") if found else None
    except ValueError:
        return None


def _room_key(room: Room) -> str:
    return f"roomscribe:{{{room.sdk_app_id}/{_quote(room.room_id)}}}:{room.room_id_type}"


def _quote(text: str) -> str:
    return quote(text, safe="")
