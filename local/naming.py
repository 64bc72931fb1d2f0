"""Which room an id on the command line means: digits may be a numeric room or a string one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from shared.console.request import list_known
from shared.errors import LedgerError, RequestError
from shared.ledger import open_ledger
from shared.room import MAX_ROOM_NUMBER, NUMERIC_ROOM, STRING_ROOM, Room, names_numeric_room
from shared.settings import Settings

KINDS = ("numeric", "string")
RoomIdType = Annotated[
    Literal["0", "1", "auto"],
    typer.Option(
        envvar="ROOMSCRIBE_ROOM_ID_TYPE",
        help="0 numeric, 1 string; auto takes digits for the room that is open or was last known.",
    ),
]


def choose_room(
    sdk_app_id: int, room_id: str, room_id_type: str, settings: Settings
) -> tuple[Room, str]:
    """The room, and why its type is that one ("" where nothing had to be guessed).

    Raises RequestError for an id that no room of that type has.
    """
    is_numeric = names_numeric_room(room_id)
    if room_id_type == "0" and not is_numeric:
        raise RequestError(f"--room: a numeric room has a number from 1 to {MAX_ROOM_NUMBER}")
    if room_id_type != "auto" or not is_numeric:
        kind = NUMERIC_ROOM if room_id_type == "0" else STRING_ROOM
        return Room(sdk_app_id, room_id, kind), ""
    return _guess(Room(sdk_app_id, room_id, NUMERIC_ROOM), settings)


def _guess(numeric: Room, settings: Settings) -> tuple[Room, str]:
    try:
        known = []
        if _exists(settings.ledger_url):
            ledger = open_ledger(settings.ledger_url, name=settings.ledger_name)
            known = list_known(numeric, ledger)
        reason = "the one that is open or was last known" if known else "none is known"
    except LedgerError:
        known, reason = [], "the ledger cannot be read from here"
    room, *others = known or [numeric]
    reason = f"{room.room_id} taken for a {KINDS[room.room_id_type]} room: {reason}"
    if others:
        reason += f"; the {KINDS[others[0].room_id_type]} one is known too, see --room-id-type"
    return room, reason


def _exists(ledger_url: str) -> bool:
    """Whether there is anything to look into: a look must not create a file."""
    scheme, _, path = ledger_url.partition(":///")
    return scheme != "sqlite" or Path(path).exists()
