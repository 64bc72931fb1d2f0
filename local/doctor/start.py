"""`doctor --start`: one real task, stopped at once; nothing else proves the SDK secret and the service."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import msgspec

from local.doctor.api import UNKNOWN, find_place
from local.doctor.finding import Finding
from local.printable import print_safely
from shared.api.client import Client
from shared.applications import Application
from shared.errors import ApiError
from shared.remedies import find_advice
from shared.room import STRING_ROOM, WHOLE_ROOM, Room
from shared.rules.decision import Rule, Rules
from shared.services.kinds import classify_error, is_gone
from shared.services.service import (
    SERVICES,
    Answer,
    Request,
    Service,
    StartOrder,
    Verb,
    read_task_id,
)
from shared.settings import Settings
from shared.signer import make_user_sig

TIMEOUT_S = 10.0
STOPS, PAUSE_S = 10, 1.0  # 2.0 may not find a task for some seconds after its start
# The least that the API takes: so a task that no stop reaches ends by itself, as nobody is in its room.
MAX_IDLE_S = 5
USER_SIG_S = 300
ENDS = f"it ends by itself {MAX_IDLE_S} s later, because nobody is in its room"
# What says nothing of the configuration: too many calls, trouble at Tencent, or that nobody is in the room.
PASSING = ("FailedOperation", "UnsupportedOperation", "ServiceUnavailable", "ServerNetworkError")
PASSING_FAMILIES = ("RequestLimitExceeded", "InternalError")


class Trial(NamedTuple):
    """A start in a room that nobody uses, by the rule that is about it, and how long to wait for answers."""

    application: Application
    room: Room
    rule: Rule
    service: Service
    client: Client
    timeout_s: float
    sleep: Callable[[float], None]

    @property
    def about(self) -> str:
        """What is tried, in words."""
        region = self.rule.region(self.service.name) or "no region"
        action = self.service.actions["start"]
        return f"{action} in {region} for application {self.application.sdk_app_id}"

    def start(self) -> str:
        """Start it: the TaskId; raises ApiError, or ValidationError when the API would not take it."""
        sign = partial(
            make_user_sig,
            self.application.sdk_app_id,
            self.application.secret_key,
            expire_s=USER_SIG_S,
        )
        name, opened_ms = self.service.name, time.time_ns() // 1_000_000
        parameters = self.rule.parameters(name)
        order = StartOrder(
            *(self.application, self.room, WHOLE_ROOM, opened_ms, 0, MAX_IDLE_S, parameters, sign)
        )
        params = self.service.build_start(order)
        try:
            return read_task_id(self._call("start", params))
        except ApiError as error:
            if not (self.service.finds_by_session and classify_error(error).may_have_happened):
                raise
            found = self._find(params["SessionId"])
            if not found:
                raise
            return found

    def stop(self, task_id: str) -> ApiError | None:
        """Stop it, as often as it takes: None, or why it is not known to have stopped."""
        params = self.service.name_task(self.application.sdk_app_id, task_id)
        for number in range(STOPS):
            if number:
                self.sleep(PAUSE_S)
            try:
                self._call("stop", params)
            except ApiError as error:
                failure = error
            else:
                return None
        return failure

    def _find(self, session_id: str) -> str:
        """The TaskId of a start that was not answered, which 1.0 alone tells; "" for none."""
        named = {"SdkAppId": self.application.sdk_app_id, "TaskId": "", "SessionId": session_id}
        with suppress(ApiError):
            return read_task_id(self._call("describe", named))
        return ""

    def _call(self, verb: Verb, params: Request) -> Answer:
        action, region = self.service.actions[verb], self.rule.region(self.service.name)
        return self.client.call(action, params, region, self.timeout_s)


def check_starts(
    settings: Settings,
    rules: Rules,
    client: Client,
    *,
    timeout_s: float = TIMEOUT_S,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Finding]:
    """Start and stop a task for each application, whose SDK secret nothing else proves."""
    for application in settings.applications:
        room = Room(application.sdk_app_id, f"roomscribe-doctor-{uuid.uuid4().hex}", STRING_ROOM)
        rule = find_rule(rules, room)
        if rule is None:
            text = f"not tried for application {room.sdk_app_id}: no rule starts anything"
            yield Finding("warn", "start", text, "write a rule with a service", "rules")
        else:
            service = SERVICES[rule.service]
            trial = Trial(application, room, rule, service, client, timeout_s, sleep)
            yield check_start(trial)


def find_rule(rules: Rules, room: Room) -> Rule | None:
    """The rule that is about a room of no special name, or else the first that starts anything."""
    candidates = (rules.decide(*room), *rules.rules)
    return next((rule for rule in candidates if rule.service in SERVICES), None)


def check_start(trial: Trial) -> Finding:
    """Whether a task starts; if it does, it is stopped before this returns, or its TaskId is told."""
    try:
        task_id = trial.start()
    except msgspec.ValidationError as error:
        text = f"{trial.about}: not sent, because the API would refuse it: {error}"
        return Finding("FAIL", "start", text, "mend the rule", "rules")
    except ApiError as error:
        return explain_refusal(error, trial)
    try:
        failure = trial.stop(task_id)
    except BaseException:  # whoever interrupts it knows what is left
        print_safely(f"task {task_id} may still run; {ENDS}", err=True)
        raise
    if failure is None:
        text = f"{trial.about}: started and stopped, which proves SecretId and SecretKey, the SDK secret "
        return Finding(
            "ok", "start", f"{text}(UserSig), that the service is enabled, and the region"
        )
    if is_gone(trial.service.name, failure):
        text = (
            f"{trial.about}: started; each stop was answered {failure}: task {task_id} has ended, "
        )
        return Finding(
            "warn", "start", f"{text}or {ENDS}", "see the console's usage", "credentials"
        )
    text = f"{trial.about}: started, and task {task_id} could not be stopped: {failure}; {ENDS}"
    remedy = f"stop it with {trial.service.actions['stop']}, and let these credentials do so"
    return Finding("FAIL", "start", text, remedy, "the-run-role")


def explain_refusal(error: ApiError, trial: Trial) -> Finding:
    """What a refused start says; the API's own words are not repeated, because they may quote what it got."""
    advice, place = find_advice(error.code) or UNKNOWN, find_place(error.code) or "credentials"
    text = f"{trial.about}: {error}: {advice.reason}"
    if classify_error(error).may_have_happened:
        text += f". If a task was started all the same, {ENDS}"
    if error.code in PASSING or error.code.partition(".")[0] in PASSING_FAMILIES:
        text += ". The SDK secret is not proven"
        return Finding("warn", "start", text, advice.remedy, place)
    return Finding("FAIL", "start", text, advice.remedy, place)
