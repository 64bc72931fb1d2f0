"""What happened in one room, as a person or a program is told it."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

import msgspec
from msgspec.structs import replace

from shared.console.checks import try_ledger
from shared.console.request import Result, RoomRequest, require_shared_ledger
from shared.console.story import tell_story
from shared.console.verdict import judge, judge_unknown, write_verdict
from shared.ledger import Session, Task, TaskId
from shared.lifecycle import task_api
from shared.lifecycle.endings import explain_end
from shared.lifecycle.signs_of_life import add_heard, listen, note_hearing
from shared.lifecycle.task_events import measure
from shared.remedies import TABLE
from shared.resources import Resources
from shared.room import Room
from shared.scf import Json
from shared.stored import FrozenStored
from shared.traffic import HOUR_MS, read_traffic

SESSIONS_SHOWN = 5


def describe_room(request: RoomRequest, resources: Resources) -> Result:
    """Whether a room is transcribed, why, and what happened: its sessions, newest first."""
    require_shared_ledger(resources)
    room = request.room
    since_ms = resources.kept_since_ms()
    sessions = resources.ledger.list_sessions(room, SESSIONS_SHOWN)
    known = [(one, _describe(one, resources)) for one in sessions if one.is_kept(since_ms)]
    verdict, rule = _judge(room, known[:1], resources), resources.rules.decide(*room).name
    shown = [described for _, described in known]
    answer = {**room._asdict(), "outcome": "described", "rule_now": rule, "sessions": shown}
    return [], {**verdict, **answer}


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
        "failed_since_ms": task.failed_since_ms,
        "silent_since_ms": task.hearing.silent_since_ms if session.closed_ms is None else 0,
        "troubles": [{"times": 1, **_show_known(one)} for one in task.troubles],
        "changed_ms": task.changed_ms,
    }
    return {key: value for key, value in shown.items() if value not in ("", [], 0, False)}


def _judge(room: Room, newest: list[tuple[Session, Json]], resources: Resources) -> Json:
    is_told = any(shown["people"] or shown["opened_by"] != "by_hand" for _, shown in newest)
    twin = None if is_told else resources.ledger.read(room).twin.latest
    if twin and (not newest or twin.closed_ms is None):
        verdict = judge(twin, _describe(twin, resources))["verdict"]
        return write_verdict("mistaken" if newest else "other_type", room=room, twin=verdict)
    if newest:
        return judge(*newest[0])
    level, text = try_ledger(resources.ledger)  # one that cannot be written knows no room
    traffic = read_traffic(resources.ledger, room.sdk_app_id, resources.now_ms())
    return judge_unknown(room, traffic, text if level == "FAIL" else "")


def _describe(session: Session, resources: Resources) -> Json:
    ledger, rule, tasks = resources.ledger, session.rule, session.tasks.values()
    now_ms = resources.now_ms()
    kept = ledger.list_sentences(session, 0)
    people = add_heard(ledger.list_people(session), kept)
    for known in tasks if session.closed_ms is None else ():  # as it is now, and not kept
        note_hearing(session, known, listen(session, known, resources), people, now_ms)
    said_ms = [one.said.event_ms for one in kept if one.said]
    opened = next((one.trigger for one in tasks if f"/{session.opened_ms}" in one.trigger), "")
    code = next((task.error_code for task in tasks if task.error_code), "")
    shown: Json = {
        "session": session.id,
        "opened_ms": session.opened_ms,
        "opened_by": opened.partition("/")[0],
        "closed_ms": session.closed_ms,
        "held": session.held,
        "held_since_ms": session.held_ms,
        "held_by": session.held_by,
        "rule": rule.name,
        "nearest": _find_nearest(session, resources),
        "start_on": rule.start_on,
        "service": rule.service,
        "used": ledger.count_living(session.room.sdk_app_id) if code else 0,
        "quota": resources.settings.task_quota,
        "sentences": len(said_ms),
        "last_sentence_ms": max(said_ms, default=0),
        "deleted_until_ms": max(ledger.read_deletion(session.id).until_ms, 0),
        "last_sign_ms": max([session.dated_ms, *(one.event_ms for one in people), *said_ms]),
        "people": [msgspec.to_builtins(person) for person in people],
        "tasks": [
            show_task(session, task) | {"status_now": _ask_status(task, session, resources)}
            for task in tasks
        ],
    }
    for task in shown["tasks"]:
        if "silent_since_ms" in task:
            advice = ": ".join(TABLE["silent"])
            task |= {"silent_ms": now_ms - task["silent_since_ms"], "advice": advice}
    shown["is_quiet"] = session.closed_ms is None and now_ms - shown["last_sign_ms"] >= HOUR_MS
    shown["story"] = tell_story(shown)
    return shown


def _find_nearest(session: Session, resources: Resources) -> str:
    """The glob that a room's id is nearly spelled like, if only a rule for all rooms matches it; else ""."""
    if "*" not in session.rule.room:
        return ""
    text = session.room.room_id
    globs = [glob for rule in resources.rules.rules for glob in rule.room]
    rated = [(SequenceMatcher(None, text[: len(one)], one).ratio(), one) for one in globs]
    likeness, glob = max(rated, default=(0, ""))
    return glob if likeness >= 2 / 3 else ""


def _ask_status(task: Task, session: Session, resources: Resources) -> str:
    if not task.alive:
        return "ended" if task.task_ids else "none"
    return task_api.describe(session, task.alive[-1], resources) or "unknown"


def _show_known(part: FrozenStored) -> Json:
    """The part without what newer code has added to it."""
    shown: Json = msgspec.to_builtins(replace(part, unknown=""))
    return shown


def _show_task_id(task_id: TaskId) -> Json:
    shown: Json = {
        "task_id": task_id.task_id,
        "service": task_id.service,
        "region": task_id.region,
        "ended": task_id.ended,
        "started_ms": task_id.started_ms,
        "ended_ms": task_id.ended_ms,
    }
    if task_id.reason:
        shown["reason"] = task_id.reason
    timing = {**_show_known(task_id.timing), **measure(task_id.timing)}
    return {**shown, "timing": timing} if timing else shown
