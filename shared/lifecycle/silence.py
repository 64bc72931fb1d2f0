"""Rooms that stay silent although a microphone is on: nobody but the sweep would notice."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from shared.ledger import Hearing, Person, Session, Task
from shared.lifecycle.outcome import Fields, Outcome, describe_task
from shared.room import WHOLE_ROOM
from shared.rules.decision import Rule

# People who have something to say seldom pause for so long; whoever listens turns the microphone off.
SILENT_MS = 180_000
ADVICE = (
    "a microphone is on and no sentence has come: see whether callbacks of groups 9 and 14 reach "
    "trtc_callback, whether the rule's language and filters fit what is spoken, and whether the "
    "microphone picks anything up"
)


def find_silence(session: Session, task: Task, hearing: Hearing, people: Iterable[Person]) -> int:
    """Since when a running task has heard nobody although it should, in ms since 1970; 0 when it has not.

    That is the last sentence, or what came after it: the task's start, the first of the microphones
    that are on.
    """
    rule = session.find_rule(task.target)
    on_ms = [p.microphone_ms for p in people if p.microphone and _hears(rule, task, p.user_id)]
    current = task.current
    if not on_ms or current is None or task.state != "running":
        return 0
    return max(min(on_ms), hearing.last_ms, current.timing.running_ms or current.started_ms)


def note_hearing(
    session: Session, task: Task, hearing: Hearing, people: Iterable[Person], now_ms: int
) -> int:
    """Keep what a look has heard; how long it is silent, when that is to be reported: once."""
    since_ms = find_silence(session, task, hearing, people)
    reported_since_ms = task.hearing.silent_since_ms
    goes_on = reported_since_ms and since_ms and hearing.last_ms <= reported_since_ms
    is_new = not goes_on and since_ms and now_ms - since_ms >= SILENT_MS
    told_since_ms = reported_since_ms if goes_on else since_ms if is_new else 0
    task.hearing = replace(hearing, silent_since_ms=told_since_ms)
    return now_ms - since_ms if is_new else 0


def report_silence(session: Session, task: Task, silent_ms: int) -> Outcome:
    """The line that says so."""
    fields: Fields = {
        **describe_task(session, task),
        "task_id": task.task_id,
        "user_id": None if task.target == WHOLE_ROOM else task.target,
        "silent_ms": silent_ms,
        "reason": ADVICE,
    }
    return Outcome("room.silent", "unheard", level="warning", fields=fields)


def _hears(rule: Rule, task: Task, user_id: str) -> bool:
    """Whether the task is meant to hear that person: its own, or everybody whom its rule lets in."""
    if task.target != WHOLE_ROOM:
        return task.target == user_id
    parameters = rule.parameters(task.service)
    only, never = parameters.get("subscribe"), parameters.get("unsubscribe", [])
    return user_id not in never and (not only or user_id in only)
