"""What to do when: the one flow through rules, ledger and service, for callbacks and for people."""

from shared.lifecycle.by_hand import start_room, stop_room
from shared.lifecycle.describing import describe_room
from shared.lifecycle.events import act_on
from shared.lifecycle.outcome import Outcome, find_status
from shared.lifecycle.request import RoomRequest, read_room_request

__all__ = [
    "Outcome",
    "RoomRequest",
    "act_on",
    "describe_room",
    "find_status",
    "read_room_request",
    "start_room",
    "stop_room",
]
