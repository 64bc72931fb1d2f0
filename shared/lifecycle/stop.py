"""Stopping tasks: every TaskId a task ever got, until each is known to be over.

First the calls, then one change of the room's document with all that came of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from shared.errors import ApiError, LedgerError
from shared.ledger import Attempt, RoomBook, Session, Task, TaskId, claims
from shared.lifecycle import task_api
from shared.lifecycle.outcome import COME_BACK, Fields, Outcome, describe_task
from shared.lifecycle.signs_of_life import is_abandoned
from shared.lifecycle.task_api import RATES, UNSURE_MS, NotCalledError
from shared.resources import Resources
from shared.services.service import SERVICES

STOP_AGAIN_MS, STOP_AGAIN_MAX_MS = 3_000, 60_000
IDLE_SLACK_MS = 10_000
STOPPED: Final = "transcription.stopped"
STOPPING: Final = "transcription.stopping"
FAILED: Final = "transcription.stop_failed"


def finish_sessions(
    sessions: Sequence[Session], resources: Resources, *, known: RoomBook | None = None
) -> list[Outcome]:
    """Stop what runs of closed sessions of one room, after `begin_stops`; `known` as in `Ledger.change`."""
    tasks = [(session, task) for session in sessions for task in session.tasks.values()]
    stops = [(session, task) for session, task in tasks if task.state != "starting"]
    outcomes = stop_tasks([one for one in stops if one[1].needs_stop], resources, known=known)
    for session in sessions:
        # Its starter will stop a task, unless it dies: come back and see.
        if any(task.state == "starting" for task in session.tasks.values()):
            fields = {"session": session.id, "rule": session.rule.name}
            outcomes.append(Outcome(STOPPING, "starting", COME_BACK, fields=fields, due=True))
    return outcomes


def finish_unfinished(book: RoomBook, resources: Resources) -> list[Outcome]:
    """Stop whatever the closed sessions of a room still have running."""
    if not book.unfinished:
        return []
    now_ms = resources.now_ms()

    def begin(known: RoomBook) -> tuple[RoomBook, list[Session]]:
        for session in known.unfinished:
            claims.begin_stops(session, now_ms)
        return known, known.unfinished

    book, sessions = resources.ledger.change(book.room, begin)
    return finish_sessions(sessions, resources, known=book)


def stop_tasks(
    tasks: Sequence[tuple[Session, Task]], resources: Resources, *, known: RoomBook | None = None
) -> list[Outcome]:
    """Stop all that lives of tasks of one room; what cannot be stopped now is kept for the next event."""
    stops = [_Stop(session, task, resources) for session, task in tasks]
    try:
        for stop in stops:
            stop.stop_all()
    finally:  # what was stopped is noted, whatever became of the rest
        outcomes = _note(stops, resources, known=known)
    return outcomes


def stop_leftovers(session: Session, task: Task, resources: Resources) -> list[Outcome]:
    """Stop TaskIds of a task that live on although they should not."""
    return stop_task_ids(session, task, task.leftovers, "leftover", resources)


def stop_task_ids(
    session: Session, task: Task, task_ids: list[TaskId], outcome: str, resources: Resources
) -> list[Outcome]:
    """Stop TaskIds of a task, and note in the ledger that they are over, or when to try again."""
    stop = _Stop(session, task, resources)
    stop.outcomes = [stop.stop(task_id, outcome) for task_id in task_ids]
    return _note([stop], resources) if task_ids else []


def _note(
    stops: Sequence[_Stop], resources: Resources, *, known: RoomBook | None = None
) -> list[Outcome]:
    """Record the results of one room's stops in one change; return their outcomes."""
    if not stops:
        return []

    def note(book: RoomBook) -> list[Task]:
        kept = {session.id: session for session in book.sessions}
        return [stop.apply(kept.get(stop.session.id), now_ms) for stop in stops]

    now_ms = resources.now_ms()
    try:
        tasks = resources.ledger.change(stops[0].session.room, note, known=known)
    except LedgerError:  # the next event stops it once more
        return [_tell_unrecorded(told) for stop in stops for told in stop.outcomes]
    return [  # what was stopped may have been wanted again meanwhile
        replace(told, due=task.state == "due") if told.message == STOPPED else told
        for stop, task in zip(stops, tasks, strict=True)
        for told in stop.outcomes
    ]


def _tell_unrecorded(told: Outcome) -> Outcome:
    """The outcome of a stop whose result could not be recorded in the ledger."""
    if told.message in (STOPPED, STOPPING):
        return Outcome(STOPPED, "unrecorded", COME_BACK, "warning", told.fields)
    return replace(told, due=False, queued=False) if told.message == FAILED else told


