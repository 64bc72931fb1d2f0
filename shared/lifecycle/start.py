"""Starting a task: claim it in the ledger, or say why it is not to be had."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from shared.errors import ApiError
from shared.ledger import Session, Task, claims
from shared.lifecycle import timings
from shared.lifecycle.asking import UNSURE_MS, find_rule
from shared.lifecycle.claimed_start import QUEUED, ClaimedStart, is_replayed
from shared.lifecycle.outcome import COME_BACK, Outcome, describe_task
from shared.lifecycle.stop import stop_leftovers
from shared.resources import Resources
from shared.rules.decision import Rule
from shared.services import classify_error


class StartRequest(NamedTuple):
    """Somebody asks for the start of `target`'s task.

    `trigger` names the event that asks, "" the one that asked before: its own retries are told to
    come back while the start is not settled, everybody else's events are not kept waiting. `token`
    is the request's own.
    """

    target: str
    trigger: str
    event_ms: int
    token: str
    by_hand: bool = False


class Claimed(NamedTuple):
    """Whether the request won the start, and the task as it is now."""

    won: bool
    task: Task


def start_task(
    resources: Resources,
    session: Session,
    target: str,
    trigger: str,
    event_ms: int,
    *,
    by_hand: bool = False,
) -> list[Outcome]:
    """Start the task of `target` unless it runs, is being started, or may not be; exactly one wins.

    See StartRequest.
    """
    request = StartRequest(target, trigger, event_ms, uuid.uuid4().hex, by_hand)
    rule = find_rule(session, target)
    if rule.service == "none":
        return [not_wanted(session, rule)]
    claimed = resources.change(session, lambda known: claim_start(resources, known, request))
    return settle_claim(resources, session, request, claimed)


def claim_start(resources: Resources, session: Session, request: StartRequest) -> Claimed:
    """Claim the start for the request, as part of a change in the ledger."""
    now_ms = resources.now_ms()
    known = session.tasks.get(request.target)
    won, task = claims.claim_start(
        session,
        request.target,
        find_rule(session, request.target).service,
        trigger=request.trigger,
        token=request.token,
        now_ms=now_ms,
        event_ms=request.event_ms,
        by_hand=request.by_hand,
        at_once=known is not None and _is_at_once(known, request, resources),
    )
    if won:  # a replayed event, whose age is no latency, counts from now
        age_ms = now_ms - request.event_ms
        wanted_ms = now_ms if is_replayed(resources, age_ms) else request.event_ms
        timings.note_wanted(task, wanted_ms, by_hand=request.by_hand)
    return Claimed(won, task)


def is_mended(task: Task, resources: Resources) -> bool:
    """Whether package or settings have changed since the task failed because of them."""
    return task.failed_under not in ("", resources.fingerprint)


def _is_at_once(task: Task, request: StartRequest, resources: Resources) -> bool:
    """Whether a request need not wait: what was refused may be mended, or somebody new is there."""
    now_ms = resources.now_ms()
    if any(now_ms < attempt.sent_ms + UNSURE_MS for attempt in task.unseen):
        return False
    is_new = request.trigger not in ("", task.trigger)
    kind = classify_error(ApiError(task.error_code)).kind
    return is_mended(task, resources) or (is_new and kind == "not_yet")


def settle_claim(
    resources: Resources, session: Session, request: StartRequest, claimed: Claimed
) -> list[Outcome]:
    """Start what was claimed, or say what goes on instead."""
    if claimed.won:
        rule = find_rule(session, request.target)
        return ClaimedStart(resources, session, rule, claimed.task, request.event_ms).run()
    leftovers = stop_leftovers(resources, session, claimed.task)
    return [*leftovers, _answer_unclaimed(session, claimed.task, request.trigger)]


def not_wanted(session: Session, rule: Rule) -> Outcome:
    """The rule asks for nothing."""
    fields = {"session": session.id, "rule": rule.name}
    return Outcome("transcription.not_wanted", "rule", fields=fields)


def _answer_unclaimed(session: Session, task: Task, trigger: str) -> Outcome:
    waits = task.state in ("due", "starting") and task.trigger == trigger
    fields = {**describe_task(session, task), "task_id": task.task_id or None}
    return Outcome(
        "transcription.unchanged",
        task.state,
        COME_BACK if waits else 200,
        fields=fields,
        due=task.state == "due",
        queued=waits and task.error_code in QUEUED,
    )
