"""Start one room's transcription by hand: now, or when the room is created."""

from __future__ import annotations

from shared.console.commands import start_room
from shared.console.request import answer_console
from shared.scf import Json

EXAMPLE = {
    "room_id": "1234",
    "room_id_type": 0,
    "service": "cloud",
    "cloud": {"language": "bigmodel-en"},
    "when": "now",
}


def main_handler(event: object, context: object) -> Json:
    """The room's rule gives the defaults; `when` is "now" or "room_created". Safe to run twice."""
    return answer_console(event, context, start_room, EXAMPLE)
