"""A claimed start, from the call of the API to what the ledger keeps of it."""

from __future__ import annotations

import random
import time
from typing import Any

import msgspec

from shared.errors import ApiError, LedgerError, RoomscribeError
from shared.ledger import Session, Task, TaskId, claims
from shared.lifecycle import timings
from shared.lifecycle.asking import UNSURE_MS, find_attempt, find_region, make_order
from shared.lifecycle.outcome import COME_BACK, Fields, Outcome, describe_task, failed
from shared.lifecycle.signs_of_life import ABANDONED_MS, find_last_sign_ms
from shared.lifecycle.stop import stop_id, stop_leftovers
from shared.resources import Resources, name_slot
from shared.rules.decision import Rule
from shared.services import SERVICES, Service, classify_error
from shared.services.kinds import Verdict
from shared.services.service import read_task_id

DYING_MS = 2_000  # a predecessor that still cleans up is asked again after this
DYING_MAX_MS = 30_000
BACK_OFF_MS, BACK_OFF_MAX_MS = 500, 8_000
NOT_YET_MS, NOT_YET_MAX_MS = 2_000, 60_000
HOPE_MS = 600_000  # after the last sign of a person
FAILED_AGAIN_MS = 300_000
QUOTA, RATE = "TaskQuota", "StartsPerSecond"
QUEUED = (QUOTA, RATE)


def is_replayed(resources: Resources, age_ms: int) -> bool:
    """Whether an event of that age is played again: its age is no latency."""
    return age_ms > resources.settings.callback_max_age_s * 1000


