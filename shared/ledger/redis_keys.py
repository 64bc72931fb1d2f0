"""What the Redis ledger calls things, and what lies in one slot of a cluster, whatever a room is called.

Whatever a change of a room may touch is in the ledger's own slot: one script writes all of it. What
was said in a session is most of the data, and has a slot for each session.
"""

from __future__ import annotations

from typing import Literal, get_args
from urllib.parse import quote, unquote

from shared.ledger.document import Session
from shared.room import Room

OfSession = Literal["people", "sentences", "versions", "deletion"]

PREFIX = "roomscribe"
LEDGER = f"{PREFIX}:{{ledger}}"  # what stands in braces decides the slot
AGENDA = f"{LEDGER}:agenda"  # when each room must be looked at: a sorted set


def room_key(room: Room, what: Literal["book", "older"]) -> str:
    """Where a room's book lies, or the sessions that are no longer in it: a list, newest first."""
    return f"{LEDGER}:{what}:{name_room(room)}"


def session_key(session: Session, what: OfSession) -> str:
    """Where something of a session lies.

    people: a hash by user. sentences: a hash by sentence. versions: the sentences' versions, a
    sorted set. deletion: what is left of sentences that were deleted.
    """
    name = _quote(session.id)
    return f"{LEDGER}:people:{name}" if what == "people" else f"{PREFIX}:{{{name}}}:{what}"


def session_keys(session: Session) -> list[str]:
    """Where all of a session lies that is not in its record; no command takes them together."""
    return [session_key(session, what) for what in get_args(OfSession)]


def shared_key(what: Literal["living", "slots", "lease"], name: str | int) -> str:
    """Where something lies that belongs to no room.

    living: an application's living tasks, a set. slots: the times of the slots given last, a list.
    lease: a hash of token and until_ms.
    """
    return f"{LEDGER}:{what}:{name}"


def name_room(room: Room) -> str:
    """A room in the name of a key, and as a member of the agenda."""
    return f"{room.sdk_app_id}/{_quote(room.room_id)}/{room.room_id_type}"


def parse_room(name: str) -> Room:
    """The room of a member of the agenda."""
    sdk_app_id, room_id, room_id_type = name.split("/")
    return Room(int(sdk_app_id), unquote(room_id), int(room_id_type))


def name_living(room: Room, item: str) -> str:
    """One of `agenda.list_living` as a member of the application's set."""
    return f"{name_room(room)}|{item}"


def _quote(text: str) -> str:
    return quote(text, safe="")
