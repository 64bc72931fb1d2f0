"""Starting a task: which event asks for it, and who may make the start; also while the ledger is away."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from shared import callbacks
from shared.callbacks import Callback
from shared.errors import ApiError, RoomscribeError
from shared.ledger import RoomBook, Session, Task, claims
from shared.ledger.document import Half
from shared.lifecycle import task_api
from shared.lifecycle.claimed_start import QUEUED, ClaimedStart
from shared.lifecycle.outcome import COME_BACK, DONE, Outcome, describe_task, failed
from shared.lifecycle.stop import stop_leftovers
from shared.lifecycle.task_api import UNSURE_MS
from shared.resources import Resources
from shared.room import WHOLE_ROOM
from shared.rules.decision import Rule
from shared.services.kinds import classify_error
from shared.settings import take_fingerprint

# The events that start a rule's task: its own, and every later one, in case the first got lost.
STARTERS = {
    "room_created": (callbacks.ROOM_CREATED, callbacks.USER_ENTERED, callbacks.AUDIO_STARTED),
    "user_entered": (callbacks.USER_ENTERED, callbacks.AUDIO_STARTED),
    "audio_started": (callbacks.AUDIO_STARTED,),
}


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


class Claim(NamedTuple):
    """A request, whether it won the start, and the session and the task as the change left them.

    `is_replayed`: the event that asks is played again, so its age is no latency.
    """

    request: StartRequest
    won: bool
    is_replayed: bool
    task: Task
    session: Session
    book: RoomBook


def claim_start(
    request: StartRequest, session: Session, book: RoomBook, resources: Resources
) -> Claim | Outcome:
    """Claim a start, as part of a change of the room's document; of what the rule no longer wants, say so."""
    now_ms, known = resources.now_ms(), session.tasks.get(request.target)
    if known and known.state == "failed" and not request.by_hand and is_mended(known, resources):
        _take_mended_rule(session, known, resources)
    rule = session.find_rule(request.target)
    if rule.service == "none":
        if known and known.state in ("due", "failed"):  # else it would be due for ever
            known.set_state("stopped", now_ms)
        return not_wanted(session, rule)
    is_replayed = request.event_ms < now_ms - resources.settings.callback_max_age_s * 1000
    is_waiting = known is not None and known.state in ("due", "failed")
    won, task = claims.claim_start(
        session,
        request.target,
        rule.service,
        trigger=request.trigger,
        token=request.token,
        now_ms=now_ms,
        event_ms=request.event_ms,
        wanted_ms=now_ms if is_replayed else request.event_ms,
        by_hand=request.by_hand,
        at_once=known is not None and is_waiting and _is_at_once(known, request, resources),
    )
    return Claim(request, won, is_replayed, task, session, book)


def claim_wanted(
    callback: Callback, token: str, session: Session, book: RoomBook, resources: Resources
) -> Claim | Outcome:
    """Claim the start that an event asks for, as part of a change; why the event starts nothing, if so."""
    event_type, user_id, rule = callback.event_type, callback.user_id, session.rule
    target = None  # whose task the event starts: everybody's, one speaker's, or none
    is_heard = user_id not in session.opted_out or event_type == callbacks.ROOM_CREATED
    if event_type in STARTERS[rule.start_on] and is_heard and not rule.ignores(user_id or ""):
        of_speaker = None if event_type == callbacks.ROOM_CREATED else user_id
        target = WHOLE_ROOM if rule.scope == "room" else of_speaker
    if target is None:
        fields = {"session": session.id, "rule": rule.name}
        waits = Outcome("room.noted", "waiting", fields=fields)
        return not_wanted(session, rule) if rule.wants_nothing else waits
    trigger = f"{event_type}/{callback.event_ms}/{user_id or ''}"
    request = StartRequest(target, trigger, callback.event_ms, token)
    return claim_start(request, session, book, resources)


def start_task(session: Session, request: StartRequest, resources: Resources) -> list[Outcome]:
    """Start a task unless it runs, is being started, or may not be: of all requests exactly one wins."""
    claim = resources.ledger.change(
        session.room,
        lambda book: claim_start(request, book.get(session.id), book, resources),
    )
    return settle_claim(claim, resources)


