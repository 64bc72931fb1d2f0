"""What callbacks about tasks (runs, ended, heard a sentence) lead to."""

from __future__ import annotations

from msgspec import Struct

from shared.callbacks import Callback
from shared.errors import RoomscribeError
from shared.ledger import RoomBook, Session, Task, TaskId, Timing, claims
from shared.ledger.layout import QUIET_MS
from shared.ledger.opting_out import is_refused
from shared.lifecycle.endings import NOT_STARTED, LeaveCode, end_task, read_leave_code
from shared.lifecycle.outcome import Fields, Outcome, describe_task, failed, ignored
from shared.lifecycle.stop import finish_unfinished, stop_leftovers
from shared.lifecycle.unknown_tasks import adopt_task, answer_unknown
from shared.resources import Resources
from shared.task_news import TASK_STARTED, TASK_STOPPED, TaskNews
from shared.transcripts.records import SentenceNews

LOUD = ("removed", "broken", "unknown")
SESSIONS_SEARCHED = 5  # for the life of a room that a late sentence belongs to
TOO_OLD, OPTED_OUT = ignored("too_old"), ignored("opted_out")


def act_on_task(callback: Callback, resources: Resources) -> list[Outcome]:
    """Note what a callback of group 9 or 14 tells of a task, and start again what is still wanted."""
    news = callback.task
    assert news  # noqa: S101  is_task_event
    try:
        book = resources.ledger.read(callback.room)
        return _TaskEvent(callback, news, book, resources).act()
    except RoomscribeError as error:
        return [failed(error)]


def measure(timing: Timing) -> dict[str, int]:
    """The ms between one step and the next, and from the first to the last, as far as both are known."""
    steps = {
        "call_latency_ms": (timing.event_ms, timing.called_ms),
        "running_latency_ms": (timing.called_ms, timing.running_ms),
        "text_latency_ms": (timing.running_ms, timing.first_text_ms),
        "first_text_latency_ms": (timing.event_ms, timing.first_text_ms),
    }
    return {name: end - begin for name, (begin, end) in steps.items() if begin and end}


