"""Healing one room: doing what its document says is due."""

from __future__ import annotations

import secrets

from shared.ledger import RoomBook, Session, Task, claims
from shared.ledger.due import CHECK_MS, find_due
from shared.lifecycle import task_api
from shared.lifecycle.endings import ABANDONED, GONE, end_task
from shared.lifecycle.outcome import Outcome
from shared.lifecycle.signs_of_life import is_abandoned, list_people, listen, note_hearing
from shared.lifecycle.start import StartRequest, start_task
from shared.lifecycle.stop import STOPPED, finish_unfinished, stop_leftovers, stop_tasks
from shared.resources import Resources
from shared.room import Room

UNASKED = ""  # the trigger of what no event asks for: whoever asked for it still does


def heal_room(room: Room, resources: Resources) -> list[Outcome]:
    """Do what is due in a room; doing it twice changes nothing."""
    book = resources.ledger.read(room)
    outcomes = finish_unfinished(book, resources)
    session = book.open_now
    if session is None:
        return outcomes
    if session.splits:
        session = _split_room(session, resources)
    for task in session.tasks.values():
        outcomes += _heal_task(session, task, resources)
    if session.opted_out and any(one.message == STOPPED for one in outcomes):
        outcomes += _start_due(room, resources)  # what comes in the place of what was unwanted
    return outcomes


def _start_due(room: Room, resources: Resources) -> list[Outcome]:
    session = resources.ledger.read(room).open_now
    tasks = session.tasks.values() if session else ()
    due = [(session, task) for task in tasks if session and task.state == "due"]
    return [one for known, task in due for one in _heal_task(known, task, resources)]


def _split_room(session: Session, resources: Resources) -> Session:
    """Let a task for everybody who is there be due in the place of the room's own."""
    is_audio = session.rule.start_on == "audio_started"
    people = list_people(session, resources)
    present = [one.user_id for one in people if one.present and (one.microphone or not is_audio)]

    def split(book: RoomBook) -> Session:
        known, now_ms = book.get(session.id), resources.now_ms()
        known.splits = False
        for user_id in present:
            rule = known.find_rule(user_id)
            if rule.service != "none" and user_id not in known.tasks:
                known.tasks[user_id] = task = Task(user_id, rule.service)
                task.make_due(now_ms)
        return known

    return resources.ledger.change(session.room, split)


def _heal_task(session: Session, task: Task, resources: Resources) -> list[Outcome]:
    """Start or check a task of an open session, as far as its own times allow that now."""
    due = find_due(session, task)
    if due is None:
        return []
    if task.state in ("stopping", "held"):
        return stop_tasks([(session, task)], resources)
    outcomes = stop_leftovers(session, task, resources)
    if task.current and task.current.unwanted and not task.current.ended:
        return outcomes
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
    """Note that the task runs, and whether it hears anybody."""
    hearing = listen(session, task, resources)
    people = resources.ledger.list_people(session)

    def note(book: RoomBook) -> list[Outcome]:
        known, now_ms = book.get(session.id), resources.now_ms()
        checked = known.tasks[task.target]
        claims.note_checked(checked, task.task_id, now_ms, was_told=was_told)
        return note_hearing(known, checked, hearing, people, now_ms)

    return resources.ledger.change(session.room, note)
