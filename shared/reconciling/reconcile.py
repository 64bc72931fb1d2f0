"""Rooms as TRTC tells of them afterwards, or as a list names them, beside the ledger; and what follows.

Source: DescribeRoomInfo, DescribeUserInfo (product 647, documents 44050 and 44051; 36754 and 36755): for
checking and not in real time, 20 calls a second, at most 100 a page from page 0 on; times in s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from shared import log
from shared.callbacks import ROOM_CREATED, ROOM_DISMISSED, USER_ENTERED, Callback
from shared.console.commands import start_room
from shared.console.request import (
    Result,
    RoomRequest,
    choose_application,
    list_known,
    read_event,
    read_room_request,
    require_shared_ledger,
)
from shared.errors import ApiError, RequestError, UnreadableError
from shared.ledger import Session
from shared.ledger.fleet import MANY, find_fleet_keys, list_marks
from shared.lifecycle.drainer import is_late
from shared.lifecycle.events import act_on
from shared.lifecycle.outcome import Outcome, write_outcomes
from shared.lifecycle.signs_of_life import find_last_sign_ms
from shared.lifecycle.task_api import OTHERS_PER_S
from shared.lifecycle.wake_drainer import wake_drainer
from shared.remedies import find_advice
from shared.resources import Resources
from shared.room import NUMERIC_ROOM, WHOLE_ROOM, Room, names_numeric_room
from shared.scf import Json
from shared.settings import DAY_MS
from shared.signer import is_bot_user_id
from shared.times import read_time
from shared.transcripts.records import FOR_EVER_MS

STARTED = "transcription.started"
PAGE = 100
USERS_MS = 4 * 3_600_000  # the longest time that a query for users may be about
LONGEST_CALL_S = 10.0
UNKNOWN = "its type is not known: set RECONCILE_DIGITS_AS, or list it with its room_id_type"
Work = Iterator[tuple[Json, Room | None, Json]]
NOTE = "microphones are not told: a rule that waits for one starts for whoever is there"


class ReconcileEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked: for times see `read_time`; `page` is that of TRTC's answer to begin with.

    TRTC is not asked when `rooms` are listed, nor for those of a `state` in the ledger with an `error` code.
    """

    since: int | str = "24h"
    until: int | str = "0s"
    page: int = 0
    rooms: list[Json] | None = None
    state: Literal["failed"] | None = None
    error: str = ""
    sdk_app_id: int | None = None
    dry_run: bool = False


def reconcile(asked: Json, resources: Resources) -> Result:
    """Start what lives in the dark and close what is over, until time is nearly over; safe to run again."""
    request = read_event(asked, ReconcileEvent, "a request to reconcile")
    require_shared_ledger(resources)
    answer: Json = {"outcome": "reconciled", "note": NOTE, "counts": {}, "rooms": []}
    try:
        for rest, room, state in _list_work(request, resources):
            if is_late(resources):
                answer |= {"outcome": "unfinished", "next": {**asked, **rest}}
                break
            reason = "" if room else UNKNOWN
            try:
                word, callbacks = compare(room, state, resources) if room else ("skipped", [])
            except UnreadableError as error:  # of this room alone
                word, callbacks, reason = "skipped", [], str(error)
            if room and word in ("start", "close") and not request.dry_run:
                log.bind_room(*room)
                word, reason = act(room, callbacks, resources)
            answer["counts"][word] = answer["counts"].get(word, 0) + 1
            if word != "unchanged":
                about = room._asdict() if room else {"room_id": state["RoomString"]}
                answer["rooms"].append({**about, "outcome": word, "reason": reason})
    except ApiError as error:
        message = "; ".join(find_advice(error.code) or (str(error),))
        answer |= {"outcome": "not_told", "error_code": error.code, "message": message}
    log.unbind_room()
    return [Outcome("rooms.reconciled", answer["outcome"], fields=answer["counts"])], answer


def _list_work(request: ReconcileEvent, resources: Resources) -> Work:
    """What is left from a room on, the room (None: of unknown type), and what TRTC tells if it is asked."""
    settings, ledger, page = resources.settings, resources.ledger, request.page
    sdk_app_id, now_ms = choose_application(request.sdk_app_id, settings), resources.now_ms()
    since_ms, until_ms = (read_time(one, now_ms) for one in (request.since, request.until))
    listed = request.rooms
    if listed is None and request.state:
        listed = list_failed(sdk_app_id, request.error, since_ms, resources)
    for place, one in enumerate(listed or ()):
        asked = read_room_request({"sdk_app_id": sdk_app_id, **one}, settings, ledger)
        yield {"rooms": (listed or [])[place:]}, asked.room, {}
    while listed is None and since_ms < until_ms:
        rest = {"since": since_ms, "until": until_ms, "page": page}
        if is_late(resources):  # a week without a room takes time, too
            yield rest, None, {}
            return
        about = {"SdkAppId": sdk_app_id, "PageNumber": page}
        end_ms = min(since_ms + DAY_MS, until_ms)
        states = ask("DescribeRoomInfo", about, since_ms, end_ms, resources)
        for state in sorted(states, key=lambda one: int(one["CreateTime"])):
            room = Room(sdk_app_id, state["RoomString"], NUMERIC_ROOM)
            types = {"numeric": room, "string": room.twin, "skip": None}
            is_number = names_numeric_room(room.room_id)
            known = [*list_known(room, ledger), types[settings.digits_as]] if is_number else []
            yield rest, (known or [room.twin])[0], state
        page = page + 1 if len(states) == PAGE else 0
        since_ms = since_ms if page else end_ms


