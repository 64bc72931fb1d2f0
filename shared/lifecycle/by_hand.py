"""What a person or a program asks for one room: start it, stop it, or tell what happened in it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from shared.callbacks import MAX_ROOM_NUMBER, names_numeric_room
from shared.errors import RequestError
from shared.ledger import Room, Session, Task
from shared.lifecycle.outcome import Outcome
from shared.lifecycle.tasks import ask_progress, start_task, stop_tasks
from shared.resources import Resources
from shared.rules import Rule, overridable_keys, override_rule
from shared.scf import Json
from shared.services.parameters import suggest_name
from shared.settings import Settings
from shared.signer import WHOLE_ROOM

SESSIONS_SHOWN = 5


class RoomEvent(Struct, frozen=True):
    """The keys of an event that are not a rule's; `room_id_type` follows the JSON type of `room_id`."""

    room_id: (
        Annotated[str, Meta(min_length=1, max_length=64)]
        | Annotated[int, Meta(ge=1, le=MAX_ROOM_NUMBER)]
    )
    room_id_type: Literal[0, 1] | None = None
    sdk_app_id: int | None = None
    user_id: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    when: Literal["now", "room_created"] = "now"


EVENT_KEYS = RoomEvent.__struct_fields__


class RoomRequest(NamedTuple):
    """What is asked of which room; `changes` are the event's other keys."""

    room: Room
    user_id: str | None
    when: str
    changes: Json


def read_request(event: Json, settings: Settings) -> RoomRequest:
    """The request in an event; raises RequestError saying what the event should look like."""
    try:
        asked = msgspec.convert(event, RoomEvent)
    except msgspec.ValidationError as error:
        raise RequestError(f"the event is not a request for a room: {error}") from None
    known = [application.sdk_app_id for application in settings.applications]
    sdk_app_id = asked.sdk_app_id or (known[0] if len(known) == 1 else None)
    if sdk_app_id not in known:
        raise RequestError(f"sdk_app_id: must be one of the configured applications: {known}")
    room_id_type = asked.room_id_type
    if room_id_type is None:
        room_id_type = 0 if isinstance(asked.room_id, int) else 1
    if room_id_type == 0 and not names_numeric_room(str(asked.room_id)):
        raise RequestError("room_id: a room of room_id_type 0 has a number from 1 to 4294967295")
    room = Room(sdk_app_id, str(asked.room_id), room_id_type)
    changes = {key: value for key, value in event.items() if key not in EVENT_KEYS}
    return RoomRequest(room, asked.user_id, asked.when, changes)


def start_room(request: RoomRequest, resources: Resources) -> tuple[list[Outcome], Json]:
    """Start a room's transcription now, or decide it before the room exists.

    The rule's values are the defaults; any of its keys in the event goes before it. A task that
    runs is left alone.
    """
    room, changes = request.room, request.changes
    _refuse_unknown(changes)
    session = resources.ledger.find_open_session(room)
    rule = session.rule if session else resources.rules.decide(*room)
    rule = override_rule(rule, changes) if changes else rule
    if rule.wants_nothing:
        raise RequestError(
            f'rule {rule.name!r} does not transcribe this room; add "service" to the event'
        )
    if request.when == "room_created":
        return _plan(room, rule, resources)
    return _start_now(room, rule, request.user_id, resources)


def stop_room(request: RoomRequest, resources: Resources) -> tuple[list[Outcome], Json]:
    """Stop a room's transcription; nothing but start_room begins it again before the room closes."""
    session = resources.ledger.find_open_session(request.room)
    if session is None:
        return [], {"outcome": "not_open", "message": "no open session of this room is known"}
    tasks = resources.ledger.hold_tasks(session, resources.now_ms())
    outcomes = stop_tasks(resources, session, tasks)
    failed = any(outcome.http_status != 200 for outcome in outcomes)
    return outcomes, {
        "outcome": "stop_failed" if failed else "held",
        "session": session.id,
        "tasks": [_show(task) for task in resources.ledger.list_tasks(session)],
    }


def describe_room(request: RoomRequest, resources: Resources) -> tuple[list[Outcome], Json]:
    """What happened in a room and when: its sessions, newest first, with people and tasks."""
    room = request.room
    sessions = resources.ledger.list_sessions(room, SESSIONS_SHOWN)
    described = [_describe(session, resources) for session in sessions]
    rule = resources.rules.decide(*room).name
    return [], {**room._asdict(), "outcome": "described", "rule_now": rule, "sessions": described}


