"""Whom the rules want transcribed, in the words of the emulator's books."""

from __future__ import annotations

from local.cloud.config import Wanted, Wanting
from shared.rules import Rules


def read_wanted(rules: Rules) -> Wanted:
    """A decision for the books: while in the room, while the microphone is on, or never (None)."""

    def decide(sdk_app_id: int, room_id: str, room_id_type: int, user_id: str) -> Wanting:
        rule = rules.decide(sdk_app_id, room_id, room_id_type)
        if rule.ignores(user_id) or rule.for_user(user_id).service == "none":
            return None
        return "microphone" if rule.start_on == "audio_started" else "present"

    return decide
