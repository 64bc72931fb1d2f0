"""Whom the rules want transcribed, in the words of the emulator's books."""

from __future__ import annotations

from local.cloud.config import Wanted, Wanting
from shared.rules.decision import Rule, Rules


def read_wanted(rules: Rules) -> Wanted:
    """A decision for the books: while in the room, while the microphone is on, or never (None)."""

    def decide(sdk_app_id: int, room_id: str, room_id_type: int, user_id: str) -> Wanting:
        rule = rules.decide(sdk_app_id, room_id, room_id_type).for_user(user_id)
        if rule.service == "none" or rule.ignores(user_id) or not _may_hear(rule, user_id):
            return None
        return "microphone" if rule.start_on == "audio_started" else "present"

    return decide


def _may_hear(rule: Rule, user_id: str) -> bool:
    """Whether the rule's own lists, if it has any, include that person."""
    parameters = rule.parameters(rule.service)
    only = parameters.get("subscribe") or parameters.get("target_user_ids")
    return user_id not in parameters.get("unsubscribe", []) and (not only or user_id in only)
