"""Delete what was said in one room: in all of its sessions, or in one; whoever spoke may ask for it."""

from __future__ import annotations

from shared.console.commands import delete_transcript
from shared.console.request import answer_console
from shared.scf import Json

EXAMPLE = {"room_id": "1234", "room_id_type": 0, "session": "1400000000/0/1234/1700000000000"}


def main_handler(event: object, context: object) -> Json:
    """Without `session`: all of the room's, also one still open, up to now. Safe to run twice."""
    return answer_console(event, context, delete_transcript, EXAMPLE)
