"""What TRTC tells of tasks: that one runs, that one ended; the ledger learns of what it did not see."""

from __future__ import annotations

from shared import callbacks
from shared.callbacks import Callback, TaskNews
from shared.errors import LedgerError, RoomscribeError
from shared.ledger import Room, RoomBook, Session, Task, TaskId, claims
from shared.lifecycle.asking import ask_session_id, find_region, name_bot
from shared.lifecycle.endings import LeaveCode, end_task, read_leave_code
from shared.lifecycle.outcome import COME_BACK, Fields, Outcome, describe_task, failed, ignored
from shared.lifecycle.starting import start_task
from shared.lifecycle.stopping import finish_closing, stop_leftovers
from shared.resources import Resources
from shared.signer import WHOLE_ROOM, is_bot_user_id, read_api_session_id

LATE_START_MS = 10_000  # a start sent before the room closed has told of itself by then
LOUD = ("removed", "broken", "unknown")
FAILED = LeaveCode("broken", "the task did not start")


def act_on_task(callback: Callback, resources: Resources) -> list[Outcome]:
    """Note what a callback of group 9 or 14 tells of a task, and start again what is still wanted."""
    assert callback.task  # noqa: S101  is_task_event
    room = Room(callback.sdk_app_id, callback.room_id, callback.room_id_type)
    try:
        book = resources.ledger.read(room)
        known = _find_task(book, callback.task.task_id)
        if callback.event_type in callbacks.TASK_STOPPED or callback.task.failed:
            return _note_end(callback, callback.task, book, known, resources)
        if known is None:
            return _note_unknown(callback, callback.task, book, resources)
        outcomes = _keep_sentence(callback, known[0], book, resources)
        return outcomes + _note_known(callback, *known, resources)
    except RoomscribeError as error:
        return [failed(error)]


def _find_task(book: RoomBook, task_id: str) -> tuple[Session, Task] | None:
    for session in book.sessions:
        for task in session.tasks.values():
            if any(known.task_id == task_id for known in task.task_ids):
                return session, task
    return None


def _note_end(
    callback: Callback,
    news: TaskNews,
    book: RoomBook,
    known: tuple[Session, Task] | None,
    resources: Resources,
) -> list[Outcome]:
    if known is None:
        return [_answer_unknown(book, resources)]
    session, task = known
    code = FAILED if news.failed else read_leave_code(news.service, news.leave_code)
    was_current = task.state == "running" and task.task_id == news.task_id
    task = end_task(resources, session, task.target, news.task_id, code.ending, callback.event_ms)
    level = "warning" if was_current and code.ending in LOUD else "info"
    fields = {**describe_task(session, task), "task_id": news.task_id, "reason": code.words}
    ended = Outcome("task.ended", task.state, level=level, fields=fields)
    if task.state != "due":
        return [ended]
    trigger = f"{callback.event_type}/{callback.event_ms}/{news.task_id}"
    return [ended, *start_task(resources, session, task.target, trigger, task.waiting_ms)]


def _answer_unknown(book: RoomBook, resources: Resources) -> Outcome:
    """A task the ledger has not heard of: somebody else's, or its start is not recorded yet."""
    now_ms = resources.now_ms()
    starting = any(
        task.state == "starting" and claims.is_leased(task, now_ms)
        for session in book.sessions
        for task in session.tasks.values()
    )
    if starting:
        return Outcome("task.early", "retry", COME_BACK)
    return ignored("unknown_task")


def _note_known(
    callback: Callback, session: Session, task: Task, resources: Resources
) -> list[Outcome]:
    assert callback.task  # noqa: S101  is_task_event
    if task.state in ("due", "starting"):
        task_id = next(i for i in task.task_ids if i.task_id == callback.task.task_id)
        task = _note_running(session, task.target, task_id, resources)
    if callback.said and task.state == "running":
        return []
    return [Outcome("task.noted", task.state, fields=describe_task(session, task))]


