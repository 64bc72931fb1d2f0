"""What people do in the rooms, as the plan says, and whoever has a transcript deleted afterwards."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from benchmarks.chaos.history import Deletion, History
from benchmarks.chaos.plan import Meeting, Step
from local.cloud.clock import Clock
from local.cloud.errors import RefusedError
from local.cloud.rooms import Rooms
from local.cloud.state import ANCHOR, AUDIENCE, Room

ASK_AGAIN_MS = 5_000
TRANSLATIONS = {"zh": "\u4f60\u597d"}  # whoever asked for another language gets none

Invoke = Callable[
    [str, object], str
]  # of a function with an event, without waiting: the request's id


class People:
    """Does the steps of meetings on the emulator's rooms."""

    def __init__(self, rooms: Rooms, clock: Clock, invoke: Invoke, history: History) -> None:
        self._rooms, self._clock, self._invoke, self._history = rooms, clock, invoke, history
        self._asked: dict[str, Deletion] = {}
        self._said = 0

    def act(self, meeting: Meeting, step: Step) -> None:
        """A person does it, unless what happened in the room has made it impossible."""
        key = (meeting.sdk_app_id, meeting.room_id, meeting.room_id_type)
        if step.verb == "delete":
            self._delete(Deletion(key, self._clock.now_ms()))
            return
        if step.verb == "create":
            with contextlib.suppress(RefusedError):  # bots may hold the room open
                self._rooms.create(key, step.user_id, ANCHOR)
                return
        try:
            room = self._rooms.find(meeting.room_id, meeting.room_id_type, meeting.sdk_app_id)
            self._act_in(room, step)
        except RefusedError:
            self._history.refused += 1

    def hear_result(self, kind: str, fields: dict[str, Any]) -> None:
        """An entry of the feed: what came of a deletion, which is asked for until it is answered."""
        if kind != "function.result" or fields["request_id"] not in self._asked:
            return
        deletion = self._asked.pop(fields["request_id"])
        answer = json.loads(fields["result"]) if fields["status"] == 0 else {}
        if answer.get("outcome") == "deleted":
            deletion.answered_at_ms = self._clock.now_ms()
            self._history.deletions.append(deletion)
        elif answer.get("outcome") != "unknown":
            again_ms = self._clock.now_ms() + ASK_AGAIN_MS
            self._clock.call_at(again_ms, lambda: self._delete(deletion))

    def _delete(self, deletion: Deletion) -> None:
        sdk_app_id, room_id, room_id_type = deletion.room
        event = {"sdk_app_id": sdk_app_id, "room_id": room_id, "room_id_type": room_id_type}
        self._asked[self._invoke("delete_transcript", event)] = deletion

    def _act_in(self, room: Room, step: Step) -> None:
        rooms = self._rooms
        if step.verb in ("create", "enter", "anchor"):
            rooms.enter(room, step.user_id, ANCHOR)
        elif step.verb == "audience":
            rooms.enter(room, step.user_id, AUDIENCE)
        elif step.verb == "leave":
            rooms.leave(room, step.user_id)
        elif step.verb == "microphone":
            rooms.set_microphone(room, step.user_id, on=True)
        elif step.verb == "say":
            self._said += 1
            rooms.say(room, step.user_id, f"What was said: {self._said}.", TRANSLATIONS)
        else:
            rooms.dismiss(room)
