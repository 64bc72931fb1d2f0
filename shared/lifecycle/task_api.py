"""The only way to call the two services: is there time, is there a slot, the call, and is the task gone?

Every call keeps the invocation's deadline and the limiter's rate. An answer that a task does not exist is
believed for 1.0; for 2.0 only once the task is old enough and has been silent for long enough.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.errors import ApiError, LedgerError
from shared.ledger import Attempt, Session, Task, TaskId
from shared.lifecycle.orders import find_rule, name_bot
from shared.lifecycle.signs_of_life import find_doubted_until_ms
from shared.resources import Resources
from shared.services import AI, SERVICES, Service, classify_error
from shared.services.kinds import is_gone
from shared.services.service import Answer, Progress, Request, Verb, read_progress, read_task_id
from shared.signer import api_session_id

UNSURE_MS = 6_500  # the API gives up after 6 s: by then an unseen start has happened or never will
DEADLINE = "Deadline"
RATES = {"start": "StartsPerSecond", "stop": "StopsPerSecond", "describe": "DescribesPerSecond"}


class NotCalledError(ApiError):
    """The API was not called: no time is left (`DEADLINE`), or the limiter gave no slot (`RATES`)."""


class Stopped(NamedTuple):
    """The answer to a stop; an answer that the task is gone is not believed before `doubted_until_ms`."""

    request_id: str
    doubted_until_ms: int = 0


def start(service: str, params: Request, region: str, resources: Resources) -> tuple[str, str]:
    """Start a task and return its TaskId and the RequestId; raises ApiError."""
    answer = _call("start", SERVICES[service], params, region, resources)
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
    """How far a task is, asked in the task's own region; None when that cannot be known now."""
    try:
        return check(session, task_id, resources)
    except NotCalledError:
        return None


def check(session: Session, task_id: TaskId, resources: Resources) -> Progress | None:
    """How far the API says a task is; None when it does not say. Raises NotCalledError when not asked."""
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
    bot = name_bot(application, session.room, task.target)
    session_id = api_session_id(bot, session.opened_ms, attempt.generation)
    region = find_rule(session, task.target).region(attempt.service)
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


def _call(
    verb: Verb, service: Service, params: Request, region: str, resources: Resources
) -> Answer:
    if not resources.call_timeout_s():
        raise NotCalledError(DEADLINE, "no time is left for the call")
    try:
        if resources.find_slot_wait(f"{verb}/{service.name}"):
            reason = "as many calls a second as the API allows are under way"
            raise NotCalledError(RATES[verb], reason)
    except LedgerError:
        if verb != "start":  # a claimed start is made, although the limiter cannot be asked
            raise
    timeout_s = resources.call_timeout_s()  # the limiter has taken time
    if not timeout_s:
        raise NotCalledError(DEADLINE, "no time is left for the call")
    return resources.client.call(service.actions[verb], params, region, timeout_s)