class ClaimedStart:
    """One start that its maker alone may make."""

    def __init__(
        self,
        resources: Resources,
        session: Session,
        rule: Rule,
        claim: Task,
        event_ms: int,
    ) -> None:
        self.resources, self.session, self.rule, self.claim = resources, session, rule, claim
        self.event_ms = event_ms
        self.request_id = ""
        self.called_ms = 0  # when the API was asked, if it may have heard of it
        self.began_ms = resources.now_ms()
        self._began_s = time.perf_counter()

    @property
    def service(self) -> Service:
        return SERVICES[self.claim.service]

    @property
    def region(self) -> str:
        return find_region(self.session, self.claim.target, self.claim.service)

    def run(self) -> list[Outcome]:
        """Call the API and settle the claim, whatever happens."""
        try:
            obstacle = self._find_obstacle()
            if obstacle:
                return self._wait(obstacle)
            task_id = self._call(self.resources.call_timeout_s())
            return self._keep(task_id, "started", self.called_ms)
        except ApiError as error:
            self.request_id = error.request_id
            return self._fail_kept(error)
        except RoomscribeError as error:  # no credentials, no ledger: nothing is claimed any more
            self._release("due", error.code, may_have_happened=False)
            raise
        except Exception:
            self._release("due", "bug", may_have_happened=bool(self.called_ms))
            raise

    def _find_obstacle(self) -> str:
        """Why the API must not be called now: no time, no place under the quota, no slot; "" for none.

        When the ledger cannot say, the start is its holder's all the same: a call too many in a
        second is refused, and comes again.
        """
        ledger, settings = self.resources.ledger, self.resources.settings
        if not self.resources.call_timeout_s():
            return "Deadline"
        try:
            if ledger.count_living(self.session.room.sdk_app_id) > settings.task_quota:
                return QUOTA
            if not self.resources.take_slot(name_slot("start", self.claim.service)):
                return RATE
        except LedgerError:
            pass
        return "" if self.resources.call_timeout_s() else "Deadline"  # asking has taken time

    def _wait(self, why: str) -> list[Outcome]:
        """Leave the task due: nothing was asked of the API."""
        self._release("due", why, may_have_happened=False, tried=False)
        waiting = self._outcome("transcription.waiting", "due", COME_BACK, error_code=why)
        return [msgspec.structs.replace(waiting, due=True, queued=why in QUEUED)]

    def _call(self, timeout_s: float) -> str:
        order = make_order(self.resources, self.session, self.rule, self.claim)
        try:
            params = self.service.build_start(order)
        except msgspec.ValidationError as error:  # a room or user the API cannot name
            raise ApiError("InvalidParameterValue", str(error)) from None
        self.called_ms = self.resources.now_ms()
        call = self.resources.client.call
        answer = call(self.service.start_action, params, self.region, timeout_s)
        self.request_id = str(answer.get("RequestId", ""))
        return read_task_id(answer)

    def _keep(self, task_id: str, outcome: str, called_ms: int) -> list[Outcome]:
        """Record a running task; stop it when the room closed, or somebody held it, meanwhile."""
        now_ms = self.resources.now_ms()

        def finish_it(known: Session) -> tuple[claims.Finish, Task]:
            finish = claims.finish_start(known, self.claim, task_id, self.region, now_ms)
            task = known.tasks[self.claim.target]
            timings.note_running(task, task_id, called_ms=called_ms, answered_ms=now_ms)
            return finish, task

        try:
            finish, task = self.resources.change(self.session, finish_it)
        except LedgerError as error:  # it runs: 901 or 1401 will tell the ledger, or the next start
            return [
                self._outcome(
                    "transcription.started",
                    "unrecorded",
                    level="warning",
                    task_id=task_id,
                    error_code=error.code,
                )
            ]
        if finish == "running":
            latency_ms = self._measure_latency_ms(now_ms)
            started = self._outcome(
                "transcription.started",
                outcome,
                due=task.state == "due",  # its end was told of before its start was answered
                task_id=task_id,
                start_latency_ms=latency_ms,
                waited_ms=now_ms - self.claim.waiting_ms if self.claim.error_code else None,
                waited_for=self.claim.error_code or None,
            )
            leftovers = stop_leftovers(self.resources, self.session, task)
            return [started, *self._warn_of_unseen(), *leftovers]
        if finish == "starting":
            return [self._outcome("transcription.unchanged", "starting", COME_BACK)]
        known = TaskId(task_id, self.claim.service, self.region)
        return [stop_id(self.resources, self.session, self.claim, known, "gone")]

    def _warn_of_unseen(self) -> list[Outcome]:
        """2.0 does not say whether an earlier start happened, nor whether this one replaced it."""
        if self.service.finds_by_session or not self.claim.unseen:
            return []
        return [self._outcome("transcription.may_run", "unsure", level="warning")]

    def _measure_latency_ms(self, now_ms: int) -> int | None:
        """From the event to the running task; None for a replayed event, whose age is no latency."""
        latency_ms = now_ms - self.event_ms
        return None if is_replayed(self.resources, latency_ms) else latency_ms

    def _fail_kept(self, error: ApiError) -> list[Outcome]:
        """Settle a failed call; without the ledger the claim runs out, and whoever comes then settles it."""
        try:
            return self._fail(error)
        except LedgerError as lost:
            return [failed(lost)]

    def _fail(self, error: ApiError) -> list[Outcome]:
        verdict = classify_error(error)
        # Somebody was believed to be there when the start was wanted, or wanted again.
        sign_ms = max(find_last_sign_ms(self.resources, self.session), self.claim.waiting_ms)
        alone_ms = self.began_ms - sign_ms
        if verdict.kind in ("exists", "retry") and alone_ms < ABANDONED_MS:
            if verdict.kind == "exists":
                return self._recover(error)
            after_ms = self._back_off_ms(verdict) if alone_ms < HOPE_MS else NOT_YET_MAX_MS
            return self._retry(error.code, after_ms, may_have_happened=verdict.may_have_happened)
        if verdict.kind == "not_yet" and alone_ms < HOPE_MS:
            after_ms = self._double_ms(NOT_YET_MS, NOT_YET_MAX_MS)
            return self._retry(error.code, after_ms, may_have_happened=False, queued=True)
        fallback, unsure = self.rule.fallback, self.claim.unseen or verdict.may_have_happened
        is_other = fallback not in ("none", self.claim.service) and verdict.kind != "credentials"
        if is_other and not unsure:
            return self._fall_back(error, fallback)
        return self._give_up(error, verdict)

    def _recover(self, error: ApiError) -> list[Outcome]:
        """The API says the task exists: adopt it if it lives, else wait until its predecessor is gone."""
        known, found = False, None
        if self.claim.pending:
            pending = self.claim.pending
            known, found = find_attempt(self.resources, self.session, self.claim, pending)
        if found:
            return self._keep(
                found.task_id, "recovered", timings.find_called_ms(self.claim, self.claim.service)
            )
        if known and not self.resources.settings.ledger_is_shared:
            # Another instance has started it, and only its ledger knows.
            self._release("due", error.code, may_have_happened=False)
            return [self._outcome("transcription.unchanged", "elsewhere", error_code=error.code)]
        after_ms = self._double_ms(DYING_MS, DYING_MAX_MS)
        return self._retry(error.code, after_ms, may_have_happened=not known)

    def _double_ms(self, first_ms: int, longest_ms: int) -> int:
        """A wait that doubles with each attempt."""
        wait_ms: int = min(first_ms * 2 ** (self.claim.attempts - 1), longest_ms)
        return wait_ms

    def _back_off_ms(self, verdict: Verdict) -> int:
        wait_ms = self._double_ms(BACK_OFF_MS, BACK_OFF_MAX_MS)
        spread_ms = random.randint(wait_ms // 2, wait_ms)  # noqa: S311  only spreads the load
        return max(spread_ms, UNSURE_MS) if verdict.may_have_happened else spread_ms

    def _retry(
        self, error_code: str, after_ms: int, *, may_have_happened: bool, queued: bool = False
    ) -> list[Outcome]:
        self._release(
            "due",
            error_code,
            not_before_ms=self.began_ms + after_ms,
            may_have_happened=may_have_happened,
        )
        deferred = self._outcome(
            "transcription.deferred", "retry", COME_BACK, "warning", error_code=error_code
        )
        return [msgspec.structs.replace(deferred, due=True, queued=queued)]

    def _fall_back(self, error: ApiError, service: str) -> list[Outcome]:
        refusal = self._outcome(
            "transcription.refused", "fallback", level="warning", error_code=error.code
        )
        now_ms = self.resources.now_ms()
        claim = self.resources.change(
            self.session,
            lambda known: claims.switch_service(known, self.claim, service, now_ms),
        )
        if claim is None:  # held, or closed, while the first service was asked
            self._release("due", error.code, may_have_happened=False)
            return [refusal, self._outcome("transcription.unchanged", "gone")]
        self.claim = claim
        return [refusal, *self.run()]

    def _give_up(self, error: ApiError, verdict: Verdict) -> list[Outcome]:
        """Try again now and then, and when package or settings change, what the room is not the cause of."""
        told = self.claim.failed_under and self.claim.error_code == error.code
        is_mendable = verdict.kind in ("account", "credentials")
        self._release(
            "failed",
            error.code,
            may_have_happened=False,
            not_before_ms=self.resources.now_ms() + FAILED_AGAIN_MS if is_mendable else 0,
            failed_under=self.resources.fingerprint if is_mendable else "",
        )
        failed = self._outcome(
            "transcription.failed",
            verdict.kind,
            level="info" if told else "error",
            error_code=error.code,
            # Ours, if nothing was sent; Tencent's text is not for logs.
            reason=None if self.called_ms else error.message,
        )
        return [failed]

    def _release(self, state: claims.Release, error_code: str, **how: Any) -> None:
        """Give the claim back; see `claims.release_start`."""
        now_ms, release = self.resources.now_ms(), claims.release_start
        self.resources.change(
            self.session, lambda known: release(known, self.claim, state, error_code, now_ms, **how)
        )

    def _outcome(
        self,
        message: str,
        outcome: str,
        http_status: int = 200,
        level: str = "info",
        *,
        due: bool = False,
        **fields: str | int | None,
    ) -> Outcome:
        known: Fields = {
            **describe_task(self.session, self.claim),
            "region": self.region,
            "upstream_request_id": self.request_id or None,
            "elapsed_ms": round((time.perf_counter() - self._began_s) * 1000),
        }
        return Outcome(message, outcome, http_status, level, {**known, **fields}, due=due)
