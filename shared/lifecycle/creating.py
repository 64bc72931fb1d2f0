"""A room is created: its session opens, its start is claimed, and what came before it is settled."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from shared import callbacks
from shared.callbacks import Callback
from shared.errors import RoomscribeError
from shared.ledger import Opening, RoomBook, Session, Task, claims
from shared.lifecycle.asking import ask_progress
from shared.lifecycle.outcome import COME_BACK, Outcome, failed, ignored
from shared.lifecycle.start import Claimed, StartRequest, claim_start, settle_claim, start_task
from shared.lifecycle.wanting import find_target, make_request, say_unwanted, start_wanted
from shared.resources import Resources
from shared.room import Room


class Opened(NamedTuple):
    """What a created room's book became; the start it asks for is claimed in the same change."""

    opening: Opening
    book: RoomBook
    session: Session | None
    request: StartRequest | None = None
    claimed: Claimed | None = None


def open_room(callback: Callback, room: Room, resources: Resources) -> Opened:
    """Open the room's session, or find the one it has, and claim its start, in one change of the ledger."""
    rule, token = resources.rules.decide(*room), uuid.uuid4().hex

    def open_it(book: RoomBook) -> Opened:
        opening, session = book.open_session(callback.event_ms, rule, precise=callback.precise)
        if session is None or opening not in ("opened", "open"):
            return Opened(opening, book, session)
        request = make_request(callback, session, token)
        claimed = claim_start(resources, session, request) if request else None
        return Opened(opening, book, session, request, claimed)

    return resources.ledger.change(room, open_it)


def create_room(callback: Callback, opened: Opened, resources: Resources) -> list[Outcome]:
    """Start what the room was opened for; what an earlier session left is finished by then, if it can be."""
    opening, book, session, request, claimed = opened
    if session is None or opening in ("stale", "gone"):
        return [ignored(opening)]
    if opening == "newer":
        judged = _judge_newer(session, callback.event_ms, resources)
        if judged is None:
            fields = {"session": session.id}
            return [Outcome("room.unclear", "retry", COME_BACK, "warning", fields)]
        session, book = judged, resources.ledger.read(judged.room)
        outcomes = start_wanted(callback, session, resources)
    elif request and claimed:
        outcomes = settle_claim(resources, session, request, claimed)
    else:
        outcomes = [say_unwanted(callback, session)]
    if opening != "open" and session.opened_ms == callback.event_ms:
        try:
            outcomes += _carry_over(book, session, resources)
        except RoomscribeError as error:  # what was started before it must not go unsaid
            outcomes.append(failed(error))
    return outcomes


def _carry_over(book: RoomBook, session: Session, resources: Resources) -> list[Outcome]:
    """Who came after the room was created, but was told of before, stands in the session before."""
    earlier = [known for known in book.sessions if known.id != session.id]
    outcomes: list[Outcome] = []
    for person in resources.ledger.list_people(earlier[0]) if earlier else ():
        if not person.present or person.event_ms < session.opened_ms:
            continue
        event_ms, user_id = person.event_ms, person.user_id
        resources.ledger.note_person(
            session, user_id, event_ms, present=True, microphone=person.microphone
        )
        event_type = callbacks.AUDIO_STARTED if person.microphone else callbacks.USER_ENTERED
        target = find_target(session.rule, event_type, user_id)
        if target and not session.rule.wants_nothing:
            trigger = f"{event_type}/{event_ms}/{user_id}"
            outcomes += start_task(resources, session, target, trigger, event_ms)
    return outcomes


def _judge_newer(session: Session, event_ms: int, resources: Resources) -> Session | None:
    """The session of a room created again without our hearing of its end; None when it is unclear.

    Its task still runs: the same meeting. Otherwise the 102 was lost, and the next session opens.
    """
    ended: list[tuple[str, str]] = []
    asked: set[str] = set()
    runs = any(_may_yet_run(task, resources) for task in session.tasks.values())
    for task in session.tasks.values():
        for task_id in task.alive:
            progress = ask_progress(resources, session, task_id)
            if progress is None:
                return None
            asked.add(task_id.task_id)
            if progress == "ended":
                ended.append((task.target, task_id.task_id))
            else:
                runs = True
    rule = resources.rules.decide(*session.room)

    def decide(book: RoomBook) -> Session | None:
        known, now_ms = book.get(session.id), resources.now_ms()
        for task in known.tasks.values():
            leased = task.state == "starting" and claims.is_leased(task, now_ms)
            if leased or any(task_id.task_id not in asked for task_id in task.alive):
                return None  # somebody was quicker than the API
        for target, task_id in ended:
            claims.note_ended(known, target, [task_id], now_ms)
        if runs:
            return book.redate_session(session.id, event_ms)
        opened = book.reopen_session(session.id, event_ms, rule)
        claims.begin_stops(known, now_ms)  # what was due in it is not due any more
        return opened

    return resources.ledger.change(session.room, decide)


def _may_yet_run(task: Task, resources: Resources) -> bool:
    """Whether a start that nobody saw may have happened, and starting again will tell."""
    expired = task.state == "starting" and not claims.is_leased(task, resources.now_ms())
    return expired or (task.state == "due" and bool(task.unseen))
