"""TRTC's room events: who opens a session, who closes it, who is there, and what starts or stops."""

from __future__ import annotations

from shared import callbacks
from shared.callbacks import ANCHOR, Callback
from shared.errors import LedgerError, RoomscribeError
from shared.ledger import Closing, RoomBook, Session, Task, claims
from shared.lifecycle.asking import name_bot
from shared.lifecycle.creating import create_room, open_room
from shared.lifecycle.outcome import Outcome, describe_task, failed, ignored
from shared.lifecycle.start import not_wanted
from shared.lifecycle.stop import finish_closing, finish_unfinished
from shared.lifecycle.wanting import start_wanted
from shared.lifecycle.without_ledger import start_unrecorded
from shared.resources import Resources
from shared.room import Room
from shared.rules.decision import Rule
from shared.signer import is_bot_user_id

ABSENCES = (callbacks.USER_LEFT, callbacks.AUDIO_STOPPED)


def act_on_room(callback: Callback, resources: Resources) -> list[Outcome]:
    """Do what a room event asks for and say what came of it; acting twice on one event changes nothing.

    What an earlier session of the room left unfinished is finished first, whatever the event.
    """
    room = Room(callback.sdk_app_id, callback.room_id, callback.room_id_type)
    if callback.event_type in callbacks.USER_EVENTS and callback.role not in (None, ANCHOR):
        return [ignored("audience")]
    is_end = callback.event_type == callbacks.ROOM_DISMISSED  # whoever was the last to leave
    if not is_end and _is_own_bot(callback.user_id, room, resources):
        return [_note_own_bot(callback, room, resources)]
    outcomes: list[Outcome] = []
    try:
        if callback.event_type == callbacks.ROOM_CREATED:
            try:
                opened = open_room(callback, room, resources)
            except LedgerError as error:  # of what fails later, the ledger knows: TRTC comes back
                return start_unrecorded(callback, room, resources, error)
            outcomes += _finish_earlier(opened.book, resources)
            outcomes += create_room(callback, opened, resources)
        else:
            book = resources.ledger.read(room)
            outcomes += _finish_earlier(book, resources)
            outcomes += _act(callback, book, resources)
    except RoomscribeError as error:  # what was done before it must not go unsaid
        outcomes.append(failed(error))
    return outcomes


def _finish_earlier(book: RoomBook, resources: Resources) -> list[Outcome]:
    """What can be finished; a start that is claimed by now is not left waiting for the rest."""
    try:
        return finish_unfinished(book, resources)
    except LedgerError as error:
        return [failed(error)]


def _act(callback: Callback, book: RoomBook, resources: Resources) -> list[Outcome]:
    if callback.event_type == callbacks.ROOM_DISMISSED:
        return _close(callback, book.room, resources)
    # The rule the open session keeps, or the one the next session will get.
    rule = book.open_now.rule if book.open_now else book.plan or resources.rules.decide(*book.room)
    if rule.ignores(callback.user_id or ""):
        return [ignored("ignored_user")]
    if callback.event_type in ABSENCES:
        return [_note_absence(callback, book.open_now, resources)]
    return _note_presence(callback, book.room, rule, resources)


def _note_presence(
    callback: Callback, room: Room, rule: Rule, resources: Resources
) -> list[Outcome]:
    opening, session = resources.ledger.change(
        room,
        lambda book: book.open_session(
            callback.event_ms, rule, precise=callback.precise, creates=False
        ),
    )
    if session is None or opening in ("gone", "stale"):
        return [ignored(opening)]
    if session.rule.wants_nothing:
        return [not_wanted(session, session.rule)]
    talks = callback.event_type == callbacks.AUDIO_STARTED
    _note_person(callback, session, resources, present=True, microphone=True if talks else None)
    return start_wanted(callback, session, resources)


def _note_absence(callback: Callback, session: Session | None, resources: Resources) -> Outcome:
    if session is None:
        return ignored("unknown_room")
    left = callback.event_type == callbacks.USER_LEFT
    _note_person(callback, session, resources, present=not left, microphone=False)
    return Outcome("presence.noted", "left" if left else "silent", fields={"session": session.id})


def _note_person(
    callback: Callback,
    session: Session,
    resources: Resources,
    *,
    present: bool,
    microphone: bool | None,
) -> None:
    resources.ledger.note_person(
        session,
        callback.user_id or "",
        callback.event_ms,
        present=present,
        microphone=microphone,
        precise=callback.precise,
    )


def _close(callback: Callback, room: Room, resources: Resources) -> list[Outcome]:
    closing, session = _close_exact(callback, room, resources)
    exact_is_open = session is not None and session.closed_ms is None
    if closing in ("stale", "unknown") and not exact_is_open and _is_open(room.twin, resources):
        # A 102 may carry the room id in the other JSON type.
        of_twin, twin = _close_exact(callback, room.twin, resources)
        if of_twin == "closed":
            closing, session = of_twin, twin
    if session is None or closing == "unknown":
        closing, session = resources.ledger.change(room, lambda book: _bury(callback, book))
    if session is None or closing == "unknown":
        return [ignored("unknown_room")]
    if closing == "stale":
        return [ignored("stale")]
    if closing == "already_closed":
        return [Outcome("room.closed", closing)]
    fields = {"session": session.id, "rule": session.rule.name}
    return finish_closing(session, resources) or [Outcome("room.closed", closing, fields=fields)]


def _is_open(room: Room, resources: Resources) -> bool:
    return resources.ledger.read(room).open_now is not None


def _close_exact(
    callback: Callback, room: Room, resources: Resources
) -> tuple[Closing, Session | None]:
    return resources.ledger.change(room, lambda book: _close_in(callback, book))


def _close_in(callback: Callback, book: RoomBook) -> tuple[Closing, Session | None]:
    return book.close_session(callback.event_ms, precise=callback.precise), book.latest


def _bury(callback: Callback, book: RoomBook) -> tuple[Closing, Session | None]:
    """Remember the end of a room nobody knows; its creation may have come since it was looked for."""
    closing, session = _close_in(callback, book)
    if closing == "unknown":
        book.bury(callback.event_ms)
    return closing, session


def _note_own_bot(callback: Callback, room: Room, resources: Resources) -> Outcome:
    """A bot of ours leaves when its task ends, of which the callback may be lost: ask the API soon."""
    session = resources.ledger.read(room).open_now
    application = resources.settings.find_application(room.sdk_app_id)
    if callback.event_type != callbacks.USER_LEFT or session is None or application is None:
        return ignored("own_bot")

    def note(known: Session) -> Task | None:
        for target, task in known.tasks.items():
            if name_bot(application, room, target) == callback.user_id:
                is_noted = claims.note_bot_left(task, callback.event_ms, resources.now_ms())
                return task if is_noted else None
        return None

    task = resources.change(session, note)
    if task is None:
        return ignored("own_bot")
    return Outcome("task.noted", "bot_left", fields=describe_task(session, task), due=True)


def _is_own_bot(user_id: str | None, room: Room, resources: Resources) -> bool:
    """Whether that user is a bot of ours; a person who happens to have our prefix is still a person."""
    application = resources.settings.find_application(room.sdk_app_id)
    if user_id is None or application is None:
        return False
    key = application.secret_key
    return is_bot_user_id(room.sdk_app_id, key, room.room_id, room.room_id_type, user_id)
