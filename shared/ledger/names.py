"""What rooms, their documents and their people are called in a store."""

from __future__ import annotations

from shared.room import Room


def name_document(room: Room) -> str:
    """The document of a room and its twin."""
    return f"{room.sdk_app_id}/{room.room_id}"


def name_room(room: Room) -> str:
    """A room: the owner of its newest session's people, and its place in an index."""
    return f"{room.sdk_app_id}/{room.room_id_type}/{room.room_id}"


def parse_room(name: str) -> Room:
    """The room of that name; ValueError for what is none."""
    sdk_app_id, room_id_type, room_id = name.split("/", 2)
    return Room(int(sdk_app_id), room_id, int(room_id_type))


def name_ended(session_id: str) -> str:
    """The owner of the people of a session that is not its room's newest any more."""
    return f"ended/{session_id}"
