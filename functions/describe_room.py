"""Tell what happened in one room: sessions, people, tasks, and their status now."""

from __future__ import annotations

from shared.console.describe import describe_room
from shared.console.request import answer_console
from shared.scf import Json

EXAMPLE = {"room_id": "1234", "room_id_type": 0}


def main_handler(event: object, context: object) -> Json:
    """Changes no room. No secret and no spoken text is in the answer: SCF logs return values."""
    return answer_console(event, context, describe_room, EXAMPLE)