def list_failed(sdk_app_id: int, error: str, since_ms: int, resources: Resources) -> list[Json]:
    """The rooms in which a task has failed since then, with that error code unless it is ""."""
    ledger, key = resources.ledger, find_fleet_keys(sdk_app_id).marked["failed"]
    found = ledger.engine.list_scores(str(sdk_app_id), key, since_ms - 1, FOR_EVER_MS, MANY)
    known = ledger.read_sessions([session_id for session_id, _ in found]).known.values()
    return [
        session.room._asdict()
        for session in known
        if any(m.kind == "failed" and error in ("", m.code) for m, _ in list_marks(session))
    ]


def ask(action: str, about: Json, since_ms: int, until_ms: int, resources: Resources) -> list[Json]:
    """A page of what one of the two actions tells of a time; raises ApiError, LedgerError."""
    while wait_ms := resources.ledger.take_slot(action, OTHERS_PER_S, resources.now_ms()):
        resources.sleep(wait_ms / 1000)
    times = {"StartTime": since_ms // 1000, "EndTime": until_ms // 1000, "PageSize": PAGE}
    region = "ap-guangzhou" if resources.settings.site == "china" else "ap-singapore"
    timeout_s = min(LONGEST_CALL_S, resources.invocation.remaining_s())
    answer = resources.client.call(action, {**about, **times}, region, timeout_s)
    return answer.get("RoomList") or answer.get("UserList") or []


def compare(room: Room, state: Json, resources: Resources) -> tuple[str, list[Callback]]:
    """What follows from what TRTC tells of a room, or, if that is nothing, from its being listed.

    "start" or "close", and the callbacks that tell the same; or why neither. Raises ApiError, LedgerError.
    """
    book = resources.ledger.read(room)
    session = book.open_now
    if state.get("IsFinished"):  # else DestroyTime is the time of the query
        ended_ms = state["DestroyTime"] * 1000
        said = resources.ledger.list_sentences(session, 0) if session else []
        is_alive = any(ended_ms <= one.event_ms for one in said)
        if session is None or is_alive or ended_ms <= find_last_sign_ms(session, resources):
            return "unchanged", []
        return "close", [Callback(room, ROOM_DISMISSED, ended_ms, precise=False)]
    rule = session.rule if session else book.half.plan or resources.rules.decide(*room)
    if rule.wants_nothing:
        return "not_wanted", []
    if session and (session.held or any(one.state == "held" for one in session.tasks.values())):
        return "held", []
    is_whole = rule.scope == "room"
    has_task = is_whole and _has_task(session, WHOLE_ROOM)
    if not state:
        return "unchanged" if has_task else "start", []
    created_ms = max(state["CreateTime"] * 1000, session.dated_ms if session else 0)
    opening, _ = book.open_session(created_ms, rule, precise=False)  # of a copy: nothing is saved
    if opening == "gone" or (has_task and opening != "newer"):
        return "unchanged", []
    created = Callback(room, ROOM_CREATED, created_ms, precise=False)
    if is_whole and rule.start_on == "room_created":
        return "start", [created]
    key = resources.settings.require_application(room.sdk_app_id).secret_key
    about = {"SdkAppId": room.sdk_app_id, "CommId": state["CommId"], "PageNumber": 0}
    now_ms = resources.now_ms()
    entered = [
        Callback(room, USER_ENTERED, user["JoinTs"] * 1000, precise=False, user_id=name)
        for user in ask("DescribeUserInfo", about, now_ms - USERS_MS, now_ms, resources)
        if not user["Finished"] and not rule.ignores(name := user["UserId"])
        if not (is_bot_user_id(room, key, name) or _has_task(session, name))
    ]
    if not entered:
        return "unchanged" if session and session.tasks else "nobody", []
    return "start", [created, *entered]


def act(room: Room, callbacks: list[Callback], resources: Resources) -> tuple[str, str]:
    """Do what callbacks ask for, and by hand what they start nothing of; what came of it, and why."""
    outcomes = [one for callback in callbacks for one in act_on(callback, resources)]
    is_end = any(one.event_type == ROOM_DISMISSED for one in callbacks)
    is_done = is_end or any(one.due or one.message == STARTED for one in outcomes)
    # By hand begins what waits for a microphone, or has failed; not a room that has closed meanwhile.
    if not is_done and (not callbacks or resources.ledger.read(room).open_now):
        try:
            started, _ = start_room(RoomRequest(room, None, "now", {}), resources)
        except RequestError as error:  # such as: nobody is there
            return "skipped", str(error)
        outcomes += [*started, *wake_drainer(room, started, resources)]
    write_outcomes(outcomes)
    for one in outcomes:
        if one.level == "error" or one.message == "transcription.failed":
            return "failed", str(one.fields.get("error_code"))
    if is_end or any(one.due for one in outcomes):
        return "closed" if is_end else "due", ""
    return "started" if any(one.message == STARTED for one in outcomes) else "unchanged", ""


def _has_task(session: Session | None, target: str) -> bool:
    """Whether a task of the target's runs, is being started, or is due."""
    task = session.tasks.get(target) if session else None
    return task is not None and task.state in ("due", "starting", "running")
