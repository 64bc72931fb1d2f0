"""What to do when: the one flow through rules, ledger and service, for callbacks and for people."""

from shared.lifecycle.by_hand import describe_room, start_room, stop_room
from shared.lifecycle.outcome import Outcome
from shared.lifecycle.request import RoomRequest, read_room_request
from shared.lifecycle.rooms import act_on

__all__ = [
    "Outcome",
    "RoomRequest",
    "act_on",
    "describe_room",
    "read_room_request",
    "start_room",
    "stop_room",
]
