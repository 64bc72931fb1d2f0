"""Stopping tasks: every TaskId a task ever got, until each is known to be over.

First the calls, then one change of the room's document with all that came of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from shared.errors import ApiError, LedgerError
from shared.ledger import Attempt, RoomBook, Session, Task, TaskId, claims
from shared.lifecycle import task_api
from shared.lifecycle.outcome import COME_BACK, Fields, Outcome, describe_task
from shared.lifecycle.signs_of_life import is_abandoned
from shared.lifecycle.task_api import RATES, UNSURE_MS, NotCalledError
from shared.resources import Resources
from shared.services import SERVICES

STOP_AGAIN_MS, STOP_AGAIN_MAX_MS = 3_000, 60_000
IDLE_SLACK_MS = 10_000
NOTED = ("transcription.stopped", "transcription.stopping", "transcription.stop_failed")


class Ending(NamedTuple):
    """The tasks of a closed session that must be stopped; `starting`: another is still being started."""

    session: Session
    tasks: list[Task]
    starting: bool


class Report(NamedTuple):
    """What came of stopping one TaskId of a task, or of asking about its unconfirmed starts.

    `ended` are TaskIds that are over, `again_at_ms` is when to try again (0: not), `settled` are the claim
    tokens of starts that need not be asked about any more, `found` what these have made.
    """

    session: Session
    target: str
    outcomes: list[Outcome]
    ended: Sequence[str] = ()
    again_at_ms: int = 0
    settled: Sequence[str] = ()
    found: Sequence[TaskId] = ()


def begin_ending(session: Session, now_ms: int) -> Ending:
    """What a closed session still has to stop, as part of a change: what is due in it is cancelled."""
    return Ending(session, *claims.begin_stops(session, now_ms))


def finish_endings(
    endings: Sequence[Ending], resources: Resources, *, known: RoomBook | None = None
) -> list[Outcome]:
    """Stop what closed sessions of one room still have running; `known` as in `Ledger.change`."""
    outcomes = stop_tasks(
        [(ending.session, task) for ending in endings for task in ending.tasks],
        resources,
        known=known,
    )
    for session, _, starting in endings:
        if starting:  # its starter will stop it, unless it dies: come back and see
            fields = {"session": session.id, "rule": session.rule.name}
            message = "transcription.stopping"
            outcomes.append(Outcome(message, "starting", COME_BACK, fields=fields, due=True))
    return outcomes


def finish_unfinished(book: RoomBook, resources: Resources) -> list[Outcome]:
    """Stop whatever the closed sessions of a room still have running."""
    if not book.unfinished:
        return []
    now_ms = resources.now_ms()
    book, endings = resources.ledger.change(
        book.room,
        lambda known: (known, [begin_ending(session, now_ms) for session in known.unfinished]),
    )
    return finish_endings(endings, resources, known=book)


def stop_tasks(
    tasks: Sequence[tuple[Session, Task]], resources: Resources, *, known: RoomBook | None = None
) -> list[Outcome]:
    """Stop all that lives of tasks of one room; what cannot be stopped now is kept for the next event."""
    reports: list[Report] = []
    try:
        for session, task in tasks:
            reports.extend(_stop_task(session, task, resources))
    finally:  # what was stopped is noted, whatever became of the rest
        outcomes = _note(reports, resources, known=known)
    return outcomes


def stop_leftovers(session: Session, task: Task, resources: Resources) -> list[Outcome]:
    """Stop TaskIds of a task that live on although they should not."""
    leftovers = task.leftovers
    return _note(
        [_stop_task_id(session, task, i, "leftover", resources) for i in leftovers], resources
    )


def stop_task_id(
    session: Session, task: Task, task_id: TaskId, outcome: str, resources: Resources
) -> Outcome:
    """Stop one TaskId, and note in the ledger that it is over, or when to try again."""
    (told,) = _note([_stop_task_id(session, task, task_id, outcome, resources)], resources)
    return told


def is_over(session: Session, target: str, started_ms: int, resources: Resources) -> bool:
    """Whether TRTC has ended a task by itself: its room has been closed for its idle limit, or abandoned."""
    now_ms = resources.now_ms()
    if session.closed_ms is None:
        return is_abandoned(session, resources)
    idle_ms = session.find_rule(target).max_idle_s * 1000 + IDLE_SLACK_MS
    return now_ms >= max(session.closed_ms, started_ms) + idle_ms


def _note(
    reports: Sequence[Report], resources: Resources, *, known: RoomBook | None = None
) -> list[Outcome]:
    """Write all reports in one change, and say what came of each."""
    if not reports:
        return []

    def note(book: RoomBook) -> list[Task]:
        kept = {session.id: session for session in book.sessions}
        # Of a session that has left the document meanwhile, the ledger keeps track no longer.
        return [
            _apply(report, kept.get(report.session.id, report.session), now_ms)
            for report in reports
        ]

    now_ms = resources.now_ms()
    noted: Sequence[Task | None]
    try:
        noted = resources.ledger.change(reports[0].session.room, note, known=known)
    except LedgerError:  # the next event stops it once more
        noted = [None] * len(reports)
    noted_reports = zip(reports, noted, strict=True)
    return [_tell(one, task) for report, task in noted_reports for one in report.outcomes]


def _tell(outcome: Outcome, noted: Task | None) -> Outcome:
    """What to say of a stop now that the task is noted; None: the ledger did not take it."""
    if outcome.message == "transcription.stopped" and noted:
        # It may have been wanted again while it was being stopped.
        return replace(outcome, due=noted.state == "due")
    if noted or outcome.message not in NOTED:
        return outcome
    if outcome.message == "transcription.stop_failed":
        return replace(outcome, due=False, queued=False)
    fields = outcome.fields
    return Outcome("transcription.stopped", "unrecorded", COME_BACK, "warning", fields)


def _apply(report: Report, session: Session, now_ms: int) -> Task:
    if report.settled or report.found:
        claims.settle_attempts(session, report.target, [*report.settled], [*report.found])
    ended, again_at_ms = [*report.ended], report.again_at_ms
    claims.finish_stop(session, report.target, ended, now_ms, again_ms=again_at_ms)
    return session.tasks[report.target]


def _stop_task(session: Session, task: Task, resources: Resources) -> Iterator[Report]:
    known_ids = {task_id.task_id for task_id in task.task_ids}
    found: Sequence[TaskId] = ()
    if task.unseen:
        unseen = _settle_unseen(session, task, resources)
        found = [one for one in unseen.found if one.task_id not in known_ids]
        yield unseen
    for task_id in (*task.alive, *found):
        yield _stop_task_id(session, task, task_id, "stopped", resources)


def _stop_task_id(
    session: Session, task: Task, task_id: TaskId, outcome: str, resources: Resources
) -> Report:
    fields: Fields = {**describe_task(session, task), "task_id": task_id.task_id}
    try:
        stopped = task_api.stop(session, task_id, resources)
    except (ApiError, LedgerError) as error:
        fields["error_code"] = error.code
        if isinstance(error, ApiError):
            fields["upstream_request_id"] = error.request_id or None
        return _put_off(session, task, task_id, error, fields, resources)
    fields["upstream_request_id"] = stopped.request_id or None

    told = Outcome("transcription.stopped", outcome, fields=fields)
    if not stopped.doubted_until_ms:
        return Report(session, task.target, [told], [task_id.task_id])
    # TRTC tells of its end by then, or the sweep asks once more.
    told = Outcome("transcription.stopping", "unconfirmed", COME_BACK, fields=fields, queued=True)
    return Report(session, task.target, [told], again_at_ms=stopped.doubted_until_ms)


def _put_off(
    session: Session,
    task: Task,
    task_id: TaskId,
    error: ApiError | LedgerError,
    fields: Fields,
    resources: Resources,
) -> Report:
    """A stop failed: note when to try again, unless TRTC has ended the task by itself by now."""
    waits = isinstance(error, NotCalledError)
    if not waits and is_over(session, task.target, task_id.started_ms, resources):
        given_up = Outcome("transcription.stop_given_up", "idle_limit", 200, "warning", fields)
        return Report(session, task.target, [given_up], [task_id.task_id])

    queued, message = error.code == RATES["stop"], "transcription.stop_failed"
    told = Outcome(message, "retry", COME_BACK, "warning", fields, due=True, queued=queued)
    soon_at_ms = resources.now_ms() + STOP_AGAIN_MS
    again_at_ms = soon_at_ms if waits else _find_again_at_ms(session, task, resources)
    return Report(session, task.target, [told], again_at_ms=again_at_ms)


def _find_again_at_ms(session: Session, task: Task, resources: Resources) -> int:
    """When to try what fails again: soon, and then less and less often."""
    now_ms = resources.now_ms()
    since_ms = session.closed_ms or task.changed_ms
    return now_ms + max(STOP_AGAIN_MS, min((now_ms - since_ms) // 2, STOP_AGAIN_MAX_MS))


def _settle_unseen(session: Session, task: Task, resources: Resources) -> Report:
    """Find what unconfirmed starts have made, so that it can be stopped too.

    1.0 is asked, and believed that there is nothing only when there can be nothing any more. 2.0
    cannot be asked: unless 1401 tells of the task in that time, it ends by its MaxIdleTime.
    """
    outcomes: list[Outcome] = []
    settled: list[str] = []
    found: list[TaskId] = []
    again_at_ms = 0
    for attempt in task.unseen:
        is_settled, told = _settle_attempt(session, task, attempt, found, resources)
        outcomes += told
        if is_settled:
            settled.append(attempt.token)
            continue
        next_ms = _find_again_at_ms(session, task, resources)
        again_at_ms = max(again_at_ms, attempt.sent_ms + UNSURE_MS, next_ms)
    return Report(session, task.target, outcomes, (), again_at_ms, settled, found)


def _settle_attempt(
    session: Session, task: Task, attempt: Attempt, found: list[TaskId], resources: Resources
) -> tuple[bool, list[Outcome]]:
    """Whether one start need not be asked about any more, and what to say of it; adds to `found`."""
    fields = describe_task(session, task)
    unclear = Outcome("transcription.unclear", "retry", COME_BACK, "warning", fields, due=True)
    asks, known, task_id = SERVICES[attempt.service].finds_by_session, True, None
    try:
        if asks:
            known, task_id = task_api.find_attempt(session, task, attempt, resources)
    except NotCalledError:
        return False, [unclear]
    found += [task_id] if task_id else []
    given_up = not known and is_over(session, task.target, attempt.sent_ms, resources)
    if given_up or (known and resources.now_ms() >= attempt.sent_ms + UNSURE_MS):
        may_run = Outcome("transcription.may_run", "unsure", 200, "warning", fields)
        return True, [may_run] if given_up or not asks else []
    return False, [unclear]
