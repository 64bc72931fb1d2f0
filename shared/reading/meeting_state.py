"""What has become of a meeting, in one word: pure."""

from __future__ import annotations

from typing import Literal

from shared.ledger import heads
from shared.ledger.deliveries import Delivery
from shared.ledger.document import Session

State = Literal[
    "live",  # open, and a task runs
    "waiting",  # open, and a task is due, or begins when somebody comes or speaks
    "failed",  # no task runs, or ever ran, because its start failed
    "held",  # open, and a person stopped it
    "not_transcribed",  # its rule wants nothing, or it closed before any task ran
    "closed",  # over; nothing of it was delivered yet
    "delivered",  # over, and its transcript is where it belongs
    "deleted",  # over, and what was said in it was deleted
]


def find_state(session: Session, delivery: Delivery) -> State:
    """The state of a meeting; of an open one, what most concerns whoever waits for its transcript."""
    if session.closed_ms is not None and (delivery.at_ms or delivery.deleted):
        return "delivered" if delivery.at_ms else "deleted"
    state = heads.find_state(session)
    if state == "live" and all(task.state != "running" for task in session.tasks.values()):
        return "waiting"
    return "closed" if state == "ended" else state
