"""What a person or a program does to one room: start it, stop it, or delete what was said in it."""

from __future__ import annotations

import secrets

from shared.console.describe import show_task
from shared.console.request import EVENT_KEYS, Result, RoomRequest, require_shared_ledger
from shared.errors import LedgerError, RequestError, RoomscribeError
from shared.ledger import RoomBook, Session, claims
from shared.ledger.deliveries import Deliveries
from shared.ledger.document import find_room
from shared.ledger.opting_out import list_opted_out, split_rule
from shared.lifecycle import task_api
from shared.lifecycle.outcome import COME_BACK, Outcome
from shared.lifecycle.start import StartRequest, start_task
from shared.lifecycle.stop import finish_unfinished, stop_tasks
from shared.resources import Resources
from shared.room import WHOLE_ROOM, Room
from shared.rules.decision import Rule
from shared.rules.file import OVERRIDABLE, override_rule
from shared.scf import Json
from shared.services.checks import suggest_name
from shared.transcripts.records import FOR_EVER_MS

ALL = 1_000_000  # sessions: more than any room has
LONGEST_NAME = 64


def start_room(request: RoomRequest, resources: Resources) -> Result:
    """Start a room's transcription now, or decide it before the room exists.

    The rule's values are the defaults; any of its keys in the event goes before it. A task that
    runs is left alone.
    """
    room, changes = request.room, request.changes
    for key in changes:
        if key not in OVERRIDABLE:
            meant = suggest_name(key, (*EVENT_KEYS, *OVERRIDABLE))
            raise RequestError(f"{key}: unknown key; {meant}")
    book = resources.ledger.read(room)
    session = book.open_now
    rule = session.rule if session else resources.rules.decide(*room)
    if changes:
        rule = override_rule(rule, changes, resources.settings.site)
    if rule.service == "ai" and rule.scope == "room" and list_opted_out(book.all_opt_outs):
        rule = split_rule(rule)
    if request.when == "room_created":
        return _plan(room, rule, resources)
    if rule.wants_nothing:
        raise RequestError(
            f'rule {rule.name!r} does not transcribe this room; add "service" to the event'
        )
    kept = session.rule if session and session.is_busy else rule
    targets = _choose_targets(session, kept, request.user_id, resources)
    return _start_now(room, rule, targets, resources)


def stop_room(request: RoomRequest, resources: Resources) -> Result:
    """Stop a room's transcription; nothing but start_room begins it again before the room closes.

    `by` in the event names who asks; without it, it is the request of the function.
    """
    require_shared_ledger(resources)
    book = resources.ledger.read(request.room)
    if book.latest is None:
        return [], {"outcome": "not_open", "message": "this room is not known"}
    outcomes = finish_unfinished(book, resources)
    if book.open_now:
        asked_by = request.changes.get("by") or f"request {resources.invocation.request_id}"
        outcomes += _hold(book.open_now, str(asked_by)[:LONGEST_NAME], resources)
    session = resources.ledger.read(request.room).get(book.latest.id)
    failed = any(outcome.http_status == COME_BACK for outcome in outcomes)
    done = "held" if session.held and session.closed_ms is None else "not_open"
    result: Json = {
        "outcome": "stop_failed" if failed else done,
        "session": session.id,
        "tasks": [show_task(session, task) for task in session.tasks.values()],
    }
    warnings = sorted({outcome.message for outcome in outcomes if outcome.level == "warning"})
    return outcomes, result | ({"warnings": warnings} if warnings else {})


def delete_transcript(request: RoomRequest, resources: Resources) -> Result:
    """Delete what was said in a room until now; of it nothing is kept again, however late it is told.

    With a user in the event: what that user said; of an archived session it is not counted.
    A session that is open goes on, and what is said in it from now on is kept.
    """
    require_shared_ledger(resources)
    session_id = _read_session_id(request)
    if len(request.guessed) > 1:  # nothing may be deleted that was not meant
        raise RequestError(
            f"room_id_type: numeric room {request.room.room_id!r} (0) and the string room (1) are "
            "both known; say which"
        )
    now_ms, ledger = resources.now_ms(), resources.ledger
    known = ledger.list_sessions(request.room, ALL)
    ends_ms = {one.id: now_ms if one.closed_ms is None else FOR_EVER_MS for one in known}
    if session_id is not None:
        # The archive may have one that the ledger has lost.
        is_archived = resources.settings.archive_url and find_room(session_id) == request.room
        default = {session_id: FOR_EVER_MS} if is_archived and not request.user_id else {}
        ends_ms = {one: ms for one, ms in ends_ms.items() if one == session_id} or default
    if not ends_ms:
        what = "this room" if session_id is None else "this session of the room"
        return [], {"outcome": "unknown", "message": f"{what} is not known"}
    count, deliveries = 0, Deliveries(ledger)
    sessions = {one.id: one for one in known}
    for one, until_ms in ends_ms.items():
        delivery = deliveries.read(one).delivery
        if request.user_id:
            who, left = request.user_id, delivery.left_ledger
            count += ledger.forget_speaker(sessions[one], who, until_ms, left_ledger=left)
        else:
            count += ledger.forget_sentences(one, until_ms)
            count += delivery.sentences if delivery.left_ledger else 0
        ledger.ask_delivery(one, now_ms)  # what was delivered is deleted, too
    if not ledger.erase_traces():
        raise LedgerError(
            "LEDGER_URL: what was said is deleted, but the file's log of writes (-wal) still holds it "
            "while another program reads there; end that, and delete again"
        )
    counts = {"sessions": len(ends_ms), "sentences": count}
    deleted = Outcome("transcript.deleted", "deleted", fields={"session": session_id, **counts})
    return [deleted], {"outcome": "deleted", **counts}