def _note_unknown(
    callback: Callback, news: TaskNews, book: RoomBook, resources: Resources
) -> list[Outcome]:
    """A task the ledger has not seen: ours when its bot is; whoever started it could not write it down."""
    owner = _find_owner(callback, news, book, resources)
    if owner is None:
        return [_answer_unknown(book, resources)]
    target, opened_ms = owner
    session = _find_session(book, callback.event_ms, opened_ms, resources)
    region = find_region(session, target, news.service)
    found = TaskId(news.task_id, news.service, region, started_ms=callback.event_ms)
    task = _note_running(session, target, found, resources)
    found_it = Outcome(
        "task.found", task.state, level="warning", fields=describe_task(session, task)
    )
    outcomes = [found_it, *_keep_sentence(callback, session, book, resources)]
    if session.closed_ms is not None:
        return outcomes + finish_closing(session, resources)
    return outcomes + stop_leftovers(resources, session, task)


def _keep_sentence(
    callback: Callback, session: Session, book: RoomBook, resources: Resources
) -> list[Outcome]:
    """Keep what was said; but not of an earlier life of the room, whose transcript may be deleted."""
    if callback.said is None:
        return []
    if any(
        known.opened_ms < session.opened_ms and callback.event_ms <= (known.closed_ms or 0)
        for known in book.sessions
    ):
        return [ignored("stale")]
    is_new = resources.ledger.keep_sentence(session, callback.said)
    fields: Fields = {"session": session.id}
    return [Outcome("sentence.kept", "new" if is_new else "known", fields=fields)]


def _note_running(session: Session, target: str, found: TaskId, resources: Resources) -> Task:
    now_ms = resources.now_ms()
    return resources.change(
        session, lambda known: claims.note_running(known, target, found, now_ms=now_ms)
    )


def _find_owner(
    callback: Callback, news: TaskNews, book: RoomBook, resources: Resources
) -> tuple[str, int] | None:
    """(whom the task hears, when its session opened) of a task of ours; None for anybody else's.

    1401 names the bot. 901 does not: the API is asked for the SessionId, which begins with it; but
    not while a start is under way, whose own answer says it sooner.
    """
    if news.service == "cloud":
        target = _find_target(news.bot_user_id, book, resources)
        return (target, callback.event_ms) if target else None
    if callback.event_type not in callbacks.TASK_STARTED or _is_starting(book, resources):
        return None
    rule = book.open_now.rule if book.open_now else resources.rules.decide(*book.room)
    region = str(rule.parameters("ai").get("region", ""))
    session_id = ask_session_id(resources, TaskId(news.task_id, "ai", region))
    bot, opened_ms = read_api_session_id(session_id)
    target = _find_target(bot, book, resources)
    return (target, min(opened_ms, callback.event_ms)) if target else None


def _is_starting(book: RoomBook, resources: Resources) -> bool:
    now_ms = resources.now_ms()
    session = book.open_now
    return session is not None and any(
        task.state == "starting" and claims.is_leased(task, now_ms)
        for task in session.tasks.values()
    )


def _find_target(bot: str | None, book: RoomBook, resources: Resources) -> str | None:
    """Whom a bot hears in this room, among all who may have one; None when it is not ours."""
    room, application = book.room, resources.settings.find_application(book.room.sdk_app_id)
    if bot is None or application is None:
        return None
    key = application.secret_key
    if not is_bot_user_id(room.sdk_app_id, key, room.room_id, room.room_id_type, bot):
        return None
    session = book.latest
    known = [*session.tasks] if session else []
    people = [p.user_id for p in resources.ledger.list_people(session)] if session else []
    targets = [WHOLE_ROOM, *known, *people]
    return next((t for t in targets if name_bot(application, room, t) == bot), None)


def _find_session(book: RoomBook, event_ms: int, opened_ms: int, resources: Resources) -> Session:
    """The session a task of ours belongs to: the newest, unless it closed long before the task began."""
    latest = book.latest
    last_ms = max(book.tombstone_ms, (latest.closed_ms or 0) if latest else 0)
    if latest and (latest.closed_ms is None or event_ms <= last_ms + LATE_START_MS):
        return latest
    rule = resources.rules.decide(*book.room)
    # Before the room's tombstone, too, if there is one: it is opened only to be closed again.
    at_ms = max(opened_ms, last_ms + 1)

    def open_it(known: RoomBook) -> Session:
        opening, session = known.open_session(at_ms, rule, creates=False)
        if session is None:
            raise LedgerError("the room has closed meanwhile")
        if opening == "opened" and event_ms <= last_ms + LATE_START_MS:
            known.close_session(at_ms)
        return session

    return resources.ledger.change(book.room, open_it)
