"""What a room event asks for under its session's rule: whose task it starts, if any."""

from __future__ import annotations

import uuid

from shared import callbacks
from shared.callbacks import Callback
from shared.ledger import Session
from shared.lifecycle.asking import find_rule
from shared.lifecycle.outcome import Outcome
from shared.lifecycle.start import StartRequest, claim_start, not_wanted, settle_claim
from shared.resources import Resources
from shared.rules.decision import Rule
from shared.signer import WHOLE_ROOM

# The events that start a rule's task: its own, and every later one, in case the first got lost.
STARTERS = {
    "room_created": (callbacks.ROOM_CREATED, callbacks.USER_ENTERED, callbacks.AUDIO_STARTED),
    "user_entered": (callbacks.USER_ENTERED, callbacks.AUDIO_STARTED),
    "audio_started": (callbacks.AUDIO_STARTED,),
}


def find_target(rule: Rule, event_type: int, user_id: str | None) -> str | None:
    """Whose task this event starts under the rule: everybody's, one speaker's, or none."""
    if event_type not in STARTERS[rule.start_on] or rule.ignores(user_id or ""):
        return None
    if rule.scope == "room":
        return WHOLE_ROOM
    return None if event_type == callbacks.ROOM_CREATED else user_id


def start_wanted(callback: Callback, session: Session, resources: Resources) -> list[Outcome]:
    """Start what the callback asks for, if anything."""
    request = make_request(callback, session, uuid.uuid4().hex)
    if request is None:
        return [say_unwanted(callback, session)]
    claimed = resources.change(session, lambda known: claim_start(resources, known, request))
    return settle_claim(resources, session, request, claimed)


def make_request(callback: Callback, session: Session, token: str) -> StartRequest | None:
    """The start that a callback asks for; None when its session's rule wants none for it."""
    target = find_target(session.rule, callback.event_type, callback.user_id)
    if target is None or find_rule(session, target).service == "none":
        return None
    trigger = f"{callback.event_type}/{callback.event_ms}/{callback.user_id or ''}"
    return StartRequest(target, trigger, callback.event_ms, token)


def say_unwanted(callback: Callback, session: Session) -> Outcome:
    """Why the callback starts nothing."""
    if session.rule.wants_nothing:
        return not_wanted(session, session.rule)
    target = find_target(session.rule, callback.event_type, callback.user_id)
    if target is not None:
        return not_wanted(session, find_rule(session, target))
    fields = {"session": session.id, "rule": session.rule.name}
    return Outcome("room.noted", "waiting", fields=fields)
