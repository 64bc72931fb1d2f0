"""Calls of the two transcription services, within the invocation's deadline and the limiter's rate.

An answer that a task does not exist is believed for 1.0; for 2.0 only once the task is old enough and has
been silent for long enough.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import msgspec

from shared.errors import ApiError, LedgerError
from shared.ledger import Attempt, Session, Task, TaskId
from shared.lifecycle.signs_of_life import find_doubted_until_ms
from shared.resources import Resources
from shared.room import WHOLE_ROOM
from shared.services.kinds import classify_error, is_gone
from shared.services.service import (
    AI,
    SERVICES,
    Answer,
    Progress,
    Request,
    Service,
    StartOrder,
    Verb,
    read_progress,
    read_task_id,
)
from shared.signer import api_session_id, bot_user_id, make_user_sig

OTHERS_PER_S = 20  # Source: request limits of the Describe, Stop and Delete actions
CALL_COLD_S, CALL_WARM_S = 2.0, 2.5
SHORTEST_CALL_S = 0.3  # a call that could not even connect in what is left is not begun
UNSURE_MS = 6_500  # the API gives up after 6 s: by then an unseen start has happened or never will
DEADLINE = "Deadline"
RATES = {"start": "StartsPerSecond", "stop": "StopsPerSecond", "describe": "DescribesPerSecond"}


class NotCalledError(ApiError):
    """The API was not called: no time is left (`DEADLINE`), or the limiter gave no slot (`RATES`)."""


class Stopped(NamedTuple):
    """The answer to a stop; an answer that the task is gone is not believed before `doubted_until_ms`."""

    request_id: str
    doubted_until_ms: int = 0


def build_start(session: Session, task: Task, resources: Resources) -> Request:
    """The parameters of the start that is claimed for a task.

    Raises ApiError for a room or a user that the API cannot name, SettingsError for an application that
    the settings no longer name.
    """
    settings, room = resources.settings, session.room
    application = settings.require_application(room.sdk_app_id)
    generation = task.pending.generation if task.pending else len(task.task_ids)
    key, expire_s = application.secret_key, settings.user_sig_expire_s
    sign = partial(make_user_sig, application.sdk_app_id, key, expire_s=expire_s)
    rule, opened_ms = session.find_rule(task.target), session.opened_ms
    parameters, max_idle_s = rule.parameters(task.service), rule.max_idle_s
    without = session.opted_out if task.target == WHOLE_ROOM else []
    order = StartOrder(
        application, room, task.target, opened_ms, generation, max_idle_s, parameters, sign, without
    )
    try:
        return SERVICES[task.service].build_start(order)
    except msgspec.ValidationError as error:
        raise ApiError("InvalidParameterValue", str(error)) from None


def start(session: Session, task: Task, params: Request, resources: Resources) -> tuple[str, str]:
    """Start a task with the parameters of `build_start`: its TaskId and the RequestId; raises ApiError."""
    region = session.find_rule(task.target).region(task.service)
    answer = _call("start", SERVICES[task.service], params, region, resources)
    return read_task_id(answer), str(answer.get("RequestId", ""))


def stop(session: Session, task_id: TaskId, resources: Resources) -> Stopped:
    """Stop a task, or find that it is gone; raises ApiError, LedgerError."""
    service = SERVICES[task_id.service]
    params = service.name_task(session.room.sdk_app_id, task_id.task_id)
    try:
        answer = _call("stop", service, params, task_id.region, resources)
    except ApiError as error:
        if is_gone(task_id.service, error):
            return Stopped(error.request_id, find_doubted_until_ms(session, task_id, resources))
        raise
    return Stopped(str(answer.get("RequestId", "")))


def describe(session: Session, task_id: TaskId, resources: Resources) -> Progress | None:
    """The state of a task, asked in the task's own region; None when the API cannot tell it now."""
    try:
        return check(session, task_id, resources)
    except NotCalledError:
        return None


def check(session: Session, task_id: TaskId, resources: Resources) -> Progress | None:
    """The state of a task that the API tells, None when it does not; raises NotCalledError."""
    service = SERVICES[task_id.service]
    params = service.name_task(session.room.sdk_app_id, task_id.task_id)
    try:
        return read_progress(_call("describe", service, params, task_id.region, resources))
    except NotCalledError:
        raise
    except ApiError as error:
        is_over = is_gone(task_id.service, error)
        return (
            "ended" if is_over and not find_doubted_until_ms(session, task_id, resources) else None
        )


def read_session_id(task_id: TaskId, resources: Resources) -> str | None:
    """The SessionId a 1.0 task was started with, "" when it has none; None when that cannot be known now.

    Source: DescribeAITranscription, output parameter SessionId.
    """
    params = {"TaskId": task_id.task_id}
    try:
        answer = _call("describe", AI, params, task_id.region, resources)
    except NotCalledError:
        return None
    except ApiError as error:
        return None if classify_error(error).kind in ("retry", "credentials") else ""
    return str(answer.get("SessionId", ""))


def find_attempt(
    session: Session, task: Task, attempt: Attempt, resources: Resources
) -> tuple[bool, TaskId | None]:
    """Whether the API could tell what became of a start, and the living task that the start has made.

    Only 1.0 can be asked, by SessionId; 2.0 cannot. Raises NotCalledError when the API was not asked.
    """
    service = SERVICES[attempt.service]
    if not service.finds_by_session:
        return False, None
    application = resources.settings.require_application(session.room.sdk_app_id)
    bot = bot_user_id(session.room, application.secret_key, task.target)
    session_id = api_session_id(bot, session.opened_ms, attempt.generation)
    region = session.find_rule(task.target).region(attempt.service)
    params = {"TaskId": "", "SdkAppId": session.room.sdk_app_id, "SessionId": session_id}
    try:
        answer = _call("describe", service, params, region, resources)
        progress = read_progress(answer)
        if progress not in ("starting", "running"):
            return progress is not None, None
        task_id = read_task_id(answer)
    except NotCalledError:
        raise
    except ApiError as error:
        return is_gone(attempt.service, error), None
    return True, TaskId(task_id, attempt.service, region, started_ms=attempt.sent_ms)


def find_slot_wait(slot: str, resources: Resources) -> int:
    """0 when the limiter lets a call like "start/cloud" go out now, else the ms to wait."""
    if slot in resources.granted:
        resources.granted.remove(slot)
        return 0
    verb, _, service = slot.partition("/")
    per_s = resources.settings.starts_per_s[service] if verb == "start" else OTHERS_PER_S
    return resources.ledger.take_slot(slot, per_s, resources.now_ms())


def find_timeout_s(resources: Resources) -> float:
    """How long one API call may take now; raises NotCalledError when none should be begun any more."""
    most_s = CALL_COLD_S if resources.invocation.cold_start else CALL_WARM_S
    left_s = min(most_s, resources.invocation.remaining_s())
    if left_s < SHORTEST_CALL_S:
        raise NotCalledError(DEADLINE, "no time is left for the call")
    return left_s


def _call(
    verb: Verb, service: Service, params: Request, region: str, resources: Resources
) -> Answer:
    find_timeout_s(resources)
    try:
        if find_slot_wait(f"{verb}/{service.name}", resources):
            reason = "as many calls a second as the API allows are under way"
            raise NotCalledError(RATES[verb], reason)
    except LedgerError:
        if verb != "start":  # a claimed start is made, although the limiter cannot be asked
            raise
    timeout_s = find_timeout_s(resources)  # the limiter has taken time
    return resources.client.call(service.actions[verb], params, region, timeout_s)
