"""What happened in one room, as a person or a program is told it."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.console.request import Result, RoomRequest
from shared.errors import NotSharedError
from shared.ledger import Person, Session, Task, TaskId
from shared.lifecycle import task_api
from shared.lifecycle.endings import explain_end
from shared.lifecycle.signs_of_life import ADVICE, SILENT_MS, find_silence, list_people, listen
from shared.lifecycle.task_events import measure
from shared.resources import Resources
from shared.scf import Json

SESSIONS_SHOWN = 5


def describe_room(request: RoomRequest, resources: Resources) -> Result:
    """What happened in a room and when: its sessions, newest first, with people and tasks."""
    require_shared_ledger(resources)
    room = request.room
    since_ms = resources.kept_since_ms()
    sessions = resources.ledger.list_sessions(room, SESSIONS_SHOWN)
    described = [_describe(known, resources) for known in sessions if known.is_kept(since_ms)]
    rule = resources.rules.decide(*room).name
    return [], {**room._asdict(), "outcome": "described", "rule_now": rule, "sessions": described}


def require_shared_ledger(resources: Resources) -> None:
    """Raise NotSharedError when only this instance knows what is in the ledger."""
    if not resources.settings.ledger_is_shared:
        raise NotSharedError(
            "LEDGER_URL: on SCF every instance has an SQLite file of its own, so this one cannot "
            "know what the others did; this needs a ledger they share"
        )


def show_task(session: Session, task: Task) -> dict[str, Any]:
    """A task, without what there is nothing to say of; why it does not run, if it should not."""
    shown: dict[str, Any] = {
        "target": task.target,
        "service": task.service,
        "state": task.state,
        "reason": explain_end(session, task),
        "task_id": task.task_id,
        "task_ids": [_show_task_id(task_id) for task_id in task.task_ids],
        "attempts": task.attempts,
        "unseen_starts": len(task.unseen),
        "error_code": task.error_code,
        "waiting_since_ms": task.waiting_ms,
        "not_before_ms": task.not_before_ms,
        "changed_ms": task.changed_ms,
    }
    return {key: value for key, value in shown.items() if value not in ("", [], 0, False)}


def _describe(session: Session, resources: Resources) -> Json:
    people = list_people(session, resources)
    tasks = [
        show_task(session, task)
        | {"status_now": _ask_status(task, session, resources)}
        | _show_silence(session, task, people, resources)
        for task in session.tasks.values()
    ]
    return {
        "session": session.id,
        "opened_ms": session.opened_ms,
        "closed_ms": session.closed_ms,
        "held": session.held,
        "rule": session.rule.name,
        "service": session.rule.service,
        "people": [msgspec.to_builtins(person) for person in people],
        "tasks": tasks,
    }


def _ask_status(task: Task, session: Session, resources: Resources) -> str:
    if not task.alive:
        return "ended" if task.task_ids else "none"
    return task_api.describe(session, task.alive[-1], resources) or "unknown"


def _show_task_id(task_id: TaskId) -> Json:
    shown: Json = {
        "task_id": task_id.task_id,
        "service": task_id.service,
        "region": task_id.region,
        "ended": task_id.ended,
        "started_ms": task_id.started_ms,
    }
    if task_id.reason:
        shown["reason"] = task_id.reason
    timing = {**msgspec.to_builtins(task_id.timing), **measure(task_id.timing)}
    return {**shown, "timing": timing} if timing else shown


def _show_silence(session: Session, task: Task, people: list[Person], resources: Resources) -> Json:
    """Since when nobody is heard although a microphone is on, and what to check, once it is that long."""
    if session.closed_ms is not None:
        return {}
    since_ms = find_silence(session, task, listen(session, task, resources), people)
    silent_ms = resources.now_ms() - since_ms
    if not since_ms or silent_ms < SILENT_MS:
        return {}
    return {"silent_since_ms": since_ms, "silent_ms": silent_ms, "advice": ADVICE}
