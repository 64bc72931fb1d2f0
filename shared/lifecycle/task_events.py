"""What TRTC tells of tasks: that one runs, that one ended, what it heard; and what follows from it."""

from __future__ import annotations

from shared.callbacks import Callback
from shared.errors import RoomscribeError
from shared.ledger import RoomBook, Session, Task
from shared.lifecycle import timings
from shared.lifecycle.endings import NOT_STARTED, end_task, read_leave_code
from shared.lifecycle.outcome import Fields, Outcome, describe_task, failed, ignored
from shared.lifecycle.start import settle_claim
from shared.lifecycle.stop import finish_unfinished, stop_leftovers
from shared.lifecycle.unknown_tasks import adopt_task, answer_unknown, note_running
from shared.resources import Resources
from shared.task_news import TASK_STARTED, TASK_STOPPED, TaskNews
from shared.transcripts.records import SentenceNews

LOUD = ("removed", "broken", "unknown")
SESSIONS_SEARCHED = 5  # for the life of a room that a late sentence belongs to
TOO_OLD = ignored("too_old")


def act_on_task(callback: Callback, resources: Resources) -> list[Outcome]:
    """Note what a callback of group 9 or 14 tells of a task, and start again what is still wanted."""
    news = callback.task
    assert news  # noqa: S101  is_task_event
    try:
        book = resources.ledger.read(callback.room)
        known = _find_task(book.sessions, news.task_id)
        if known and news.unread:
            _keep_news(news.unread, known[0], resources)
        if callback.event_type in TASK_STOPPED or news.failed:
            return _note_end(callback, news, book, known, resources)
        if known is None:
            return _note_unknown(callback, news, book, resources)
        outcomes = _keep_sentence(callback, *known, book, resources)
        return outcomes + _note_known(callback, news, *known, book, resources)
    except RoomscribeError as error:
        return [failed(error)]


def _find_task(sessions: list[Session], task_id: str) -> tuple[Session, Task] | None:
    for session in sessions:
        for task in session.tasks.values():
            if task.find(task_id):
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
        return [answer_unknown(book, resources)]
    session, task = known
    code = NOT_STARTED if news.failed else read_leave_code(news.service, news.leave_code)
    was_current = task.state == "running" and task.task_id == news.task_id
    trigger = f"{callback.event_type}/{callback.event_ms}/{news.task_id}"
    told = end_task(session, task, news.task_id, code, callback.event_ms, trigger, resources)
    level = "warning" if was_current and code.ending in LOUD else "info"
    fields: Fields = {
        **describe_task(session, told.task),
        "task_id": news.task_id,
        "leave_code": news.leave_code,
        "reason": code.words,
    }
    ended = Outcome("task.ended", told.state, level=level, fields=fields)
    return [ended, *settle_claim(told.claim, resources)]


def _note_known(
    callback: Callback,
    news: TaskNews,
    session: Session,
    task: Task,
    book: RoomBook,
    resources: Resources,
) -> list[Outcome]:
    known = task.find(news.task_id)
    assert known  # noqa: S101  _find_task
    is_start = callback.event_type in TASK_STARTED
    is_new_start = is_start and known.timing.running_ms != callback.event_ms
    if task.state in ("due", "starting") or is_new_start:
        target = task.target
        task = resources.ledger.change(
            session.room,
            lambda book: note_running(callback, book.get(session.id), target, known, resources),
            known=book,
        )
    if callback.said and task.state == "running":
        return []
    return [Outcome("task.noted", task.state, fields=describe_task(session, task))]


def _note_unknown(
    callback: Callback, news: TaskNews, book: RoomBook, resources: Resources
) -> list[Outcome]:
    """A task the ledger has not seen: ours when its bot is; whoever started it could not write it down."""
    if callback.said:
        sessions = resources.ledger.list_sessions(book.room, SESSIONS_SEARCHED)
        earlier = _find_task(sessions, news.task_id)
        if earlier:  # of a life of the room that its book no longer holds
            return [_keep_news(callback.said, earlier[0], resources)]
    if callback.event_ms < resources.kept_since_ms():  # of a life of the room that may be forgotten
        return [TOO_OLD]
    found = adopt_task(callback, news, book, resources)
    if isinstance(found, Outcome):
        return [found]
    session, task = found
    fields = describe_task(session, task)
    outcomes = [Outcome("task.found", task.state, level="warning", fields=fields)]
    if news.unread:
        _keep_news(news.unread, session, resources)
    outcomes += _keep_sentence(callback, session, task, book, resources)
    if session.closed_ms is not None:
        return outcomes + finish_unfinished(resources.ledger.read(session.room), resources)
    return outcomes + stop_leftovers(session, task, resources)


def _keep_sentence(
    callback: Callback, session: Session, task: Task, book: RoomBook, resources: Resources
) -> list[Outcome]:
    """Keep what was said; but not of an earlier life of the room, whose transcript may be deleted."""
    if callback.said is None:
        return []
    if any(
        known.opened_ms < session.opened_ms and callback.event_ms <= (known.closed_ms or 0)
        for known in book.sessions
    ):
        return [ignored("stale")]
    kept = _keep_news(callback.said, session, resources)
    return [kept, *_time_first_text(callback, session, task, book, resources)]


def _keep_news(news: SentenceNews, session: Session, resources: Resources) -> Outcome:
    """Keep what a callback tells beside a session's sentences, unless the session is over for too long."""
    if not session.is_kept(resources.kept_since_ms()):
        return TOO_OLD
    is_new = resources.ledger.keep_sentence(session, news)
    fields: Fields = {"session": session.id}
    return Outcome("sentence.kept", "new" if is_new else "known", fields=fields)


def _time_first_text(
    callback: Callback, session: Session, task: Task, book: RoomBook, resources: Resources
) -> list[Outcome]:
    """Keep when the task's first sentence was told of, and say once how long that took.

    Every other sentence finds that out from the book that was read anyway, and writes nothing.
    """
    said = callback.said
    known = task.find(said.task_id) if said and said.said else None
    if known is None or not timings.is_earlier_text(known.timing, callback.event_ms):
        return []
    task_id, target = known.task_id, task.target

    def note(book: RoomBook) -> tuple[bool, Task]:
        task = book.get(session.id).tasks[target]
        return timings.note_first_text(task, task_id, callback.event_ms), task

    is_first, task = resources.ledger.change(session.room, note, known=book)
    known = task.find(task_id)
    if not is_first or known is None:
        return []
    fields = {**describe_task(session, task), "task_id": task_id, **timings.measure(known.timing)}
    return [Outcome("transcription.first_sentence", "heard", fields=fields)]