def _plan(room: Room, rule: Rule, resources: Resources) -> tuple[list[Outcome], Json]:
    resources.ledger.plan_room(room, rule)
    planned = Outcome("room.planned", rule.service, fields={"rule": rule.name})
    return [planned], {"outcome": "planned", "rule": rule.name, "service": rule.service}


def _start_now(
    room: Room, rule: Rule, user_id: str | None, resources: Resources
) -> tuple[list[Outcome], Json]:
    now_ms = resources.now_ms()
    opening, session = resources.ledger.open_session(room, now_ms, rule, creates=False)
    if session is None or opening == "gone":
        raise RequestError("the room has closed later than this machine's clock: check the clock")
    session = _prepare(session, rule, resources)
    targets = _choose_targets(session, user_id, resources)
    trigger = f"by_hand/{now_ms}"
    results = [
        start_task(resources, session, target, trigger, now_ms, by_hand=True) for target in targets
    ]
    tasks = [_show(task) for task in resources.ledger.list_tasks(session) if task.target in targets]
    words = {_say(outcomes[-1]) for outcomes in results}
    result = {
        "outcome": words.pop() if len(words) == 1 else "mixed",
        "session": session.id,
        "rule": session.rule.name,
        "tasks": tasks,
    }
    only = tasks[0] if len(tasks) == 1 else {}
    result |= {key: only[key] for key in ("task_id", "service", "error_code") if key in only}
    return [outcome for outcomes in results for outcome in outcomes], result


def _prepare(session: Session, rule: Rule, resources: Resources) -> Session:
    """Lift a hold, ask the API which tasks ended without our hearing, and pin the asked-for rule.

    While a task runs the session keeps its rule.
    """
    ledger = resources.ledger
    ledger.lift_hold(session)
    for task in ledger.list_tasks(session):
        alive = [i for i in task.task_ids if not i.ended]
        ended = [i.task_id for i in alive if ask_progress(resources, session.room, i) == "ended"]
        if ended:
            ledger.end_task(task, ended, resources.now_ms())
    if any(task.state in ("running", "starting") for task in ledger.list_tasks(session)):
        return session
    return ledger.pin_rule(session, rule)


def _choose_targets(session: Session, user_id: str | None, resources: Resources) -> list[str]:
    if session.rule.scope == "room":
        return [WHOLE_ROOM]
    people = resources.ledger.list_people(session)
    targets = [user_id] if user_id else [person.user_id for person in people if person.present]
    if not targets:
        raise RequestError(
            'the rule has a task for each speaker and nobody is there: add "user_id"'
        )
    return targets


def _refuse_unknown(changes: Json) -> None:
    known = overridable_keys()
    for key in changes:
        if key not in known:
            raise RequestError(f"{key}: {suggest_name(key, (*EVENT_KEYS, *known))}")


def _say(outcome: Outcome) -> str:
    if outcome.message == "transcription.unchanged":
        return f"already_{outcome.outcome}"
    return outcome.message.partition(".")[2]


def _describe(session: Session, resources: Resources) -> Json:
    people = [
        {
            "user_id": p.user_id,
            "present": p.present,
            "microphone": p.microphone,
            "event_ms": p.event_ms,
        }
        for p in resources.ledger.list_people(session)
    ]
    tasks = resources.ledger.list_tasks(session)
    return {
        "session": session.id,
        "opened_ms": session.opened_ms,
        "closed_ms": session.closed_ms,
        "rule": session.rule.name,
        "service": session.rule.service,
        "people": people,
        "tasks": [
            _show(task) | {"status_now": _ask_status(task, session, resources)} for task in tasks
        ],
    }


def _ask_status(task: Task, session: Session, resources: Resources) -> str:
    alive = [i for i in task.task_ids if not i.ended]
    if not alive:
        return "ended" if task.task_ids else "none"
    return ask_progress(resources, session.room, alive[-1]) or "unknown"


def _show(task: Task) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "target": task.target,
        "service": task.service,
        "state": task.state,
        "task_id": task.task_id,
        "task_ids": [msgspec.to_builtins(task_id) for task_id in task.task_ids],
        "attempts": task.attempts,
        "error_code": task.error_code,
        "changed_ms": task.changed_ms,
    }
    return {key: value for key, value in shown.items() if value not in ("", [])}
