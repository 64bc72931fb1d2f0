"""What can be asked of a task, and the steps of which every change of it is made."""

from __future__ import annotations

from msgspec.structs import replace

from shared.ledger.document import Session, Task, TaskId, TaskState

LEASE_MS = 9_000  # longer than any call, shorter than TRTC's 10 s between retries


def find_leftovers(task: Task) -> list[TaskId]:
    """TaskIds that live on although they should not: a stop that failed, or a start that lost its claim."""
    if task.state in ("due", "starting"):
        return []
    return [i for i in task.alive if task.state != "running" or i.task_id != task.task_id]


def needs_stop(task: Task) -> bool:
    """Whether something of it lives, or may live, at the API."""
    return bool(task.unseen or task.alive)


def is_unfinished(session: Session) -> bool:
    """Whether anything of a session lives on, may live, or is being started."""
    return any(task.state == "starting" or needs_stop(task) for task in session.tasks.values())


def is_busy(session: Session) -> bool:
    """Whether a task runs, is being started, or may have been: the rule stays as it is."""
    return any(
        task.state in ("running", "starting") or task.unseen for task in session.tasks.values()
    )


def is_leased(task: Task, now_ms: int) -> bool:
    """Whether somebody may still be starting it, whose clock may be ahead by as much as a lease.

    A lease that ends later than that was written before the clock was set back: it is none.
    """
    return now_ms < task.lease_until_ms <= now_ms + 2 * LEASE_MS


def adopt_living(task: Task, now_ms: int) -> None:
    """A TaskId that lives is worth more than a start: nothing that is due or given up needs one."""
    given_up = task.state == "starting" and not is_leased(task, now_ms)
    if task.alive and (task.state == "due" or given_up):
        lose_claim(task)
        run(task, task.alive[-1], now_ms)
        task.checked_ms = 0  # nobody knows how it is: ask soon


def run(task: Task, task_id: TaskId, now_ms: int) -> None:
    """This TaskId is the current one, and runs."""
    task.task_id, task.checked_ms = task_id.task_id, now_ms
    task.waiting_ms = task.not_before_ms = task.unknown_checks = 0
    task.error_code = task.failed_under = ""
    # 1.0 has one task for a SessionId; 2.0 has one for a bot, or nobody can tell: see starting.
    task.unseen = [attempt for attempt in task.unseen if attempt.service != task_id.service]
    set_state(task, "running", now_ms)


def time_running(
    task: Task, known: TaskId, *, called_ms: int = 0, answered_ms: int = 0, told_ms: int = 0
) -> None:
    """Note when a TaskId began to run: its start was answered, or TRTC told of it (901, 1401).

    Whoever has the answer knows best when the start was sent, TRTC since when the task runs.
    """
    timing = known.timing
    known.timing = replace(
        timing,
        event_ms=timing.event_ms or task.wanted_ms,
        called_ms=called_ms if answered_ms else timing.called_ms or called_ms,
        running_ms=told_ms or timing.running_ms or answered_ms,
    )
    if not timing.event_ms:
        task.wanted_ms = 0
    if told_ms and not timing.running_ms:
        known.started_ms = told_ms  # a sentence of it came first, and let only guess


def make_due(task: Task, now_ms: int) -> None:
    """It waits for its start from now on."""
    task.waiting_ms, task.not_before_ms, task.attempts, task.trigger = now_ms, 0, 0, ""
    set_state(task, "due", now_ms)


def lose_claim(task: Task) -> None:
    """Whoever was starting it is not waited for any more: the start may have happened.

    Of one service and generation only the last is kept: 1.0 has one SessionId for them all, and 2.0
    can be asked about none.
    """
    if task.pending:
        last = (task.pending.service, task.pending.generation)
        others = [a for a in task.unseen if (a.service, a.generation) != last]
        task.unseen = [*others, task.pending]
        task.pending = None


def add_task_id(task: Task, task_id: TaskId) -> TaskId:
    """The TaskId as the task has it, which it may not have had before."""
    for known in task.task_ids:
        if known.task_id == task_id.task_id:
            return known
    task.task_ids.append(task_id)
    return task_id


def mark_ended(task: Task, ended: list[str]) -> None:
    """Note which TaskIds are over."""
    for known in task.task_ids:
        known.ended = known.ended or known.task_id in ended


def set_state(task: Task, state: TaskState, now_ms: int) -> None:
    """The state from now on."""
    task.state, task.changed_ms = state, now_ms