class _TaskEvent(Struct):
    """What a callback tells of a task, and the room's book as it was when the callback came."""

    callback: Callback
    news: TaskNews
    book: RoomBook
    resources: Resources

    def act(self) -> list[Outcome]:
        """Do what the callback asks for, and say what came of it."""
        news, is_end = self.news, self.callback.event_type in TASK_STOPPED or self.news.failed
        known = _find_task(self.book.sessions, news.task_id)
        if known is None:
            return self._end_unknown() if is_end else self._adopt()
        session, task, task_id = known
        if news.unread:
            self._keep(news.unread, session)
        if is_end:
            return self._note_end(session, task)
        outcomes = self._keep_sentence(session, task, task_id)
        return outcomes + self._note_run(session, task, task_id)

    def _end_unknown(self) -> list[Outcome]:
        """Answer the end of a task that the ledger does not know.

        A task that broke off in a room of which the ledger knows nothing, because it was lost, goes on.
        """
        room, ledger = self.callback.room, self.resources.ledger
        is_known = self.book.latest or self.book.tombstone_ms
        if is_known or self._read_end().ending != "broken":
            return [answer_unknown(self.book, self.resources)]
        outcomes = self._adopt()
        adopted = _find_task(ledger.read(room).sessions, self.news.task_id)
        return outcomes + self._note_end(*adopted[:2]) if adopted else outcomes

    def _read_end(self) -> LeaveCode:
        news = self.news
        return NOT_STARTED if news.failed else read_leave_code(news.service, news.leave_code)

    def _note_end(self, session: Session, task: Task) -> list[Outcome]:
        news, event_ms = self.news, self.callback.event_ms
        code = self._read_end()
        was_current = task.state == "running" and task.task_id == news.task_id
        level = "warning" if was_current and code.ending in LOUD else "info"
        fields: Fields = {"leave_code": news.leave_code}
        told = Outcome("task.ended", task.state, level=level, fields=fields)
        trigger = f"{self.callback.event_type}/{event_ms}/{news.task_id}"
        return end_task(session, task, news.task_id, code, event_ms, trigger, told, self.resources)

    def _note_run(self, session: Session, task: Task, known: TaskId) -> list[Outcome]:
        """Note that TRTC tells that a TaskId runs: then the task needs no other start."""
        target, resources = task.target, self.resources
        told_ms = self.callback.event_ms if self.callback.event_type in TASK_STARTED else 0
        if task.state in ("due", "starting") or (told_ms and known.timing.running_ms != told_ms):
            task = resources.ledger.change(
                session.room,
                lambda book: claims.note_running(
                    book.get(session.id), target, known, told_ms, resources.now_ms()
                ),
                known=self.book,
            )
        if self.callback.said and task.state == "running":
            return []
        return [Outcome("task.noted", task.state, fields=describe_task(session, task))]

    def _adopt(self) -> list[Outcome]:
        """Take over a task that the ledger does not know; it is ours when its bot UserId is one of ours."""
        callback, news, resources = self.callback, self.news, self.resources
        if callback.said:
            sessions = resources.ledger.list_sessions(self.book.room, SESSIONS_SEARCHED)
            earlier = _find_task(sessions, news.task_id)
            if earlier:  # of a life of the room that its book no longer holds
                return [self._keep(callback.said, earlier[0])]
        if callback.event_ms < resources.kept_since_ms():  # of a life that may be forgotten
            return [TOO_OLD]
        found = adopt_task(callback, news, self.book, resources)
        if isinstance(found, Outcome):
            return [found]
        session, task = found
        fields = describe_task(session, task)
        outcomes = [Outcome("task.found", task.state, level="warning", fields=fields)]
        if news.unread:
            self._keep(news.unread, session)
        outcomes += self._keep_sentence(session, task, task.find(news.task_id))
        if session.closed_ms is not None:
            return outcomes + finish_unfinished(resources.ledger.read(session.room), resources)
        return outcomes + stop_leftovers(session, task, resources)

    def _keep_sentence(self, session: Session, task: Task, task_id: TaskId | None) -> list[Outcome]:
        """Keep what was said; but not of an earlier life of the room, whose transcript may be deleted."""
        said, event_ms = self.callback.said, self.callback.event_ms
        if said is None:
            return []
        earlier = [one for one in self.book.sessions if one.opened_ms < session.opened_ms]
        if any(event_ms <= (one.closed_ms or 0) for one in earlier):
            return [ignored("stale")]
        kept = self._keep(said, session)
        # Every sentence but the first finds in the book that was read anyway that it is none.
        if kept is OPTED_OUT or said.said is None or task_id is None:
            return [kept]
        if 0 < task_id.timing.first_text_ms <= event_ms:
            return [kept]
        return [kept, *self._time_first_text(session, task, task_id)]

    def _keep(self, news: SentenceNews, session: Session) -> Outcome:
        """Keep what a callback tells with a session's sentences, unless the session is too long over."""
        if not session.is_kept(self.resources.kept_since_ms()):
            return TOO_OLD
        opt_outs = self.book.half.opt_outs or self.book.opt_outs
        if opt_outs and is_refused(news, session, self.book.all_opt_outs):
            return OPTED_OUT
        is_new = self.resources.ledger.keep_sentence(session, news)
        if session.closed_ms is not None:  # what was delivered may lack it
            self.resources.ledger.ask_delivery(session.id, self.resources.now_ms() + QUIET_MS)
        fields: Fields = {"session": session.id}
        return Outcome("sentence.kept", "new" if is_new else "known", fields=fields)

    def _time_first_text(self, session: Session, task: Task, known: TaskId) -> list[Outcome]:
        """Keep when the task's first sentence was told of, and say once how long that took."""
        target, event_ms = task.target, self.callback.event_ms
        first = self.resources.ledger.change(
            session.room,
            lambda book: claims.note_first_text(
                book.get(session.id).tasks[target], known, event_ms
            ),
            known=self.book,
        )
        if first is None:
            return []
        fields = {**describe_task(session, task), "task_id": first.task_id, **measure(first.timing)}
        return [Outcome("transcription.first_sentence", "heard", fields=fields)]


def _find_task(sessions: list[Session], task_id: str) -> tuple[Session, Task, TaskId] | None:
    for session in sessions:
        for task in session.tasks.values():
            known = task.find(task_id)
            if known:
                return session, task, known
    return None
