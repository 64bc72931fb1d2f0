"""Healing one room: doing what its document says is due."""

from __future__ import annotations

import secrets

from shared.ledger import RoomBook, Session, Task, claims
from shared.ledger.due import CHECK_MS, find_due
from shared.lifecycle import task_api
from shared.lifecycle.endings import ABANDONED, GONE, end_task
from shared.lifecycle.outcome import Outcome
from shared.lifecycle.signs_of_life import is_abandoned, listen, note_hearing
from shared.lifecycle.start import StartRequest, start_task
from shared.lifecycle.stop import finish_unfinished, stop_leftovers, stop_tasks
from shared.resources import Resources
from shared.room import Room

UNASKED = ""  # the trigger of what no event asks for: whoever asked for it still does


def heal_room(room: Room, resources: Resources) -> list[Outcome]:
    """Do what is due in a room; doing it twice changes nothing."""
    book = resources.ledger.read(room)
    outcomes = finish_unfinished(book, resources)
    session = book.open_now
    if session:
        for task in session.tasks.values():
            outcomes += _heal_task(session, task, resources)
    return outcomes


def _heal_task(session: Session, task: Task, resources: Resources) -> list[Outcome]:
    """Do what a task of an open session needs, be it due or not: claims and checks know their times."""
    due = find_due(session, task)
    if due is None:
        return []
    if task.state in ("stopping", "held"):
        return stop_tasks([(session, task)], resources)
    outcomes = stop_leftovers(session, task, resources)
    if due.verb == "start":
        wanted_ms = resources.now_ms() if task.state == "failed" else task.waiting_ms
        request = StartRequest(task.target, UNASKED, wanted_ms, secrets.token_hex(16))
        return outcomes + start_task(session, request, resources)
    return outcomes + _check(session, task, resources)


def _check(session: Session, task: Task, resources: Resources) -> list[Outcome]:
    """Ask the API about a task that should run, once its time has nearly come."""
    now_ms, checked_ms = resources.now_ms(), task.checked_ms
    asks_ms = task.not_before_ms or checked_ms + CHECK_MS // 2
    if task.state != "running" or now_ms < asks_ms:
        return []
    current = next((i for i in task.alive if i.task_id == task.task_id), None)
    try:
        progress = task_api.check(session, current, resources) if current else "ended"
    except task_api.NotCalledError:
        return []
    # TRTC never said when it ended. The last successful check counts as its end, so that everybody who
    # entered since is newer than the end.
    code, ended_ms = GONE, checked_ms
    if progress is None and is_abandoned(session, resources):
        progress, code, ended_ms = "ended", ABANDONED, now_ms
    if progress != "ended":
        return _note_checked(session, task, resources, was_told=progress is not None)
    gone = Outcome("task.gone", task.state, level="warning")
    return end_task(session, task, task.task_id, code, ended_ms, UNASKED, gone, resources)


def _note_checked(
    session: Session, task: Task, resources: Resources, *, was_told: bool
) -> list[Outcome]:
    """The task runs, as far as anybody knows: whether it hears anything, too."""
    hearing = listen(session, task, resources)
    people = resources.ledger.list_people(session)

    def note(book: RoomBook) -> list[Outcome]:
        known, now_ms = book.get(session.id), resources.now_ms()
        checked = known.tasks[task.target]
        claims.note_checked(checked, task.task_id, now_ms, was_told=was_told)
        return note_hearing(known, checked, hearing, people, now_ms)

    return resources.ledger.change(session.room, note)
