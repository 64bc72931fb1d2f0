"""The request for one room that a person or a program sends: which room, and what of it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from shared.callbacks import (
    MAX_ROOM_NUMBER,
    NUMERIC_ROOM,
    STRING_ROOM,
    names_numeric_room,
    names_string_room,
    names_user,
)
from shared.errors import RequestError
from shared.ledger import Room
from shared.scf import Json
from shared.settings import Settings


class RoomEvent(Struct, frozen=True):
    """The keys of an event that are not a rule's; `room_id_type` follows the JSON type of `room_id`."""

    room_id: (
        Annotated[str, Meta(min_length=1, max_length=64)]
        | Annotated[int, Meta(ge=1, le=MAX_ROOM_NUMBER)]
    )
    room_id_type: Literal[0, 1] | None = None
    sdk_app_id: int | None = None
    user_id: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    when: Literal["now", "room_created"] = "now"


EVENT_KEYS = RoomEvent.__struct_fields__


class RoomRequest(NamedTuple):
    """What is asked of which room; `changes` are the event's other keys."""

    room: Room
    user_id: str | None
    when: str
    changes: Json


def read_room_request(event: Json, settings: Settings) -> RoomRequest:
    """The request in an event; raises RequestError saying what the event should look like."""
    try:
        asked = msgspec.convert(event, RoomEvent)
    except msgspec.ValidationError as error:
        raise RequestError(f"the event is not a request for a room: {error}") from None
    known = [application.sdk_app_id for application in settings.applications]
    sdk_app_id = asked.sdk_app_id or (known[0] if len(known) == 1 else None)
    if sdk_app_id not in known:
        raise RequestError(f"sdk_app_id: must be one of the configured applications: {known}")
    if asked.user_id is not None and not names_user(asked.user_id):
        raise RequestError("user_id: must be printable text, and not *")
    room_id, room_id_type = _read_room(asked)
    changes = {key: value for key, value in event.items() if key not in EVENT_KEYS}
    room = Room(sdk_app_id, room_id, room_id_type)
    return RoomRequest(room, asked.user_id, asked.when, changes)


def _read_room(asked: RoomEvent) -> tuple[str, int]:
    by_json_type = NUMERIC_ROOM if isinstance(asked.room_id, int) else STRING_ROOM
    room_id_type = by_json_type if asked.room_id_type is None else asked.room_id_type
    room_id = str(asked.room_id)
    if room_id_type == NUMERIC_ROOM and not names_numeric_room(room_id):
        raise RequestError("room_id: a room of room_id_type 0 has a number from 1 to 4294967295")
    if not names_string_room(room_id):
        raise RequestError("room_id: must be 1 to 64 bytes of printable text")
    return room_id, room_id_type
