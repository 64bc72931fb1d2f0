"""Starting and stopping tasks: claim in the ledger, call the API, record what is known."""

from __future__ import annotations

import random
import time
import uuid

import msgspec

from shared.errors import ApiError
from shared.ledger import Room, Session, Task
from shared.ledger.records import TaskId
from shared.lifecycle.outcome import COME_BACK, Outcome
from shared.resources import Resources
from shared.rules import Rule
from shared.services import SERVICES, Service, StartOrder, classify_error
from shared.services.kinds import Verdict, is_gone
from shared.services.service import Progress, read_progress, read_task_id
from shared.signer import WHOLE_ROOM, api_session_id, bot_user_id, make_user_sig

LEASE_MS = 9_000  # of a claim: longer than any call, shorter than TRTC's 10 s between retries
DYING_MS = 2_000  # a predecessor that still cleans up is asked again after this
UNSURE_MS = 6_500  # the API gives up after 6 s: by then an unseen start has happened or never will
BACK_OFF_MS, BACK_OFF_MAX_MS = 500, 8_000


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

    `trigger` names the event that asks: its own retries are told to come back while the start is
    not settled, everybody else's events are not kept waiting.
    """
    rule = find_rule(session, target)
    if rule.service == "none":
        return [not_wanted(session, rule)]
    won, task = resources.ledger.claim_start(
        session,
        target,
        rule.service,
        trigger=trigger,
        token=uuid.uuid4().hex,
        now_ms=resources.now_ms(),
        lease_ms=LEASE_MS,
        by_hand=by_hand,
    )
    if not won:
        return [_answer_unclaimed(session, task, trigger)]
    start = _Start(resources, session, rule, task, event_ms)
    last = start.run()
    return [*start.refusals, last]


def stop_tasks(resources: Resources, session: Session, tasks: list[Task]) -> list[Outcome]:
    """Stop every TaskId of `tasks` that is not known ended; what cannot be stopped now is kept."""
    return [_stop_task(resources, session, task) for task in tasks]


def ask_progress(resources: Resources, room: Room, task_id: TaskId) -> Progress | None:
    """How far the API says a task is, asked in the task's own region; None when it cannot be known."""
    service, timeout_s = SERVICES[task_id.service], resources.call_timeout_s()
    if not timeout_s:
        return None
    try:
        params = service.name_task(room.sdk_app_id, task_id.task_id)
        return read_progress(
            resources.client.call(service.describe_action, params, task_id.region, timeout_s)
        )
    except ApiError as error:
        return "ended" if is_gone(error) else None


def not_wanted(session: Session, rule: Rule) -> Outcome:
    """The rule asks for nothing."""
    fields = {"session": session.id, "rule": rule.name}
    return Outcome("transcription.not_wanted", "rule", fields=fields)


def find_rule(session: Session, target: str) -> Rule:
    """The session's rule as it is for the target of a task."""
    return session.rule if target == WHOLE_ROOM else session.rule.for_user(target)


def make_order(resources: Resources, session: Session, rule: Rule, task: Task) -> StartOrder:
    """What a start of this task asks the service for."""
    room = session.room
    application = resources.settings.find_application(room.sdk_app_id)
    if application is None:
        raise ApiError("InvalidParameter.SdkAppId", "the application is no longer configured")
    key = application.secret_key
    bot = bot_user_id(room.sdk_app_id, key, room.room_id, room.room_id_type, task.target)
    expire_s = resources.settings.user_sig_expire_s
    return StartOrder(
        sdk_app_id=room.sdk_app_id,
        room_id=room.room_id,
        room_id_type=room.room_id_type,
        target=task.target,
        bot_user_id=bot,
        session_id=api_session_id(bot, session.opened_ms, len(task.task_ids)),
        max_idle_s=rule.max_idle_s,
        parameters=rule.parameters(task.service),
        sign=lambda user_id: make_user_sig(room.sdk_app_id, key, user_id, expire_s),
    )


