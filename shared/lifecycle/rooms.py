"""TRTC's room events: who opens a session, who closes it, who is there, and what starts or stops."""

from __future__ import annotations

from shared import callbacks
from shared.callbacks import ANCHOR, Callback
from shared.errors import LedgerError, RoomscribeError
from shared.ledger import Closing, Room, RoomBook, Session, Task, claims
from shared.lifecycle.asking import ask_progress
from shared.lifecycle.outcome import COME_BACK, Outcome, failed, ignored
from shared.lifecycle.starting import not_wanted, start_task
from shared.lifecycle.stopping import finish_closing, finish_unfinished
from shared.lifecycle.unrecorded import start_unrecorded
from shared.resources import Resources
from shared.rules import Rule
from shared.signer import WHOLE_ROOM, is_bot_user_id

# The events that start a rule's task: its own, and every later one, in case the first got lost.
STARTERS = {
    "room_created": (callbacks.ROOM_CREATED, callbacks.USER_ENTERED, callbacks.AUDIO_STARTED),
    "user_entered": (callbacks.USER_ENTERED, callbacks.AUDIO_STARTED),
    "audio_started": (callbacks.AUDIO_STARTED,),
}
ABSENCES = (callbacks.USER_LEFT, callbacks.AUDIO_STOPPED)


def act_on_room(callback: Callback, resources: Resources) -> list[Outcome]:
    """Do what a room event asks for and say what came of it; acting twice on one event changes nothing.

    What an earlier session of the room left unfinished is finished first, whatever the event.
    """
    room = Room(callback.sdk_app_id, callback.room_id, callback.room_id_type)
    if callback.event_type in callbacks.USER_EVENTS and callback.role not in (None, ANCHOR):
        return [ignored("audience")]
    if _is_own_bot(callback.user_id, room, resources):
        return [ignored("own_bot")]
    outcomes: list[Outcome] = []
    try:
        book = resources.ledger.read(room)
        outcomes += finish_unfinished(book, resources)
        outcomes += _act(callback, book, resources)
    except LedgerError as error:
        if callback.event_type == callbacks.ROOM_CREATED:
            outcomes += start_unrecorded(callback, room, resources, error)
        else:
            outcomes.append(failed(error))
    except RoomscribeError as error:  # what was done before it must not go unsaid
        outcomes.append(failed(error))
    return outcomes


def find_target(rule: Rule, event_type: int, user_id: str | None) -> str | None:
    """Whose task this event starts under the rule: everybody's, one speaker's, or none."""
    if event_type not in STARTERS[rule.start_on] or rule.ignores(user_id or ""):
        return None
    if rule.scope == "room":
        return WHOLE_ROOM
    return None if event_type == callbacks.ROOM_CREATED else user_id


def _act(callback: Callback, book: RoomBook, resources: Resources) -> list[Outcome]:
    if callback.event_type == callbacks.ROOM_DISMISSED:
        return _close(callback, book.room, resources)
    # The rule the open session keeps, or the one the next session will get.
    rule = book.open_now.rule if book.open_now else book.plan or resources.rules.decide(*book.room)
    if callback.event_type == callbacks.ROOM_CREATED:
        return _create(callback, book.room, rule, resources)
    if rule.ignores(callback.user_id or ""):
        return [ignored("ignored_user")]
    if callback.event_type in ABSENCES:
        return [_note_absence(callback, book.open_now, resources)]
    return _note_presence(callback, book.room, rule, resources)


def _create(callback: Callback, room: Room, rule: Rule, resources: Resources) -> list[Outcome]:
    opening, session = resources.ledger.change(
        room, lambda book: book.open_session(callback.event_ms, rule, precise=callback.precise)
    )
    if session is None or opening in ("stale", "gone"):
        return [ignored(opening)]
    if opening == "newer":
        judged = _judge_newer(session, callback.event_ms, resources)
        if judged is None:
            fields = {"session": session.id}
            return [Outcome("room.unclear", "retry", COME_BACK, "warning", fields)]
        session = judged
    outcomes = _start_wanted(callback, session, resources)
    if opening != "open" and session.opened_ms == callback.event_ms:
        outcomes += _carry_over(session, resources)
    return outcomes


def _carry_over(session: Session, resources: Resources) -> list[Outcome]:
    """Who came after the room was created, but was told of before, stands in the session before."""
    book = resources.ledger.read(session.room)
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
            progress = ask_progress(resources, session.room, task_id)
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
    return _start_wanted(callback, session, resources)


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


def _start_wanted(callback: Callback, session: Session, resources: Resources) -> list[Outcome]:
    if session.rule.wants_nothing:
        return [not_wanted(session, session.rule)]
    target = find_target(session.rule, callback.event_type, callback.user_id)
    if target is None:
        fields = {"session": session.id, "rule": session.rule.name}
        return [Outcome("room.noted", "waiting", fields=fields)]
    trigger = f"{callback.event_type}/{callback.event_ms}/{callback.user_id or ''}"
    return start_task(resources, session, target, trigger, callback.event_ms)


def _close(callback: Callback, room: Room, resources: Resources) -> list[Outcome]:
    closing, session = _close_exact(callback, room, resources)
    exact_is_open = session is not None and session.closed_ms is None
    if closing in ("stale", "unknown") and not exact_is_open and _is_open(room.twin, resources):
        # A 102 may carry the room id in the other JSON type.
        of_twin, twin = _close_exact(callback, room.twin, resources)
        if of_twin == "closed":
            closing, session = of_twin, twin
    if session is None or closing == "unknown":
        resources.ledger.change(room, lambda book: book.bury(callback.event_ms))
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
    return resources.ledger.change(
        room,
        lambda book: (
            book.close_session(callback.event_ms, precise=callback.precise),
            book.latest,
        ),
    )


def _is_own_bot(user_id: str | None, room: Room, resources: Resources) -> bool:
    """Whether that user is a bot of ours; a person who happens to have our prefix is still a person."""
    application = resources.settings.find_application(room.sdk_app_id)
    if user_id is None or application is None:
        return False
    key = application.secret_key
    return is_bot_user_id(room.sdk_app_id, key, room.room_id, room.room_id_type, user_id)
