"""What TRTC or its API tells of a task that nobody asked to start or stop, and what follows."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from shared.ledger.document import Session
from shared.ledger.task import Task, TaskId, TaskState

Ending = Literal["held", "removed", "replaced", "idle", "broken", "unknown"]

LONG_RUN_MS = 600_000  # a task that ran for so long is not restarted more and more slowly
RESTART_MS, RESTART_MAX_MS = 1_000, 600_000
BOT_LEFT_MS = 2_000
ASK_AGAIN_MS, ASK_AGAIN_MAX_MS = 2_000, 60_000


def note_running(session: Session, target: str, found: TaskId, told_ms: int, now_ms: int) -> Task:
    """TRTC told that this TaskId runs, since `found.started_ms` as far as anybody knows.

    `told_ms` is when 901 or 1401 says that it began to run; 0 for what a sentence tells. What nobody
    holds a claim on is running now, without another call. Of two that run, the newer one is kept: it has
    the same bot. In a session that is closed or held it is left to be stopped.
    """
    state: TaskState = "held" if session.held else "due"
    fresh = Task(target, found.service, state, changed_ms=now_ms)
    task = session.tasks.setdefault(target, fresh)
    is_new, current = task.find(found.task_id) is None, task.current
    known = task.add(found)
    task.time_running(known, told_ms=told_ms)
    is_wanted = session.closed_ms is None and not session.held
    if known.ended or not is_wanted or task.is_leased(now_ms):
        return task
    adopts = task.state in ("due", "starting", "failed") or (
        task.state == "stopped" and found.started_ms > task.ended_ms
    )
    is_newer = is_new and (current is None or current.started_ms < found.started_ms)
    if adopts or (task.state == "running" and is_newer):
        task.lose_claim()
        task.removed = False  # what was taken out has made room for this one
        task.run(known, now_ms)
    return task


def note_first_text(task: Task, task_id: TaskId, event_ms: int) -> TaskId | None:
    """Keep when TRTC told of a TaskId's earliest sentence; the TaskId, if it had none before."""
    known = task.add(task_id)
    first_ms = known.timing.first_text_ms
    known.timing = replace(known.timing, first_text_ms=min(first_ms or event_ms, event_ms))
    return None if first_ms else known


def note_checked(task: Task, task_id: str, now_ms: int, *, was_told: bool) -> None:
    """The API was asked about a running task, and says that it runs; or nothing: ask again before long."""
    if task.state != "running" or task.task_id != task_id:
        return
    wait_ms = min(ASK_AGAIN_MS * 2**task.unknown_checks, ASK_AGAIN_MAX_MS)
    task.checked_ms = now_ms if was_told else task.checked_ms
    task.not_before_ms = 0 if was_told else now_ms + wait_ms
    task.unknown_checks = 0 if was_told else task.unknown_checks + 1


def note_bot_left(task: Task, event_ms: int, now_ms: int) -> bool:
    """Its bot has left the room; whether the API is to be asked about it, after `BOT_LEFT_MS`.

    Its end is told of by then, with the reason. The bot may be that of a TaskId before.
    """
    current = task.current
    if task.state != "running" or current is None or event_ms <= current.started_ms:
        return False
    task.not_before_ms = now_ms + BOT_LEFT_MS
    return True


def note_ending(
    task: Task, task_id: str, ending: Ending, words: str, *, event_ms: int, now_ms: int
) -> None:
    """A TaskId ended by itself, at `event_ms`, and why; while a claim is held that is only recorded.

    held: a person or the host wants no transcription. removed: the bot was taken out, by the host
    or by a newer bot of its own name; the second time it is the host. replaced: by such a bot. idle: nobody
    was there. broken: anything else; unknown: nobody said why. Whether it is wanted again is for `resume`
    to say. `words` are kept unless Roomscribe has stopped it: then TRTC only says so.
    """
    known = task.find(task_id)
    if known and not known.ended and task.state not in ("stopping", "held"):
        known.reason = words
    task.mark_ended([task_id], now_ms)
    if task.state == "running" and task.task_id == task_id and known and known.unwanted:
        task.make_due(now_ms)  # stopped, to be replaced
    elif task.state == "running" and task.task_id == task_id:
        end_by_itself(task, ending, event_ms, now_ms)


def resume(session: Session, task: Task, now_ms: int, *, after_ms: int = 0) -> None:
    """A task that ended by itself is wanted again: due, after a while that grows with each time."""
    if task.state != "stopped" or session.held or session.closed_ms is not None:
        return
    longest_ms = min(RESTART_MS * 2**task.restarts, RESTART_MAX_MS) if task.restarts else 0
    task.make_due(now_ms)
    task.not_before_ms = now_ms + max(after_ms, longest_ms)
    task.restarts += 1


def end_by_itself(task: Task, ending: Ending, event_ms: int, now_ms: int) -> None:
    """It has ended at `event_ms`, unless another of its TaskIds lives."""
    if task.alive:  # one that nobody had asked for is left: go on with it
        task.run(task.alive[-1], now_ms)
        return
    if now_ms - task.changed_ms >= LONG_RUN_MS:
        task.restarts = 0
    task.ended_ms = event_ms
    held = ending == "held" or (ending == "removed" and task.removed)
    task.removed = task.removed or ending == "removed"
    task.set_state("held" if held else "stopped", now_ms)
