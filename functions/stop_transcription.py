"""Stop one room's transcription by hand, and keep it stopped until the room closes."""

from __future__ import annotations

from shared.console.commands import stop_room
from shared.console.request import answer_console
from shared.scf import Json

EXAMPLE = {"room_id": "1234", "room_id_type": 0}


def main_handler(event: object, context: object) -> Json:
    """start_transcription begins it again. Safe to run twice."""
    return answer_console(event, context, stop_room, EXAMPLE)