class _Stop(Struct):
    """The stop of one task: the calls, what they say, and what the room's document is to keep of them.

    `ended` are TaskIds that are over, `again_at_ms` is when to try again (0: not), `settled` are the claim
    tokens of unconfirmed starts that need not be asked about any more, `found` the TaskIds these have made.
    """

    session: Session
    task: Task
    resources: Resources
    outcomes: list[Outcome] = []
    ended: list[str] = []
    again_at_ms: int = 0
    settled: list[str] = []
    found: list[TaskId] = []

    def stop_all(self) -> None:
        """Stop all that lives of the task, what its unconfirmed starts have made, too."""
        for attempt in self.task.unseen:
            self.outcomes += self._settle(attempt)
        for task_id in (*self.task.alive, *self.found):
            self.outcomes.append(self.stop(task_id, "stopped"))

    def stop(self, task_id: TaskId, outcome: str) -> Outcome:
        """Stop one TaskId."""
        fields: Fields = {**describe_task(self.session, self.task), "task_id": task_id.task_id}
        try:
            stopped = task_api.stop(self.session, task_id, self.resources)
        except (ApiError, LedgerError) as error:
            fields["error_code"] = error.code
            if isinstance(error, ApiError):
                fields["upstream_request_id"] = error.request_id or None
            return self._put_off(task_id, error, fields)
        fields["upstream_request_id"] = stopped.request_id or None
        if not stopped.doubted_until_ms:
            self.ended.append(task_id.task_id)
            return Outcome(STOPPED, outcome, fields=fields)
        # TRTC tells of its end by then, or the sweep asks once more.
        self.again_at_ms = stopped.doubted_until_ms
        return Outcome(STOPPING, "unconfirmed", COME_BACK, fields=fields, queued=True)

    def apply(self, session: Session | None, now_ms: int) -> Task:
        """Record the result of the stop, as part of a change; returns the task after it.

        None for a session that has left the document meanwhile: the ledger keeps track of it no longer.
        """
        task = session.tasks[self.task.target] if session else self.task
        claims.settle_attempts(task, self.settled, self.found)
        claims.note_ended(task, self.ended, now_ms, again_ms=self.again_at_ms)
        return task

    def _put_off(self, task_id: TaskId, error: ApiError | LedgerError, fields: Fields) -> Outcome:
        """A stop failed: find when to try again, unless TRTC has ended the task by itself by now."""
        waits = isinstance(error, NotCalledError)
        if not waits and self._is_over(task_id.started_ms):
            self.ended.append(task_id.task_id)
            return Outcome("transcription.stop_given_up", "idle_limit", 200, "warning", fields)
        soon_at_ms = self.resources.now_ms() + STOP_AGAIN_MS
        self.again_at_ms = soon_at_ms if waits else self._find_again_at_ms()
        queued = error.code == RATES["stop"]
        return Outcome(FAILED, "retry", COME_BACK, "warning", fields, due=True, queued=queued)

    def _settle(self, attempt: Attempt) -> list[Outcome]:
        """Find what an unconfirmed start has made, so that it can be stopped too.

        1.0 is asked, and believed that there is nothing only when there can be nothing any more. 2.0
        cannot be asked: unless 1401 tells of the task in that time, it ends by its MaxIdleTime.
        """
        session, task, asks = self.session, self.task, SERVICES[attempt.service].finds_by_session
        knows, found, gives_up = not asks, None, False
        if asks:
            with suppress(NotCalledError):
                knows, found = task_api.find_attempt(session, task, attempt, self.resources)
                gives_up = not knows and self._is_over(attempt.sent_ms)
        if found and not task.find(found.task_id):
            self.found.append(found)
        fields, sure_at_ms = describe_task(session, task), attempt.sent_ms + UNSURE_MS
        if gives_up or (knows and self.resources.now_ms() >= sure_at_ms):
            self.settled.append(attempt.token)
            may_run = Outcome("transcription.may_run", "unsure", 200, "warning", fields)
            return [may_run] if gives_up or not asks else []
        self.again_at_ms = max(self.again_at_ms, sure_at_ms, self._find_again_at_ms())
        return [Outcome("transcription.unclear", "retry", COME_BACK, "warning", fields, due=True)]

    def _is_over(self, started_ms: int) -> bool:
        """Whether TRTC has ended a TaskId by itself: its room is closed for its idle limit, or abandoned."""
        session, now_ms = self.session, self.resources.now_ms()
        if session.closed_ms is None:
            return is_abandoned(session, self.resources)
        idle_ms = session.find_rule(self.task.target).max_idle_s * 1000 + IDLE_SLACK_MS
        return now_ms >= max(session.closed_ms, started_ms) + idle_ms

    def _find_again_at_ms(self) -> int:
        """When to try a failed stop again, in ms since 1970; the intervals grow."""
        now_ms, since_ms = self.resources.now_ms(), self.session.closed_ms or self.task.changed_ms
        return now_ms + max(STOP_AGAIN_MS, min((now_ms - since_ms) // 2, STOP_AGAIN_MAX_MS))
