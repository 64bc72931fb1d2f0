"""What a ledger calls things in a store: tags, keys, cells and members of indexes."""

from __future__ import annotations

from shared.ledger.engine import Cell, Keep, Write
from shared.room import Room

SHARED = "0"  # the tag of what belongs to no application
DUE = "due"  # an index of rooms, by the ms at which something of them is due
OVER = "over"  # an index of sessions of which nothing lives, by the ms they closed
BURIED = "buried"  # an index of rooms, by their tombstone


class RoomKeys:
    """Where all lies that a change of a room may touch, under the tag of its application.

    `name` is the room as a member of an index. `document` is the cell of its document and its twin's,
    `people` has those of its newest session by user, `older` the sessions that have left the document
    by id. `living` is an index: how many tasks of the application live, by state.
    """

    def __init__(self, room: Room) -> None:
        sdk_app_id, room_id, room_id_type = room
        self.tag = str(sdk_app_id)
        self.name = f"{sdk_app_id}/{room_id_type}/{room_id}"
        self.document = Cell(f"document:{sdk_app_id}/{room_id}")
        self.people = f"people:{self.name}"
        self.older = f"older:{self.name}"
        self.living = f"living:{sdk_app_id}"

    def list_cells(self, user_id: str) -> list[Cell]:
        """What is read of the room: its document, and the presence of a user if `user_id` is not ""."""
        return [self.document, *([Cell(self.people, user_id)] if user_id else [])]


class SaidKeys:
    """Where lies what was said in a session: under a tag of its own, because it is most of the data.

    `sentences` has them by key, `versions` is an index of their keys. `version` is the transcript's,
    `deletion` what is left of sentences that were deleted.
    """

    def __init__(self, session_id: str) -> None:
        self.tag = session_id.replace("/", ":", 1)
        self.sentences = f"sentences:{session_id}"
        self.versions = f"versions:{session_id}"
        self.version = Cell(f"deletion:{session_id}", "version")
        self.deletion = Cell(f"deletion:{session_id}", "deletion")

    def keep(self, keep_s: int) -> list[Write]:
        """What keeps all of it for so many seconds."""
        return [Keep(key, keep_s) for key in (self.sentences, self.versions, self.deletion.key)]


def ended_key(session_id: str) -> str:
    """The people of a session that is not its room's newest any more, by user."""
    return f"ended:{session_id}"


def parse_room(name: str) -> Room:
    """The room of that name; ValueError for what is none."""
    sdk_app_id, room_id_type, room_id = name.split("/", 2)
    return Room(int(sdk_app_id), room_id, int(room_id_type))
