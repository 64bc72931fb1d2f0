"""A room created while its session is open: the same meeting, or a new one after a lost 102."""

from __future__ import annotations

import secrets

from shared.callbacks import Callback
from shared.ledger import RoomBook, Session, claims
from shared.lifecycle import task_api
from shared.lifecycle.outcome import COME_BACK, Outcome
from shared.lifecycle.start import Claim, claim_wanted
from shared.resources import Resources
from shared.services.service import Progress

Told = dict[str, Progress | None]  # TaskId → what the API says of it


def reopen_room(
    callback: Callback, session: Session, resources: Resources
) -> tuple[RoomBook, Claim | Outcome]:
    """Ask the API whether the session's task runs: then it is the same meeting, else the next session opens.

    Returns the room as it is then, and the start that the event asks for, which the same change has claimed.
    """
    told, token = _ask(session, resources), secrets.token_hex(16)

    def decide(book: RoomBook) -> tuple[RoomBook, Claim | Outcome]:
        judged = _judge(told, callback.event_ms, book.get(session.id), book, resources)
        if judged:
            return book, claim_wanted(callback, token, judged, book, resources)
        fields = {"session": session.id}
        return book, Outcome("room.unclear", "retry", COME_BACK, "warning", fields)

    return resources.ledger.change(session.room, decide)


def _ask(session: Session, resources: Resources) -> Told:
    """What the API says of the session's TaskIds, until it does not say it of one."""
    told: Told = {}
    for task_id in [task_id for task in session.tasks.values() for task_id in task.alive]:
        told[task_id.task_id] = progress = task_api.describe(session, task_id, resources)
        if progress is None:
            break
    return told


def _judge(
    told: Told, event_ms: int, session: Session, book: RoomBook, resources: Resources
) -> Session | None:
    """The session that goes on, or the next one, as part of a change; None when it is unclear."""
    now_ms, tasks = resources.now_ms(), session.tasks.values()
    is_starting = any(task.is_leased(now_ms) for task in tasks)
    is_told = all(told.values()) and all(i.task_id in told for task in tasks for i in task.alive)
    if is_starting or not is_told:
        return None  # the API did not say, or somebody was quicker than the API
    # A start that nobody saw may have happened: starting again will tell.
    may_run = any(t.state == "starting" or (t.state == "due" and t.unseen) for t in tasks)
    ended = [task_id for task_id, progress in told.items() if progress == "ended"]
    for task in tasks:
        claims.note_ended(task, ended, now_ms)
    if may_run or len(ended) < len(told):
        return book.redate_session(session.id, event_ms)
    opened = book.reopen_session(session.id, event_ms, resources.rules.decide(*book.room))
    claims.begin_stops(session, now_ms)  # what was due in it is not due any more
    return opened