class _Start:
    """One claimed start, from the call to the ledger."""

    def __init__(
        self, resources: Resources, session: Session, rule: Rule, claim: Task, event_ms: int
    ) -> None:
        self.resources, self.session, self.rule, self.claim = resources, session, rule, claim
        self.event_ms = event_ms
        self.request_id = ""
        self.refusals: list[Outcome] = []  # of services that were tried before
        self.began_ms = resources.now_ms()
        self._began_s = time.perf_counter()

    @property
    def service(self) -> Service:
        return SERVICES[self.claim.service]

    @property
    def region(self) -> str:
        return str(self.rule.parameters(self.claim.service)["region"])

    def run(self) -> Outcome:
        """Call the API and settle the claim."""
        timeout_s = self.resources.call_timeout_s()
        if not timeout_s:
            return self._retry("Deadline", after_ms=0, unsure=self.claim.unsure)
        try:
            return self._keep(self._call(timeout_s), "started")
        except ApiError as error:
            self.request_id = error.request_id
            return self._fail(error)

    def _call(self, timeout_s: float) -> str:
        order = make_order(self.resources, self.session, self.rule, self.claim)
        try:
            params = self.service.build_start(order)
        except msgspec.ValidationError as error:  # a room or user the API cannot name
            raise ApiError("InvalidParameter", str(error)) from None
        answer = self.resources.client.call(
            self.service.start_action, params, self.region, timeout_s
        )
        self.request_id = str(answer.get("RequestId", ""))
        return read_task_id(answer)

    def _keep(self, task_id: str, outcome: str) -> Outcome:
        """Record a running task; stop it when the room closed, or somebody held it, meanwhile."""
        ledger, now_ms = self.resources.ledger, self.resources.now_ms()
        state = ledger.finish_start(self.claim, task_id, self.region, now_ms)
        if state == "running":
            latency_ms = self._measure_latency_ms(now_ms)
            return self._outcome(
                "transcription.started", outcome, task_id=task_id, start_latency_ms=latency_ms
            )
        known = TaskId(task_id, self.claim.service, self.region, ended=False)
        task = msgspec.structs.replace(self.claim, task_id=task_id, task_ids=[known])
        stopped = _stop_task(self.resources, self.session, task)
        return msgspec.structs.replace(stopped, outcome="gone")

    def _measure_latency_ms(self, now_ms: int) -> int | None:
        """From the event to the running task; None for a replayed event, whose age is no latency."""
        latency_ms = now_ms - self.event_ms
        return (
            latency_ms if latency_ms <= self.resources.settings.callback_max_age_s * 1000 else None
        )

    def _fail(self, error: ApiError) -> Outcome:
        verdict = classify_error(error)
        unsure = self.claim.unsure or verdict.may_have_happened
        if verdict.kind == "exists":
            return self._recover(error)
        if verdict.kind == "retry":
            return self._retry(error.code, self._back_off_ms(verdict), unsure=unsure)
        fallback = self.rule.fallback
        if (
            verdict.kind == "refused"
            and fallback not in ("none", self.claim.service)
            and not unsure
        ):
            return self._fall_back(error, fallback)
        return self._give_up(error, verdict)

    def _recover(self, error: ApiError) -> Outcome:
        """The API says the task exists: adopt it if it lives, else wait until its predecessor is gone."""
        task_id = self._find_task_id()
        if task_id:
            return self._keep(task_id, "recovered")
        return self._retry(error.code, DYING_MS, unsure=True)

    def _find_task_id(self) -> str:
        timeout_s = self.resources.call_timeout_s()
        if not self.service.finds_by_session or not timeout_s:
            return ""
        order = make_order(self.resources, self.session, self.rule, self.claim)
        params = {"TaskId": "", "SdkAppId": order.sdk_app_id, "SessionId": order.session_id}
        try:
            answer = self.resources.client.call(
                self.service.describe_action, params, self.region, timeout_s
            )
            return read_task_id(answer) if read_progress(answer) in ("starting", "running") else ""
        except ApiError:
            return ""

    def _back_off_ms(self, verdict: Verdict) -> int:
        wait_ms = min(BACK_OFF_MS * 2 ** (self.claim.attempts - 1), BACK_OFF_MAX_MS)
        spread_ms = random.randint(wait_ms // 2, wait_ms)  # noqa: S311  only spreads the load
        return max(spread_ms, UNSURE_MS) if verdict.may_have_happened else spread_ms

    def _retry(self, error_code: str, after_ms: int, *, unsure: bool) -> Outcome:
        not_before_ms = self.began_ms + after_ms
        self._release("due", error_code, not_before_ms=not_before_ms, unsure=unsure)
        return self._outcome(
            "transcription.deferred", "retry", COME_BACK, "warning", error_code=error_code
        )

    def _fall_back(self, error: ApiError, service: str) -> Outcome:
        refusal = self._outcome(
            "transcription.refused", "fallback", level="warning", error_code=error.code
        )
        self.refusals.append(refusal)
        self.claim = self.resources.ledger.switch_service(self.claim, service)
        return self.run()

    def _give_up(self, error: ApiError, verdict: Verdict) -> Outcome:
        self._release("failed", error.code, unsure=self.claim.unsure)
        return self._outcome(
            "transcription.failed", verdict.kind, level="error", error_code=error.code
        )

    def _release(
        self, state: str, error_code: str, *, not_before_ms: int = 0, unsure: bool
    ) -> None:
        self.resources.ledger.release_start(
            self.claim,
            "due" if state == "due" else "failed",
            error_code,
            self.resources.now_ms(),
            not_before_ms=not_before_ms,
            unsure=unsure,
        )

    def _outcome(
        self,
        message: str,
        outcome: str,
        http_status: int = 200,
        level: str = "info",
        **fields: str | int | None,
    ) -> Outcome:
        known = {
            **_task_fields(self.session, self.claim),
            "region": self.region,
            "upstream_request_id": self.request_id or None,
            "elapsed_ms": round((time.perf_counter() - self._began_s) * 1000),
        }
        return Outcome(message, outcome, http_status, level, {**known, **fields})


def _answer_unclaimed(session: Session, task: Task, trigger: str) -> Outcome:
    waits = task.state in ("due", "starting") and task.trigger == trigger
    fields = {**_task_fields(session, task), "task_id": task.task_id or None}
    return Outcome(
        "transcription.unchanged", task.state, COME_BACK if waits else 200, fields=fields
    )


def _stop_task(resources: Resources, session: Session, task: Task) -> Outcome:
    ended, error_code, request_id = [], "", ""
    for task_id in (task_id for task_id in task.task_ids if not task_id.ended):
        try:
            request_id = _stop_one(resources, session.room, task_id)
            ended.append(task_id.task_id)
        except ApiError as error:
            error_code, request_id = error.code, error.request_id
    done = resources.ledger.finish_stop(task, ended, resources.now_ms())
    fields = {
        **_task_fields(session, task),
        "task_id": task.task_id,
        "upstream_request_id": request_id or None,
        "error_code": error_code or None,
    }
    if done:
        return Outcome("transcription.stopped", "stopped", fields=fields)
    return Outcome("transcription.stop_failed", "retry", COME_BACK, "warning", fields)


def _stop_one(resources: Resources, room: Room, task_id: TaskId) -> str:
    """Stop one TaskId and return the RequestId; one that no longer exists is stopped."""
    service, timeout_s = SERVICES[task_id.service], resources.call_timeout_s()
    if not timeout_s:
        raise ApiError("Deadline", "no time is left for the call")
    try:
        params = service.name_task(room.sdk_app_id, task_id.task_id)
        answer = resources.client.call(service.stop_action, params, task_id.region, timeout_s)
        return str(answer.get("RequestId", ""))
    except ApiError as error:
        if is_gone(error):
            return error.request_id
        raise


def _task_fields(session: Session, task: Task) -> dict[str, str | int | None]:
    return {"session": session.id, "rule": session.rule.name, "transcription_service": task.service}
