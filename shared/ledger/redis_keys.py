"""What the Redis ledger calls things: all of a room lies in one slot of a cluster, whatever its id says.

A room's numeric and string twin share the slot, because a string's tombstone counts for both.
"""

from __future__ import annotations

import re
from typing import Literal, get_args
from urllib.parse import quote, unquote

from shared.ledger.records import Room, Session

OfSession = Literal["people", "sentences", "versions", "deletion"]

AGENDA = "roomscribe:agenda"
BOOK_PATTERN = "roomscribe:{*}:[01]:book"
LIVING_PATTERN = "roomscribe:living:*"
_BOOK = re.compile(r"roomscribe:\{(.+)\}:([01]):book")


def room_key(room: Room, what: Literal["book", "older"]) -> str:
    """Where a room's book lies, or the sessions that are no longer in it: a list, newest first."""
    return f"{_place_room(room)}:{what}"


def session_key(session: Session, what: OfSession) -> str:
    """Where something of a session lies.

    people: a hash by user. sentences: a hash by sentence. versions: the sentences' versions, a
    sorted set. deletion: what is left of sentences that were deleted.
    """
    return f"{_place_room(session.room)}:{what}:{_quote(session.id)}"


def session_keys(session: Session) -> list[str]:
    """Where all of a session lies that is not in its record."""
    return [session_key(session, what) for what in get_args(OfSession)]


def shared_key(what: Literal["living", "slots", "lease"], name: str | int) -> str:
    """Where something lies that belongs to no room.

    living: an application's living tasks, a set. slots: the times of the slots given last, a list.
    lease: a hash of token and until_ms.
    """
    return f"roomscribe:{what}:{name}"


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


def _place_room(room: Room) -> str:
    return f"roomscribe:{{{room.sdk_app_id}/{_quote(room.room_id)}}}:{room.room_id_type}"


def _quote(text: str) -> str:
    return quote(text, safe="")