def settle_claim(claim: Claim | Outcome | None, resources: Resources) -> list[Outcome]:
    """Make the start that was claimed, or say what goes on, or is, instead."""
    if claim is None or isinstance(claim, Outcome):
        return [claim] if claim else []
    if claim.won:
        event_ms = None if claim.is_replayed else claim.request.event_ms
        session, task, book = claim.session, claim.task, claim.book
        began_ms = resources.now_ms()
        return ClaimedStart(session, task, book, event_ms, resources, began_ms).run()
    task, session, trigger = claim.task, claim.session, claim.request.trigger
    keeps_asking = task.state in ("due", "starting") and task.trigger == trigger
    unchanged = Outcome(
        "transcription.unchanged",
        task.state,
        COME_BACK if keeps_asking else DONE,
        fields={**describe_task(session, task), "task_id": task.task_id or None},
        due=task.state == "due",
        queued=keeps_asking and task.error_code in QUEUED,
    )
    leftovers = stop_leftovers(session, task, resources) if task.leftovers else []
    return [*leftovers, unchanged]


def start_without_ledger(
    callback: Callback, error: RoomscribeError, resources: Resources
) -> list[Outcome]:
    """Start the task of a room that was created while the ledger cannot be reached.

    A second start of the same room collides with the first: both have the same bot. 901 or 1401
    tells the ledger of the task when it is back. Whatever needs to know more comes back.
    """
    room, event_ms = callback.room, callback.event_ms
    rule = resources.rules.decide(*room)
    is_other = rule.service == "none" or rule.scope == "user" or rule.start_on != "room_created"
    _, session = RoomBook(room, (Half(), Half())).open_session(event_ms, rule)
    if session is None or is_other or rule.ignores(callback.user_id or ""):
        return [failed(error)]
    task = Task(WHOLE_ROOM, rule.service)
    fields = describe_task(session, task)
    try:
        params = task_api.build_start(session, task, resources)
        # The limiter is in the ledger that is away.
        granted = replace(resources, granted=[f"start/{task.service}"])
        task_id, _ = task_api.start(session, task, params, granted)
    except ApiError as refusal:
        fields["error_code"] = refusal.code
        if classify_error(refusal).kind == "exists":
            fields["reason"] = str(error)
            return [Outcome("transcription.unchanged", "unrecorded", fields=fields)]
        deferred = Outcome("transcription.deferred", "unrecorded", COME_BACK, "warning", fields)
        return [failed(error), deferred]
    fields |= {"task_id": task_id, "start_latency_ms": resources.now_ms() - event_ms}
    fields |= {"error_code": error.code, "reason": str(error)}
    return [Outcome("transcription.started", "unrecorded", 200, "warning", fields)]


def not_wanted(session: Session, rule: Rule) -> Outcome:
    """The outcome of a start that the room's rule does not ask for."""
    fields = {"session": session.id, "rule": rule.name}
    return Outcome("transcription.not_wanted", "rule", fields=fields)


def is_mended(task: Task, resources: Resources) -> bool:
    """Whether package or settings have changed since the task failed because of them."""
    return bool(task.failed_under) and task.failed_under != take_fingerprint(resources.settings)


def _take_mended_rule(session: Session, task: Task, resources: Resources) -> None:
    """Let a session whose rule the API refused go on with the mended one, while nothing of it runs.

    A person's own choice of parameters gives way, too: with those the API would refuse it for good.
    """
    was_refused = classify_error(ApiError(task.error_code)).kind == "refused"
    rule = resources.rules.decide(*session.room)
    is_free = not (session.is_busy or session.opted_out)
    if was_refused and is_free and rule.scope == session.rule.scope:
        session.rule = rule


def _is_at_once(task: Task, request: StartRequest, resources: Resources) -> bool:
    """Whether a request need not wait: what was refused may be mended, or somebody new is there."""
    now_ms = resources.now_ms()
    if any(now_ms < attempt.sent_ms + UNSURE_MS for attempt in task.unseen):
        return False
    is_new = request.trigger not in ("", task.trigger)
    kind = classify_error(ApiError(task.error_code)).kind
    return is_mended(task, resources) or (is_new and kind == "not_yet")
