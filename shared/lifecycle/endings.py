"""Why a task ended (callbacks 902 and 1402, or our own knowledge), and whether it is started again."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from msgspec.structs import replace

from shared.ledger import Person, RoomBook, Session, Task, TaskState, claims
from shared.ledger.claims import Ending
from shared.lifecycle.outcome import Outcome, describe_task
from shared.lifecycle.signs_of_life import list_people
from shared.lifecycle.start import Claim, StartRequest, claim_start, settle_claim
from shared.lifecycle.task_api import UNSURE_MS
from shared.resources import Resources
from shared.room import WHOLE_ROOM
from shared.rules.decision import Rule


class LeaveCode(NamedTuple):
    """What a LeaveCode, or another sign of a task's end, means; `words` is for logs."""

    ending: Ending
    words: str


# Source: TRTC documentation, AI service callbacks (product 647, document 109686): codes of 902.
LEAVE_CODES = {
    0: LeaveCode("held", "stopped through the API"),
    1: LeaveCode("held", "the bot was removed by a user"),
    2: LeaveCode("idle", "the room was dismissed by a user"),
    3: LeaveCode("removed", "the bot was removed by the server"),
    4: LeaveCode("idle", "the room was dismissed by the server"),
    98: LeaveCode("broken", "internal error"),
    99: LeaveCode("idle", "nobody spoke or was there for max_idle_s"),
    # Source: cloud recording's callbacks, of the same family; no document has them for transcription.
    100: LeaveCode("idle", "the room timed out"),
    101: LeaveCode("replaced", "another bot of the same UserId entered"),
}
# 1402 has no documented codes: 902's are assumed, but for two that must not silence a room for good.
# Source of 1: a client of the same backend is told so, too, when the room is dismissed.
CLOUD_CODES = {
    0: LeaveCode("idle", "stopped"),
    1: LeaveCode("removed", "the bot was removed, or the room dismissed"),
}
IDLE_SLACK_MS = 10_000  # between the clocks that a task's start and its end are told by
UNKNOWN = LeaveCode("unknown", "no reason was given")
NOT_STARTED = LeaveCode("broken", "the task did not start")  # Source: Status 1 of 901 and 1401
GONE = LeaveCode("unknown", "the API says that it is over")
ABANDONED = LeaveCode("idle", "nobody was there for a day, and the API does not say how it is")


def read_leave_code(service: str, code: int | None) -> LeaveCode:
    """What ended a task of this service; an undocumented code is treated like a missing one."""
    if code is None:
        return UNKNOWN
    codes = LEAVE_CODES | CLOUD_CODES if service == "cloud" else LEAVE_CODES
    return codes.get(code) or LeaveCode("unknown", f"LeaveCode {code}, which no document explains")


def end_task(
    session: Session,
    task: Task,
    task_id: str,
    code: LeaveCode,
    event_ms: int,
    trigger: str,
    told: Outcome,
    resources: Resources,
) -> list[Outcome]:
    """Note that a TaskId ended by itself, at `event_ms`, and start the task again if it is wanted.

    `trigger` names the event that told of the end, and `told` is the line that says so, but for what
    it says of the task.
    """
    target, token, heard = task.target, secrets.token_hex(16), code.ending != "idle"
    people = list_people(session, resources, heard=heard)

    def note(book: RoomBook) -> tuple[Task, TaskState, Claim | Outcome | None]:
        known, now_ms = book.get(session.id), resources.now_ms()
        task, rule = known.tasks[target], known.find_rule(target)
        claims.note_ending(task, task_id, *code, event_ms=event_ms, now_ms=now_ms)
        is_its_end = task.state == "stopped" and task.task_id == task_id
        if is_its_end and is_wanted(rule, task, code.ending, people, now_ms):
            # A newer bot of its name will be told of.
            after_ms = UNSURE_MS if code.ending in ("removed", "replaced") else 0
            claims.resume(known, task, now_ms, after_ms=after_ms)
        if task.state != "due":
            return task, task.state, None
        request = StartRequest(target, trigger, task.waiting_ms, token)
        return task, "due", claim_start(request, known, book, resources)

    task, state, claim = resources.ledger.change(session.room, note)
    if state == "stopped" and session.closed_ms is None:
        # Whoever came meanwhile found it running, and left it at that.
        known, people = people, list_people(session, resources, heard=heard)
        if people != known:
            task, state, claim = resources.ledger.change(session.room, note)
    about = {**describe_task(session, task), "task_id": task_id}
    fields = {**about, **told.fields, "reason": code.words}
    return [replace(told, outcome=state, fields=fields), *settle_claim(claim, resources)]


def explain_end(session: Session, task: Task) -> str:
    """Why a task that should not, or could not, run does not, in words; "" for any other."""
    if task.state not in ("stopping", "stopped", "failed", "held"):
        return ""
    if task.state == "held" and session.held:
        return "stopped by hand: start_transcription begins it again"
    if task.state == "failed":
        return f"the API refused the start: {task.error_code}"
    if task.error_code:
        return f"the room closed before it had started, because of {task.error_code}"
    if task.target in session.opted_out or (task.current and task.current.unwanted):
        return "somebody in the room has opted out"
    if task.current and task.current.reason:
        return task.current.reason
    return "the room closed" if session.closed_ms is not None else ""


def is_wanted(rule: Rule, task: Task, ending: Ending, people: list[Person], now_ms: int) -> bool:
    """Whether anybody is in the room for whom a task that ended by itself should run again.

    After an idle end only somebody who came, or spoke, since. Otherwise also whoever is known to be
    there; and when the room never told of anybody, its creator is believed to be.
    """
    if rule.service == "none":
        return False
    was_idle = ending == "idle" or (ending == "unknown" and seems_idle(rule, task, people, now_ms))
    if not people and not was_idle:
        return rule.start_on == "room_created" and task.target == WHOLE_ROOM
    return any(
        person.present
        and task.target in (WHOLE_ROOM, person.user_id)
        and (person.microphone or rule.start_on != "audio_started")
        and (not was_idle or person.event_ms > task.ended_ms)
        for person in people
    )


def seems_idle(rule: Rule, task: Task, people: list[Person], now_ms: int) -> bool:
    """Whether an end without a reason came when the idle limit would end the task of an empty room.

    Who was heard, who came since the start, and (once) who is known to be there, shows that somebody
    was. Once only: else a room whose last events were lost would have one task after another, for ever.
    """
    current, is_first = task.current, not task.restarts
    if current is None or current.timing.first_text_ms:
        return False
    if any(p.event_ms > current.started_ms or (p.present and is_first) for p in people):
        return False
    idle_ms = current.started_ms + rule.max_idle_s * 1000
    return task.ended_ms - IDLE_SLACK_MS <= idle_ms <= now_ms + IDLE_SLACK_MS