def _hold(session: Session, asked_by: str, resources: Resources) -> list[Outcome]:
    now_ms = resources.now_ms()
    book, tasks = resources.ledger.change(
        session.room,
        lambda book: (book, claims.hold_session(book.get(session.id), now_ms, asked_by)),
    )
    return stop_tasks([(session, task) for task in tasks], resources, known=book)


def _plan(room: Room, rule: Rule, resources: Resources) -> Result:
    require_shared_ledger(resources)

    def note(book: RoomBook) -> None:
        book.half.plan = rule

    resources.ledger.change(room, note)
    planned = Outcome("room.planned", rule.service, fields={"rule": rule.name})
    return [planned], {"outcome": "planned", "rule": rule.name, "service": rule.service}


def _start_now(room: Room, rule: Rule, targets: list[str], resources: Resources) -> Result:
    now_ms = resources.now_ms()
    opening, session = resources.ledger.change(
        room, lambda book: book.open_session(now_ms, rule, creates=False)
    )
    if session is None or opening == "gone":
        raise RequestError("the room has closed later than this machine's clock: check the clock")
    session = _prepare(session, rule, resources)
    results = [_start_one(session, target, now_ms, resources) for target in targets]
    session = resources.ledger.read(room).get(session.id)
    tasks = [show_task(session, task) for task in session.tasks.values() if task.target in targets]
    outcomes = [outcome for outcomes in results for outcome in outcomes]
    result = {"session": session.id, "rule": session.rule.name, "tasks": tasks}
    return outcomes, {**_summarise(results, tasks), **result}


def _summarise(results: list[list[Outcome]], tasks: list[Json]) -> Json:
    """One word for what came of all targets, the reason of a refusal, and the task when it is one."""
    words = {_say(outcomes[-1]) for outcomes in results}
    reasons = [
        o.fields["reason"] for outcomes in results for o in outcomes if o.fields.get("reason")
    ]
    only = tasks[0] if len(tasks) == 1 else {}
    return {
        "outcome": words.pop() if len(words) == 1 else "mixed",
        **{key: only[key] for key in ("task_id", "service", "error_code") if key in only},
        **({"message": reasons[0]} if reasons else {}),
    }


def _start_one(session: Session, target: str, now_ms: int, resources: Resources) -> list[Outcome]:
    """Start one target; what stops this one must not hide what came of the others."""
    try:
        token = secrets.token_hex(16)
        request = StartRequest(target, f"by_hand/{now_ms}", now_ms, token, by_hand=True)
        return start_task(session, request, resources)
    except RoomscribeError as error:
        fields = {"session": session.id, "error_code": error.code, "reason": str(error)}
        return [Outcome("transcription.failed", "error", level="error", fields=fields)]


def _prepare(session: Session, rule: Rule, resources: Resources) -> Session:
    """Lift a hold, ask the API which tasks ended without our hearing, and pin the asked-for rule.

    While a task runs, or may run unseen, the session keeps its rule.
    """
    ended = [
        (task.target, i.task_id)
        for task in session.tasks.values()
        for i in task.alive
        if task_api.describe(session, i, resources) == "ended"
    ]

    def prepare(book: RoomBook) -> Session:
        known, now_ms = book.get(session.id), resources.now_ms()
        claims.lift_hold(known, now_ms)
        for target, task_id in ended:
            claims.note_ended(known.tasks[target], [task_id], now_ms)
        if not known.is_busy:
            known.rule = rule
        return known

    return resources.ledger.change(session.room, prepare)


def _choose_targets(
    session: Session | None, rule: Rule, user_id: str | None, resources: Resources
) -> list[str]:
    if rule.scope == "room":
        return [WHOLE_ROOM]
    people = resources.ledger.list_people(session) if session else []
    targets = [user_id] if user_id else [person.user_id for person in people if person.present]
    if not targets:
        raise RequestError(
            'the rule has a task for each speaker and nobody is there: add "user_id"'
        )
    return targets


def _say(outcome: Outcome) -> str:
    if outcome.message == "transcription.unchanged":
        return f"already_{outcome.outcome}"
    return outcome.message.partition(".")[2]


def _read_session_id(request: RoomRequest) -> str | None:
    """Which session is meant, None for all; what is not understood must not delete too much."""
    if request.when != "now" or request.changes.keys() - {"session"}:
        raise RequestError(
            "a transcript is deleted by room_id, room_id_type, sdk_app_id, session and user_id alone"
        )
    if "session" not in request.changes:
        return None
    session_id = request.changes["session"]
    if not isinstance(session_id, str):
        raise RequestError("session: must be text, as describe_room tells it")
    return session_id
