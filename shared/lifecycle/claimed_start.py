"""A claimed start, from the call of the API to what the ledger keeps of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from msgspec import Struct, field

from shared.errors import ApiError, LedgerError, RoomscribeError
from shared.ledger import RoomBook, Session, Task, TaskId, claims
from shared.lifecycle import task_api
from shared.lifecycle.outcome import COME_BACK, Fields, Outcome, describe_task, failed
from shared.lifecycle.signs_of_life import ABANDONED_MS, find_last_sign_ms
from shared.lifecycle.stop import stop_leftovers, stop_task_ids
from shared.lifecycle.task_api import RATES, UNSURE_MS, NotCalledError
from shared.log import Message
from shared.resources import Resources
from shared.room import WHOLE_ROOM
from shared.services.kinds import Verdict, classify_error
from shared.services.service import SERVICES
from shared.settings import take_fingerprint

Result = TypeVar("Result")

DYING_MS, DYING_MAX_MS = 2_000, 30_000  # how soon to ask again while a predecessor still cleans up
BACK_OFF_MS, BACK_OFF_MAX_MS = 500, 8_000
NOT_YET_MS, NOT_YET_MAX_MS = 2_000, 60_000
HOPE_MS = 600_000  # after the last sign of a person
FAILED_AGAIN_MS = 300_000
WAITING: Final = "transcription.waiting"
FAILED: Final = "transcription.failed"
QUOTA = "TaskQuota"
RATE = RATES["start"]
QUEUED = (QUOTA, RATE)


class ClaimedStart(Struct):
    """A claimed start, from the call of the API to what the ledger keeps of it.

    `session`, `task` and `book` are as the change that claimed the start has left them. `event_ms` is
    when what the start answers happened, None when its age is no latency; `began_ms`, and `began_s` on
    the clock of `time.perf_counter`, when the claim was won.
    """

    session: Session
    task: Task
    book: RoomBook | None
    event_ms: int | None
    resources: Resources
    began_ms: int
    began_s: float = field(default_factory=time.perf_counter)
    called_ms: int = 0  # when the API was asked, if it may have heard of it
    request_id: str = ""
    living: int = 0  # tasks of the application, with this one; 0 when that is not known

    def run(self) -> list[Outcome]:
        """Call the API and settle the claim, whatever happens."""
        try:
            return self._call()
        except ApiError as error:
            self.request_id = error.request_id
            try:
                return self._settle_failure(error, classify_error(error))
            except LedgerError as lost:  # the claim runs out, and whoever comes then settles it
                return [failed(lost)]
        except RoomscribeError as error:  # no credentials, no ledger: nothing is claimed any more
            self._release("due", error.code, may_have_happened=False)
            raise
        except Exception:
            self._release("due", "bug", may_have_happened=bool(self.called_ms))
            raise

    def _call(self) -> list[Outcome]:
        session, task, resources = self.session, self.task, self.resources
        try:
            task_api.find_timeout_s(resources)
            self.living = (self.book.living or 0) if self.book else 0
            if self.living > resources.settings.task_quota:
                return self._wait(QUOTA)
            params = task_api.build_start(session, task, resources)
            self.called_ms = resources.now_ms()
            task_id, self.request_id = task_api.start(session, task, params, resources)
        except NotCalledError as error:
            return self._wait(error.code)
        return self._keep(task_id, "started", self.called_ms)

    def _wait(self, why: str) -> list[Outcome]:
        """Leave the task due without having called the API."""
        self._release("due", why, may_have_happened=False, tried=False)
        queued = why in QUEUED
        return [self._outcome(WAITING, "due", COME_BACK, due=True, queued=queued, error_code=why)]

    def _keep(self, task_id: str, outcome: str, called_ms: int) -> list[Outcome]:
        """Record a running task; stop it when the room closed, or a person held it, meanwhile."""
        task, now_ms = self.task, self.resources.now_ms()
        region = self.session.find_rule(task.target).region(task.service)
        finish_start, told = claims.finish_start, (task_id, region, now_ms)
        without = self.session.opted_out if task.target == WHOLE_ROOM else []
        try:
            finish, known = self._change(
                lambda session: (
                    finish_start(session, task, *told, called_ms=called_ms, without=without),
                    session.tasks[task.target],
                )
            )
        except LedgerError as error:  # it runs: 901 or 1401 will tell the ledger, or the next start
            unrecorded = self._outcome(
                *("transcription.started", "unrecorded", 200, "warning"),
                task_id=task_id,
                error_code=error.code,
            )
            return [unrecorded]
        if finish == "running":
            return self._tell_started(known, task_id, outcome, now_ms)
        if finish == "starting":
            return [self._outcome("transcription.unchanged", "starting", COME_BACK)]
        started = TaskId(task_id, task.service, region)
        return stop_task_ids(self.session, task, [started], "gone", self.resources)

    def _tell_started(self, task: Task, task_id: str, outcome: str, now_ms: int) -> list[Outcome]:
        waited_for = self.task.error_code
        started = self._outcome(
            "transcription.started",
            outcome,
            due=task.state == "due",  # its end was told of before its start was answered
            task_id=task_id,
            start_latency_ms=None if self.event_ms is None else now_ms - self.event_ms,
            waited_ms=now_ms - self.task.waiting_ms if waited_for else None,
            waited_for=waited_for or None,
        )
        outcomes = [started]
        if self.session.opted_out:
            outcomes += self._tell_replaced(task, now_ms)
        if self.task.unseen and not SERVICES[self.task.service].finds_by_session:
            # 2.0 does not say whether an earlier start happened, nor whether this one replaced it.
            outcomes.append(self._outcome("transcription.may_run", "unsure", level="warning"))
        if task.leftovers:
            outcomes += stop_leftovers(self.session, task, self.resources)
        return outcomes

    def _tell_replaced(self, task: Task, now_ms: int) -> list[Outcome]:
        """Report for how long nobody was transcribed, if the task replaces one that was unwanted."""
        former = task.task_ids[-2:-1]
        of_room = self.session.tasks.get(WHOLE_ROOM)
        if not former and of_room and task.target != WHOLE_ROOM:
            former = of_room.task_ids[-1:]
        if not (former and former[0].unwanted and self.task.waiting_ms <= former[0].ended_ms):
            return []
        gap_ms = now_ms - former[0].ended_ms
        return [self._outcome("transcription.replaced", "opted_out", gap_ms=gap_ms)]

    def _settle_failure(self, error: ApiError, verdict: Verdict) -> list[Outcome]:
        # Somebody was believed to be there when the start was wanted, or wanted again.
        sign_ms = max(find_last_sign_ms(self.session, self.resources), self.task.waiting_ms)
        alone_ms = self.began_ms - sign_ms
        kind, may_have_happened = verdict.kind, verdict.may_have_happened
        if kind in ("exists", "retry") and alone_ms < ABANDONED_MS:
            if kind == "exists":
                return self._recover(error)
            after_ms = self._back_off_ms(verdict) if alone_ms < HOPE_MS else NOT_YET_MAX_MS
            return self._retry(error.code, after_ms, may_have_happened)
        if kind == "not_yet" and alone_ms < HOPE_MS:
            after_ms = self._double_ms(NOT_YET_MS, NOT_YET_MAX_MS)
            return self._retry(error.code, after_ms, False, queued=True)
        fallback = self.session.find_rule(self.task.target).fallback
        is_other = fallback not in ("none", self.task.service) and kind != "credentials"
        if is_other and not (self.task.unseen or may_have_happened):
            return self._fall_back(error, fallback)
        return self._give_up(error, kind)

    def _double_ms(self, first_ms: int, longest_ms: int) -> int:
        """A wait that doubles with each attempt."""
        wait_ms: int = min(first_ms * 2 ** (self.task.attempts - 1), longest_ms)
        return wait_ms

    def _back_off_ms(self, verdict: Verdict) -> int:
        """The randomized wait before the next try, in ms; longer than the API can work on a lost start."""
        wait_ms = self._double_ms(BACK_OFF_MS, BACK_OFF_MAX_MS)
        spread_ms = random.randint(wait_ms // 2, wait_ms)  # noqa: S311  only spreads the load
        return max(spread_ms, UNSURE_MS) if verdict.may_have_happened else spread_ms

    def _recover(self, error: ApiError) -> list[Outcome]:
        """The API says the task exists: adopt it if it lives, else wait until its predecessor is gone."""
        known, found = False, None
        pending = self.task.pending
        with suppress(NotCalledError):
            if pending:
                known, found = task_api.find_attempt(
                    self.session, self.task, pending, self.resources
                )
        if found:
            return self._keep(found.task_id, "recovered", called_ms=0)
        if known and not self.resources.settings.ledger_is_shared:
            # Another instance has started it, and only its ledger knows.
            self._release("due", error.code, may_have_happened=False)
            return [self._outcome("transcription.unchanged", "elsewhere", error_code=error.code)]
        after_ms = self._double_ms(DYING_MS, DYING_MAX_MS)
        return self._retry(error.code, after_ms, not known)

    def _retry(
        self, error_code: str, after_ms: int, may_have_happened: bool, *, queued: bool = False
    ) -> list[Outcome]:
        again_ms = self.began_ms + after_ms
        self._release(
            "due", error_code, not_before_ms=again_ms, may_have_happened=may_have_happened
        )
        tries = self.task.attempts
        level = "info" if tries & (tries - 1) else "warning"  # of the first, second, fourth, eighth
        deferred = self._outcome(
            *("transcription.deferred", "retry", COME_BACK, level),
            due=True,
            queued=queued,
            error_code=error_code,
            attempts=tries,
        )
        return [deferred]

    def _fall_back(self, error: ApiError, service: str) -> list[Outcome]:
        code = error.code
        refusal = self._outcome(
            "transcription.refused", "fallback", level="warning", error_code=code
        )
        now_ms = self.resources.now_ms()
        about = service, code, error.request_id, now_ms
        task = self._change(lambda known: claims.switch_service(known, self.task, *about))
        if task is None:  # held, or closed, while the first service was asked
            self._release("due", code, may_have_happened=False)
            return [refusal, self._outcome("transcription.unchanged", "gone")]
        self.task = task
        return [refusal, *self.run()]

    def _give_up(self, error: ApiError, kind: str) -> list[Outcome]:
        """Note a refused start as failed.

        One that the room is not the cause of is tried again every FAILED_AGAIN_MS, and when package or
        settings change.
        """
        is_mendable = self.called_ms > 0 and kind in ("account", "credentials", "refused")
        told = self.task.failed_under and self.task.error_code == error.code
        self._release(
            "failed",
            error.code,
            may_have_happened=False,
            not_before_ms=self.resources.now_ms() + FAILED_AGAIN_MS if is_mendable else 0,
            failed_under=take_fingerprint(self.resources.settings) if is_mendable else "",
        )
        # The reason is Roomscribe's own, if nothing was sent; Tencent's text is not for logs.
        reason = None if self.called_ms else error.message
        level = "info" if told else "error"
        return [self._outcome(FAILED, kind, level=level, error_code=error.code, reason=reason)]

    def _release(self, state: claims.Release, error_code: str, **how: Any) -> None:
        """Give the claim back; see `claims.release_start`."""
        now_ms, release = self.resources.now_ms(), claims.release_start
        how = {**how, "request_id": self.request_id}
        self._change(lambda known: release(known, self.task, state, error_code, now_ms, **how))

    def _change(self, work: Callable[[Session], Result]) -> Result:
        """Change the session; the first attempt uses the document as this start saved it last."""
        known, self.book = self.book, None
        room, session_id = self.session.room, self.session.id
        self.book, result = self.resources.ledger.change(
            room, lambda book: (book, work(book.get(session_id))), known=known
        )
        return result

    def _outcome(
        self,
        message: Message,
        outcome: str,
        http_status: int = 200,
        level: str = "info",
        *,
        due: bool = False,
        queued: bool = False,
        **fields: str | int | None,
    ) -> Outcome:
        known: Fields = {
            **describe_task(self.session, self.task),
            "region": self.session.find_rule(self.task.target).region(self.task.service),
            "upstream_request_id": self.request_id or None,
            "elapsed_ms": round((time.perf_counter() - self.began_s) * 1000),
        }
        if http_status == COME_BACK:
            known["waited_ms"] = self.resources.now_ms() - self.task.waiting_ms
            if self.living:
                known["living"] = self.living - 1
                known["task_quota"] = self.resources.settings.task_quota
        return Outcome(message, outcome, http_status, level, {**known, **fields}, due, queued)
