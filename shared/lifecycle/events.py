"""Every callback Roomscribe acts on: of a room, or of a task; and a drainer for what they leave due."""

from __future__ import annotations

from shared.callbacks import Callback
from shared.ledger import Room
from shared.lifecycle.kicking import kick_drainer
from shared.lifecycle.outcome import Outcome
from shared.lifecycle.rooms import act_on_room
from shared.lifecycle.tasks import act_on_task
from shared.resources import Resources


def act_on(callback: Callback, resources: Resources) -> list[Outcome]:
    """Do what a callback asks for and say what came of it; acting twice on one changes nothing."""
    act = act_on_task if callback.is_task_event else act_on_room
    outcomes = act(callback, resources)
    room = Room(callback.sdk_app_id, callback.room_id, callback.room_id_type)
    return outcomes + kick_drainer(room, outcomes, resources)
