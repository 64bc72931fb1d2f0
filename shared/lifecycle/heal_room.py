"""Looking after one room: what its book says is due, and doing it."""

from __future__ import annotations

from typing import NamedTuple

from shared.ledger import RoomBook, Session, Task, claims
from shared.ledger.due import CHECK_MS, find_task_look
from shared.lifecycle.asking import ask_progress
from shared.lifecycle.endings import ABANDONED, GONE, end_task
from shared.lifecycle.outcome import Outcome, describe_task
from shared.lifecycle.signs_of_life import is_abandoned, listen
from shared.lifecycle.silence import note_hearing, report_silence
from shared.lifecycle.start import is_mended, start_task
from shared.lifecycle.stop import finish_unfinished, stop_leftovers, stop_tasks
from shared.resources import Resources, name_slot
from shared.room import Room

MENDED = 0  # when something is due that had failed, and may be mended
DRAIN = ""  # the trigger of what no event asks for: whoever asked for it still does


class Need(NamedTuple):
    """Something that a room needs: which call, from when on, and what it has waited for so far.

    `is_check`: a task that runs is asked about, which may as well be done a little earlier.
    """

    slot: str
    due_ms: int
    why: str = ""
    is_check: bool = False


def list_needs(book: RoomBook, resources: Resources) -> list[Need]:
    """What the room needs, the most urgent first; what failed and may be mended by now needs it at once."""
    needs = [
        _describe_need(session, task, MENDED if is_mended(task, resources) else due_ms)
        for session in book.sessions
        for task in session.tasks.values()
        if (due_ms := find_task_look(session, task)) is not None
    ]
    return sorted(needs, key=lambda need: need.due_ms)


def look_after(room: Room, resources: Resources) -> list[Outcome]:
    """Do what is due in a room; doing it twice changes nothing."""
    book = resources.ledger.read(room)
    outcomes = finish_unfinished(book, resources)
    session = book.open_now
    for task in session.tasks.values() if session else ():
        outcomes += _look_after_task(session, task, resources) if session else []
    return outcomes


def _describe_need(session: Session, task: Task, due_ms: int) -> Need:
    if session.closed_ms is None and task.state in ("due", "starting", "failed"):
        return Need(name_slot("start", task.service), due_ms, task.error_code)
    if session.closed_ms is None and task.state == "running" and not claims.find_leftovers(task):
        is_check = not task.not_before_ms
        return Need(name_slot("describe", task.service), due_ms, is_check=is_check)
    return Need(name_slot("stop", task.service), due_ms)


def _look_after_task(session: Session, task: Task, resources: Resources) -> list[Outcome]:
    if task.state in ("due", "starting"):
        return start_task(resources, session, task.target, DRAIN, task.waiting_ms)
    if task.state in ("stopping", "held"):
        return stop_tasks(resources, session, [task]) if claims.needs_stop(task) else []
    outcomes = stop_leftovers(resources, session, task)
    if task.state == "failed" and task.not_before_ms:
        return outcomes + start_task(resources, session, task.target, DRAIN, resources.now_ms())
    return outcomes + _check(session, task, resources)


def _check(session: Session, task: Task, resources: Resources) -> list[Outcome]:
    """Ask the API about a task that should run, once its time has nearly come."""
    now_ms, checked_ms = resources.now_ms(), task.checked_ms
    asks_ms = task.not_before_ms or checked_ms + CHECK_MS // 2
    if task.state != "running" or now_ms < asks_ms:
        return []
    current = next((i for i in task.alive if i.task_id == task.task_id), None)
    progress = ask_progress(resources, session, current) if current else "ended"
    # Whoever came after it was last known to run may have come after its end.
    code, ended_ms = GONE, checked_ms
    if progress is None and is_abandoned(resources, session):
        progress, code, ended_ms = "ended", ABANDONED, now_ms
    if progress != "ended":
        return _note_checked(session, task, resources, was_told=progress is not None)
    task = end_task(resources, session, task.target, task.task_id, code, ended_ms)
    fields = {
        **describe_task(session, task),
        "task_id": task.task_id or None,
        "reason": code.words,
    }
    gone = Outcome("task.gone", task.state, level="warning", fields=fields)
    if task.state != "due":
        return [gone]
    return [gone, *start_task(resources, session, task.target, DRAIN, task.waiting_ms)]


def _note_checked(
    session: Session, task: Task, resources: Resources, *, was_told: bool
) -> list[Outcome]:
    """The task runs, as far as anybody knows: whether it hears anything, too."""
    hearing, people = listen(resources, session, task), resources.ledger.list_people(session)

    def note(known: Session) -> int:
        now_ms = resources.now_ms()
        claims.note_checked(known, task.target, task.task_id, now_ms, was_told=was_told)
        return note_hearing(known, known.tasks[task.target], hearing, people, now_ms)

    silent_ms = resources.change(session, note)
    return [report_silence(session, task, silent_ms)] if silent_ms else []
