"""What TRTC's events lead to: one change of the room's document decides, then the calls are made."""

from __future__ import annotations

import secrets
from typing import NamedTuple

import msgspec

from shared import callbacks
from shared.callbacks import ANCHOR, Callback
from shared.errors import LedgerError, NewerError, RoomscribeError
from shared.ledger import RoomBook, Session, Task, claims
from shared.lifecycle.outcome import Fields, Outcome, describe_task, failed, ignored
from shared.lifecycle.reopening import reopen_room
from shared.lifecycle.start import (
    Claim,
    claim_wanted,
    not_wanted,
    settle_claim,
    start_without_ledger,
)
from shared.lifecycle.stop import finish_sessions
from shared.lifecycle.task_events import act_on_task
from shared.lifecycle.wake_drainer import wake_drainer
from shared.resources import Resources
from shared.room import Room
from shared.rules.decision import CLIENT_TRANSCRIBERS, find_matcher
from shared.signer import bot_user_id, is_bot_user_id

BILLED_TWICE = "a client runs its own transcriber: both are billed; end one, or exclude the room"
UNTOLD = ("room.noted", "transcription.not_wanted")  # of whoever is carried over
ABSENCES = (callbacks.USER_LEFT, callbacks.AUDIO_STOPPED)


class Decision(NamedTuple):
    """What a room event asks for, as one change of the room's document has decided it.

    `earlier` are sessions that had ended before the event and have tasks left to stop. `wanted` is a start,
    the session that the event has closed, the session that is open already when the room was created a
    second time, or what to say when nothing is to be done. `began`: the event has opened a session.
    """

    book: RoomBook
    earlier: list[Session]
    wanted: Claim | Outcome | Session
    began: bool


def act_on(callback: Callback, resources: Resources) -> list[Outcome]:
    """Do what a callback asks for and return the outcomes; the same callback twice changes nothing more."""
    room = callback.room
    bot = callback.task.bot_user_id if callback.task else callback.user_id
    is_end = callback.event_type == callbacks.ROOM_DISMISSED
    if bot and not is_end and find_matcher(CLIENT_TRANSCRIBERS)(bot):
        return [*_report_transcriber(bot, room, resources), ignored("client_transcriber")]
    act = act_on_task if callback.task else act_on_room
    outcomes = act(callback, resources)
    if resources.settings.has_drainer:
        outcomes += wake_drainer(room, outcomes, resources)
    return outcomes


def act_on_room(
    callback: Callback, resources: Resources, *, finishes_earlier: bool = True
) -> list[Outcome]:
    """Do what a room event asks for and return the outcomes; the same event twice changes nothing more.

    What an earlier session of the room left unfinished is finished first, whatever the event, if
    `finishes_earlier`.
    """
    is_of_user = callback.event_type in callbacks.USER_EVENTS
    if is_of_user and callback.role not in (None, ANCHOR):
        return [ignored("audience")]
    # Of a dismissed room the event names whoever was the last to leave.
    is_end = callback.event_type == callbacks.ROOM_DISMISSED
    key = resources.settings.require_application(callback.room.sdk_app_id).secret_key
    if not is_end and is_bot_user_id(callback.room, key, callback.user_id):
        return [_note_own_bot(callback, key, resources)]
    token, user_id = secrets.token_hex(16), (callback.user_id or "") if is_of_user else ""
    try:
        decision = resources.ledger.change(
            callback.room,
            lambda book: _decide(callback, token, book, resources),
            user_id=user_id,
        )
    except RoomscribeError as error:
        is_created = callback.event_type == callbacks.ROOM_CREATED
        is_away = isinstance(error, LedgerError) and not isinstance(error, NewerError)
        if is_created and is_away:  # of what fails later, the ledger knows
            return start_without_ledger(callback, error, resources)
        return [failed(error)]
    outcomes: list[Outcome] = []
    try:
        if not finishes_earlier:
            decision = decision._replace(earlier=[])
        _carry_out(decision, callback, outcomes, resources)
    except RoomscribeError as error:  # what was done before it must not go unsaid
        outcomes.append(failed(error))
    return outcomes


def _decide(callback: Callback, token: str, book: RoomBook, resources: Resources) -> Decision:
    now_ms, newest = resources.now_ms(), book.latest
    earlier = book.unfinished
    for session in earlier:
        claims.begin_stops(session, now_ms)
    wanted: Claim | Outcome | Session
    if callback.event_type == callbacks.ROOM_DISMISSED:
        wanted = _close(callback, book, now_ms)
    elif callback.event_type == callbacks.ROOM_CREATED:
        rule = resources.rules.decide(*book.room)
        opening, opened = book.open_session(callback.event_ms, rule, precise=callback.precise)
        if opened is None or opening in ("gone", "stale"):
            wanted = ignored(opening)
        elif opening == "newer":
            wanted = opened
        else:
            wanted = claim_wanted(callback, token, opened, book, resources)
    else:
        wanted = _note_presence(callback, token, book, resources)
    return Decision(book, earlier, wanted, began=book.latest is not newest)


