"""What a room's document holds; `sessions` and `claims` say what may become of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from shared.ledger.task import Task
from shared.room import WHOLE_ROOM, Room
from shared.rules.decision import Rule
from shared.stored import Form, Stored


class Session(Stored):
    """One life of a room, from the event that opened it to the one that closed it, both in ms.

    `id` keeps the opening time it was born with. `dated_ms` is newer when TRTC announced the
    room again while its task ran on. `rule` is the rule of that time, whatever rules.toml says
    now. `held`: a person stopped it, nothing but a start by hand begins anything; `held_ms` is when,
    `held_by` whom the request named. `tasks` by target.
    `transcribed_twice`: it has been reported that a client's transcriber hears it, too. `opted_out`: whom
    no task may hear. `splits`: tasks for each speaker are still to take the place of the room's.
    """

    id: str
    room: Room
    opened_ms: int
    dated_ms: int
    rule: Rule
    closed_ms: int | None = None
    held: bool = False
    held_ms: int = 0
    held_by: str = ""
    transcribed_twice: bool = False
    opted_out: list[str] = []
    splits: bool = False
    tasks: dict[str, Task] = {}

    @property
    def is_unfinished(self) -> bool:
        """Whether anything of the session lives on, may live, or is being started."""
        return any(task.state == "starting" or task.needs_stop for task in self.tasks.values())

    @property
    def is_busy(self) -> bool:
        """Whether a task runs, is being started, or may have been: the rule stays as it is."""
        return any(
            task.state in ("running", "starting") or task.unseen for task in self.tasks.values()
        )

    def find_rule(self, target: str) -> Rule:
        """The session's rule as it is for the target of a task."""
        if target in self.opted_out:
            return replace(self.rule, service="none")
        return self.rule if target == WHOLE_ROOM else self.rule.for_user(target)

    def is_kept(self, since_ms: int) -> bool:
        """Whether it is to be shown, if what was over before then is not."""
        return self.closed_ms is None or self.closed_ms >= since_ms


def find_room(session_id: str) -> Room | None:
    """The room in a session's id; None for what is no id of a session."""
    match = re.fullmatch(r"([0-9]+)/([01])/(.+)/[0-9]+", session_id, re.DOTALL)
    return Room(int(match[1]), match[3], int(match[2])) if match else None


class Half(Stored):
    """What a document holds of the room of one id type: its newest sessions, the newest first, and more.

    `tombstone_ms` is when the room was last closed without a session (0: never), in ms since 1970.
    `plan` is the rule of the next session. `opt_outs`: see `OptOuts`.
    """

    sessions: list[Session] = []
    tombstone_ms: int = 0
    plan: Rule | None = None
    opt_outs: dict[str, int] = {}


# Of the numeric room and of the string room: the index is room_id_type.
Document = tuple[Half, Half]

DOCUMENTS, SESSIONS = Form(tuple[Half, Half]), Form(Session)
EMPTY = DOCUMENTS.encode((Half(), Half()))


def list_changed_tasks(former: Half, half: Half) -> Iterator[tuple[Session, Task, Task]]:
    """Each task that a change of a room's sessions has changed: its session, the task before, and now."""
    before = {session.id: session for session in former.sessions}
    for session in half.sessions:
        was = before.get(session.id)
        for target, task in session.tasks.items():
            known = was.tasks.get(target) if was else None
            if task != known:
                yield session, known or Task(target, task.service), task
