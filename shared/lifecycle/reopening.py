"""A room is created although its session is open: the same meeting, or one after an end that was lost."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from shared.callbacks import Callback
from shared.ledger import RoomBook, Session, Task, claims
from shared.lifecycle import task_api
from shared.lifecycle.outcome import COME_BACK, Outcome
from shared.lifecycle.start import Claim, claim_wanted
from shared.resources import Resources


class Survey(NamedTuple):
    """What the API says of a session's tasks: about which it was asked, which ended, whether one runs."""

    asked: list[str]
    ended: list[tuple[str, str]]
    runs: bool


def reopen_room(
    callback: Callback, session: Session, resources: Resources
) -> tuple[RoomBook, Claim | Outcome]:
    """Ask the API whether the session's task runs: then it is the same meeting, else the next session opens.

    Returns the room as it is then, and the start that the event asks for, which the same change has claimed.
    """
    survey, token = _survey(session, resources), secrets.token_hex(16)

    def decide(book: RoomBook) -> tuple[RoomBook, Claim | Outcome]:
        judged = _judge(survey, callback.event_ms, session.id, book, resources) if survey else None
        if judged:
            return book, claim_wanted(callback, token, judged, book, resources)
        fields = {"session": session.id}
        return book, Outcome("room.unclear", "retry", COME_BACK, "warning", fields)

    return resources.ledger.change(session.room, decide)


def _survey(session: Session, resources: Resources) -> Survey | None:
    """What the API says of the session's tasks; None when it is unclear."""
    asked: list[str] = []
    ended: list[tuple[str, str]] = []
    for task in session.tasks.values():
        for task_id in task.alive:
            progress = task_api.describe(session, task_id, resources)
            if progress is None:
                return None
            asked.append(task_id.task_id)
            if progress == "ended":
                ended.append((task.target, task_id.task_id))
    may_run = any(_may_yet_run(task, resources) for task in session.tasks.values())
    return Survey(asked, ended, may_run or len(ended) < len(asked))


def _judge(
    survey: Survey, event_ms: int, session_id: str, book: RoomBook, resources: Resources
) -> Session | None:
    """The session that goes on, or the next one, as part of a change; None when it is unclear."""
    known, now_ms = book.get(session_id), resources.now_ms()
    for task in known.tasks.values():
        leased = task.state == "starting" and task.is_leased(now_ms)
        if leased or any(task_id.task_id not in survey.asked for task_id in task.alive):
            return None  # somebody was quicker than the API
    for target, task_id in survey.ended:
        claims.note_ended(known, target, [task_id], now_ms)
    if survey.runs:
        return book.redate_session(session_id, event_ms)
    opened = book.reopen_session(session_id, event_ms, resources.rules.decide(*book.room))
    claims.begin_stops(known, now_ms)  # what was due in it is not due any more
    return opened


def _may_yet_run(task: Task, resources: Resources) -> bool:
    """Whether a start that nobody saw may have happened, and starting again will tell."""
    expired = task.state == "starting" and not task.is_leased(resources.now_ms())
    return expired or (task.state == "due" and bool(task.unseen))
