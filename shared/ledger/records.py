"""What the ledger holds, as plain records."""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from shared.rules import Rule

TaskState = Literal["due", "starting", "running", "stopping", "stopped", "failed", "held"]


class Room(NamedTuple):
    """A TRTC room: numeric room 123 (type 0) and string room "123" (type 1) are two."""

    sdk_app_id: int
    room_id: str
    room_id_type: int

    @property
    def twin(self) -> Room:
        """The room with the same text and the other type."""
        return self._replace(room_id_type=1 - self.room_id_type)


class Session(Struct, frozen=True):
    """One life of a room, from the event that opened it to the one that closed it, both in ms.

    `id` keeps the opening time it was born with. `dated_ms` is newer when TRTC announced the
    room again while its task ran on. `rule` is the rule of that time, whatever rules.toml says now.
    """

    id: str
    room: Room
    opened_ms: int
    dated_ms: int
    closed_ms: int | None
    rule: Rule


class TaskId(Struct, frozen=True):
    """A task at the API, in the region it was started in; `ended` once it is known to be over."""

    task_id: str
    service: str
    region: str
    ended: bool


class Task(Struct, frozen=True):
    """The transcription of one target (`*`: the whole room) in one session.

    `token` and `lease_until_ms` belong to the claim that is starting it; `trigger` names the event
    the claim answers. `unsure` means an attempt may have taken effect unseen. `changed_ms` is when
    `state` last changed. `task_id` is the current one ("" before the first), `task_ids` are all
    it ever got.
    """

    session_id: str
    target: str
    service: str
    state: TaskState
    token: str
    lease_until_ms: int
    not_before_ms: int
    attempts: int
    unsure: bool
    trigger: str
    error_code: str
    changed_ms: int
    task_id: str
    task_ids: list[TaskId]


class Person(Struct, frozen=True):
    """An anchor seen in a session, with the ms of the newest event about them."""

    user_id: str
    present: bool
    microphone: bool
    event_ms: int


def name_session(room: Room, opened_ms: int) -> str:
    """The id of a session; no room id contains a slash."""
    return f"{room.sdk_app_id}/{room.room_id_type}/{room.room_id}/{opened_ms}"