def _note_presence(
    callback: Callback, token: str, book: RoomBook, resources: Resources
) -> Claim | Outcome:
    # The rule the open session keeps, or the one the next session will get.
    known = book.open_now
    rule = known.rule if known else book.half.plan or resources.rules.decide(*book.room)
    event_type, event_ms, precise = callback.event_type, callback.event_ms, callback.precise
    if rule.ignores(callback.user_id or ""):
        return ignored("ignored_user")
    if event_type in ABSENCES:
        left = event_type == callbacks.USER_LEFT
        if known is None:
            return ignored("unknown_room")
        book.note_presence(event_ms, present=not left, microphone=False, precise=precise)
        fields = {"session": known.id}
        return Outcome("presence.noted", "left" if left else "silent", fields=fields)
    opening, session = book.open_session(event_ms, rule, precise=precise, creates=False)
    if session is None or opening in ("gone", "stale"):
        return ignored(opening)
    if session.rule.wants_nothing:
        return not_wanted(session, session.rule)
    talks = True if event_type == callbacks.AUDIO_STARTED else None
    book.note_presence(event_ms, present=True, microphone=talks, precise=precise)
    return claim_wanted(callback, token, session, book, resources)


def _close(callback: Callback, book: RoomBook, now_ms: int) -> Session | Outcome:
    event_ms, precise = callback.event_ms, callback.precise
    closing, session = book.close_session(event_ms, precise=precise), book.latest
    if closing in ("stale", "unknown") and book.open_now is None and book.twin.open_now:
        # A 102 may carry the room id in the other JSON type.
        twin = book.twin
        if twin.close_session(event_ms, precise=precise) == "closed":
            closing, session = "closed", twin.latest
    if session is None or closing == "unknown":
        book.bury(event_ms)
        return ignored("unknown_room")
    if closing == "stale":
        return ignored("stale")
    if closing == "already_closed":
        return Outcome("room.closed", closing)
    claims.begin_stops(session, now_ms)
    return session


def _carry_out(
    decision: Decision, callback: Callback, outcomes: list[Outcome], resources: Resources
) -> None:
    """Make the calls that a decision asks for; adds what came of each to `outcomes`."""
    book, earlier, wanted, began = decision
    try:
        outcomes += finish_sessions(earlier, resources) if earlier else []
    except LedgerError as error:  # that does not keep a claimed start waiting
        outcomes.append(failed(error))
    if isinstance(wanted, Session) and wanted.closed_ms is not None:
        known = book if wanted.room == book.room else book.twin
        fields = {"session": wanted.id, "rule": wanted.rule.name}
        closed = Outcome("room.closed", "closed", fields=fields)
        outcomes += finish_sessions([wanted], resources, known=known) or [closed]
        return
    if isinstance(wanted, Session):
        book, wanted = reopen_room(callback, wanted, resources)
        began = book.latest is not None and book.latest.opened_ms == callback.event_ms
    outcomes += settle_claim(wanted, resources)
    # Who came after the room was created, but was told of before, stands in the session before.
    if began and callback.event_type == callbacks.ROOM_CREATED and len(book.sessions) > 1:
        outcomes += _carry_over(callback, book, resources)


def _carry_over(callback: Callback, book: RoomBook, resources: Resources) -> list[Outcome]:
    """Act again on people who were noted in the session before although the newest one was open already."""
    outcomes: list[Outcome] = []
    for person in resources.ledger.list_people(book.sessions[1]):
        if person.present and person.event_ms >= callback.event_ms:
            talks = callbacks.AUDIO_STARTED if person.microphone else callbacks.USER_ENTERED
            user_id, event_ms = person.user_id, person.event_ms
            outcomes += act_on_room(
                msgspec.structs.replace(
                    callback, event_type=talks, event_ms=event_ms, user_id=user_id, role=ANCHOR
                ),
                resources,
                finishes_earlier=False,
            )
    return [one for one in outcomes if one.message not in UNTOLD]


def _note_own_bot(callback: Callback, secret_key: str, resources: Resources) -> Outcome:
    """A bot of ours leaves when its task ends, of which the callback may be lost: ask the API soon."""

    def note(book: RoomBook) -> tuple[Session, Task] | None:
        session = book.open_now
        for target, task in session.tasks.items() if session else ():
            if bot_user_id(book.room, secret_key, target) == callback.user_id:
                is_noted = claims.note_bot_left(task, callback.event_ms, resources.now_ms())
                return (session, task) if session and is_noted else None
        return None

    is_left = callback.event_type == callbacks.USER_LEFT
    noted = resources.ledger.change(callback.room, note) if is_left else None
    if noted is None:
        return ignored("own_bot")
    return Outcome("task.noted", "bot_left", fields=describe_task(*noted), due=True)


def _report_transcriber(bot: str, room: Room, resources: Resources) -> list[Outcome]:
    """Say once a session that a client's transcriber hears what a task of ours hears."""

    def note(book: RoomBook) -> Session | None:
        session = book.open_now
        if session is None or session.transcribed_twice or not session.is_busy:
            return None
        session.transcribed_twice = True
        return session

    session = note(resources.ledger.read(room)) and resources.ledger.change(room, note)
    if session is None:
        return []
    about: Fields = {"session": session.id, "rule": session.rule.name, "user_id": bot}
    fields = {**about, "reason": BILLED_TWICE}
    return [Outcome("room.transcribed_twice", "reported", level="warning", fields=fields)]
