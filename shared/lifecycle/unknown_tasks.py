"""Callbacks about tasks that the ledger does not know: whether they are ours, and of which session."""

from __future__ import annotations

from shared.callbacks import Callback
from shared.errors import LedgerError
from shared.ledger import RoomBook, Session, Task, TaskId, claims
from shared.lifecycle import task_api
from shared.lifecycle.outcome import COME_BACK, Outcome, ignored
from shared.resources import Resources
from shared.room import WHOLE_ROOM
from shared.rules.decision import Rule
from shared.signer import bot_user_id, is_bot_user_id, read_api_session_id
from shared.task_news import TASK_STARTED, TaskNews

LATE_START_MS = 10_000  # a start sent before the room closed has told of itself by then
EARLY = Outcome("task.early", "retry", COME_BACK)
THEIRS = ignored("unknown_task")


def adopt_task(
    callback: Callback, news: TaskNews, book: RoomBook, resources: Resources
) -> tuple[Session, Task] | Outcome:
    """Record a task that one of our instances started; an Outcome when it is not, or not yet, ours."""
    bot, opened_ms, event_ms = news.bot_user_id, callback.event_ms, callback.event_ms
    if news.service == "ai":
        session_id = _ask_session_id(news, book, resources)
        if isinstance(session_id, Outcome):
            return session_id
        bot, opened_ms = read_api_session_id(session_id)
    key = resources.settings.require_application(book.room.sdk_app_id).secret_key
    if not is_bot_user_id(book.room, key, bot):
        if news.service == "ai":
            resources.strangers.append(news.task_id)
        return answer_unknown(book, resources)
    target = _find_target(callback, bot, key, book, resources)
    if target is None:  # a speaker of whom nothing was heard yet: that is on its way, too
        return EARLY
    rule = resources.rules.decide(*book.room)

    def adopt(known: RoomBook) -> tuple[Session, Task]:
        session = _find_session(callback, known, min(opened_ms, event_ms), rule)
        region = session.find_rule(target).region(news.service)
        started_ms = _guess_start_ms(callback, session)
        found = TaskId(news.task_id, news.service, region, started_ms=started_ms)
        told_ms = event_ms if callback.event_type in TASK_STARTED else 0
        now_ms = resources.now_ms()
        return session, claims.note_running(session, target, found, told_ms, now_ms)

    return resources.ledger.change(book.room, adopt, known=book)


def answer_unknown(book: RoomBook, resources: Resources) -> Outcome:
    """The answer to a callback about an unknown task: another product's, or its start is not recorded yet."""
    now_ms = resources.now_ms()
    tasks = [task for session in book.sessions for task in session.tasks.values()]
    return EARLY if any(task.is_leased(now_ms) for task in tasks) else THEIRS


def _ask_session_id(news: TaskNews, book: RoomBook, resources: Resources) -> str | Outcome:
    """The SessionId of a 1.0 task, which begins with the bot; or what to answer.

    Of group 14 the callback names the bot. Of group 9 the API is asked: once for a task that is somebody
    else's, and not while a start is under way, whose own answer says it sooner.
    """
    if news.task_id in resources.strangers:
        return THEIRS
    if answer_unknown(book, resources) is EARLY:
        return EARLY
    rule = book.open_now.rule if book.open_now else resources.rules.decide(*book.room)
    session_id = task_api.read_session_id(TaskId(news.task_id, "ai", rule.region("ai")), resources)
    return EARLY if session_id is None else session_id


def _find_target(
    callback: Callback, bot: str | None, secret_key: str, book: RoomBook, resources: Resources
) -> str | None:
    """Whom a bot of ours hears, among all who may have one."""
    session = book.latest
    known = [*session.tasks] if session else []
    people = [p.user_id for p in resources.ledger.list_people(session)] if session else []
    speakers = callback.said.list_speakers() if callback.said else []
    targets = [WHOLE_ROOM, *known, *people, *speakers]
    return next((t for t in targets if bot_user_id(book.room, secret_key, t) == bot), None)


def _find_session(callback: Callback, book: RoomBook, opened_ms: int, rule: Rule) -> Session:
    """The session a task of ours belongs to: the newest, unless it closed long before the task began.

    What was said before the newest session opened belongs to the one before it. Raises LedgerError when
    the room has closed meanwhile.
    """
    event_ms, latest = callback.event_ms, book.latest
    last_ms = max(book.tombstone_ms, (latest.closed_ms or 0) if latest else 0)
    if latest and (latest.closed_ms is None or event_ms <= last_ms + LATE_START_MS):
        said_in = (s for s in book.sessions if callback.said and s.opened_ms <= event_ms)
        return next(said_in, latest)
    # Before the room's tombstone, too, if there is one: it is opened only to be closed again.
    at_ms = max(opened_ms, last_ms + 1)
    opening, session = book.open_session(at_ms, rule, creates=False)
    if session is None:
        raise LedgerError("the room has closed meanwhile")
    if opening == "opened" and event_ms <= last_ms + LATE_START_MS:
        book.close_session(at_ms)
    return session


def _guess_start_ms(callback: Callback, session: Session) -> int:
    """When the task began: its sentences are told at their end, which counts from the task's start.

    Until 901 or 1401 says it. No document says since when they count: see `transcripts.timeline`.
    """
    words = callback.said.said if callback.said else None
    length_ms = max(words.end_ms, 0) if words else 0
    return max(min(session.opened_ms, callback.event_ms), callback.event_ms - length_ms)
