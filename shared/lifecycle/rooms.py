"""TRTC's room events: who opens a session, who closes it, who is there, and what that starts or stops."""

from __future__ import annotations

from shared import callbacks
from shared.callbacks import ANCHOR, Callback
from shared.ledger import Room, Session, Task
from shared.lifecycle.outcome import COME_BACK, Outcome, ignored
from shared.lifecycle.tasks import ask_progress, not_wanted, start_task, stop_tasks
from shared.resources import Resources
from shared.rules import Rule
from shared.signer import BOT_PREFIX, WHOLE_ROOM, bot_user_id

# The events that start a rule's task: its own, and every later one, in case the first got lost.
STARTERS = {
    "room_created": (callbacks.ROOM_CREATED, callbacks.USER_ENTERED, callbacks.AUDIO_STARTED),
    "user_entered": (callbacks.USER_ENTERED, callbacks.AUDIO_STARTED),
    "audio_started": (callbacks.AUDIO_STARTED,),
}


def act_on(callback: Callback, resources: Resources) -> list[Outcome]:
    """Do what a room event asks for and say what came of it; acting twice on one event changes nothing."""
    room = Room(callback.sdk_app_id, callback.room_id, callback.room_id_type)
    if callback.event_type == callbacks.ROOM_DISMISSED:
        return _close(callback, room, resources)
    if callback.event_type == callbacks.USER_ENTERED and callback.role not in (None, ANCHOR):
        return [ignored("audience")]
    if _is_own_bot(callback.user_id, room, resources):
        return [ignored("own_bot")]
    if callback.event_type in (callbacks.USER_LEFT, callbacks.AUDIO_STOPPED):
        return [_note_absence(callback, room, resources)]
    rule = resources.rules.decide(*room)
    if callback.user_id and rule.ignores(callback.user_id):
        return [ignored("ignored_user")]
    if callback.event_type == callbacks.ROOM_CREATED:
        return _create(callback, room, rule, resources)
    return _note_presence(callback, room, rule, resources)


def find_target(rule: Rule, event_type: int, user_id: str | None) -> str | None:
    """Whose task this event starts under the rule: everybody's, one speaker's, or none."""
    if event_type not in STARTERS[rule.start_on]:
        return None
    if rule.scope == "room":
        return WHOLE_ROOM
    return None if event_type == callbacks.ROOM_CREATED else user_id


def _create(callback: Callback, room: Room, rule: Rule, resources: Resources) -> list[Outcome]:
    opening, session = resources.ledger.open_session(
        room, callback.event_ms, rule, precise=callback.precise
    )
    if session is None or opening == "stale":
        return [ignored(opening)]
    if opening == "gone":
        return _finish_closing(session, resources) or [ignored("gone")]
    if opening == "newer":
        judged = _judge_newer(session, callback.event_ms, rule, resources)
        if judged is None:
            return [Outcome("room.unclear", "retry", COME_BACK, "warning", {"session": session.id})]
        session = judged
    return _start_wanted(callback, session, resources)


def _judge_newer(
    session: Session, event_ms: int, rule: Rule, resources: Resources
) -> Session | None:
    """The session of a room created again without our hearing of its end; None when the API cannot say.

    Its task still runs: the same meeting. Otherwise the 102 was lost, and the next session opens.
    """
    tasks = resources.ledger.list_tasks(session)
    if any(task.state == "starting" and task.lease_until_ms > resources.now_ms() for task in tasks):
        return None
    for task in tasks:
        progress = [ask_progress(resources, session.room, i) for i in task.task_ids if not i.ended]
        if "running" in progress or "starting" in progress:
            resources.ledger.redate_session(session, event_ms)
            return session
        if None in progress:
            return None
        resources.ledger.finish_stop(task, [i.task_id for i in task.task_ids], resources.now_ms())
    return resources.ledger.reopen_session(session, event_ms, rule)


def _note_presence(
    callback: Callback, room: Room, rule: Rule, resources: Resources
) -> list[Outcome]:
    opening, session = resources.ledger.open_session(
        room, callback.event_ms, rule, precise=callback.precise, creates=False
    )
    if session is None or opening == "gone":
        return [ignored("gone")]
    if session.rule.wants_nothing:
        return [not_wanted(session, session.rule)]
    resources.ledger.note_person(
        session,
        callback.user_id or "",
        callback.event_ms,
        present=True,
        microphone=True if callback.event_type == callbacks.AUDIO_STARTED else None,
    )
    return _start_wanted(callback, session, resources)


def _note_absence(callback: Callback, room: Room, resources: Resources) -> Outcome:
    session = resources.ledger.find_open_session(room)
    if session is None:
        return ignored("unknown_room")
    left = callback.event_type == callbacks.USER_LEFT
    resources.ledger.note_person(
        session, callback.user_id or "", callback.event_ms, present=not left, microphone=False
    )
    return Outcome("presence.noted", "left" if left else "silent", fields={"session": session.id})


def _start_wanted(callback: Callback, session: Session, resources: Resources) -> list[Outcome]:
    if session.rule.wants_nothing:
        return [not_wanted(session, session.rule)]
    target = find_target(session.rule, callback.event_type, callback.user_id)
    if target is None:
        fields = {"session": session.id, "rule": session.rule.name}
        return [Outcome("presence.noted", "waiting", fields=fields)]
    trigger = f"{callback.event_type}/{callback.event_ms}/{callback.user_id or ''}"
    return start_task(resources, session, target, trigger, callback.event_ms)


def _close(callback: Callback, room: Room, resources: Resources) -> list[Outcome]:
    closing, session = resources.ledger.close_session(
        room, callback.event_ms, precise=callback.precise
    )
    if session is None:
        return [ignored("unknown_room")]
    if closing == "stale":
        return [ignored("stale")]
    closed = Outcome(
        "room.closed", closing or "", fields={"session": session.id, "rule": session.rule.name}
    )
    return _finish_closing(session, resources) or [closed]


def _finish_closing(session: Session, resources: Resources) -> list[Outcome]:
    """Stop whatever a closed session still has running; a retry of any of its events comes here too."""
    tasks: list[Task] = resources.ledger.begin_stops(session, resources.now_ms())
    return stop_tasks(resources, session, tasks)


def _is_own_bot(user_id: str | None, room: Room, resources: Resources) -> bool:
    """Whether that user is a bot of ours; a person who happens to have our prefix is still a person."""
    application = resources.settings.find_application(room.sdk_app_id)
    if not user_id or not user_id.startswith(BOT_PREFIX) or application is None:
        return False
    targets = [WHOLE_ROOM]
    if session := resources.ledger.find_open_session(room):
        targets += [task.target for task in resources.ledger.list_tasks(session)]
    key = application.secret_key
    return any(
        user_id == bot_user_id(room.sdk_app_id, key, room.room_id, room.room_id_type, t)
        for t in targets
    )
