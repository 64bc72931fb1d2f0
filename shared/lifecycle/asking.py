"""Asking the API about tasks: what a start asks for, how far a task is, whether an unseen start happened."""

from __future__ import annotations

from collections.abc import Callable

from shared.applications import Application
from shared.errors import ApiError, SettingsError
from shared.ledger import Attempt, Session, Task, TaskId
from shared.lifecycle.signs_of_life import find_doubt_ms
from shared.resources import Resources, name_slot
from shared.room import Room
from shared.rules.decision import Rule
from shared.services import SERVICES, StartOrder, classify_error
from shared.services.kinds import is_gone
from shared.services.service import Progress, read_progress, read_task_id
from shared.signer import WHOLE_ROOM, api_session_id, bot_user_id, make_user_sig

UNSURE_MS = 6_500  # the API gives up after 6 s: by then an unseen start has happened or never will


def find_rule(session: Session, target: str) -> Rule:
    """The session's rule as it is for the target of a task."""
    return session.rule if target == WHOLE_ROOM else session.rule.for_user(target)


def make_order(resources: Resources, session: Session, rule: Rule, task: Task) -> StartOrder:
    """What a start of this task asks the service for."""
    application = _find_application(resources, session.room)
    key, expire_s = application.secret_key, resources.settings.user_sig_expire_s
    generation = task.pending.generation if task.pending else len(task.task_ids)
    return build_order(
        application,
        session.room,
        rule,
        task.service,
        task.target,
        session.opened_ms,
        generation,
        lambda user_id: make_user_sig(application.sdk_app_id, key, user_id, expire_s),
    )


def build_order(
    application: Application,
    room: Room,
    rule: Rule,
    service: str,
    target: str,
    opened_ms: int,
    generation: int,
    sign: Callable[[str], str],
) -> StartOrder:
    """The order for a target's task under a rule, with whatever `sign` makes of a user id."""
    bot = name_bot(application, room, target)
    return StartOrder(
        sdk_app_id=room.sdk_app_id,
        room_id=room.room_id,
        room_id_type=room.room_id_type,
        target=target,
        bot_user_id=bot,
        session_id=api_session_id(bot, opened_ms, generation),
        max_idle_s=rule.max_idle_s,
        parameters=rule.parameters(service),
        sign=sign,
    )


def ask_progress(resources: Resources, session: Session, task_id: TaskId) -> Progress | None:
    """How far the API says a task is, asked in the task's own region; None when it cannot be known."""
    service, timeout_s = SERVICES[task_id.service], resources.call_timeout_s()
    if not timeout_s:
        return None
    params = service.name_task(session.room.sdk_app_id, task_id.task_id)
    try:
        call = resources.client.call
        return read_progress(call(service.describe_action, params, task_id.region, timeout_s))
    except ApiError as error:
        if is_gone(task_id.service, error) and not find_doubt_ms(resources, session, task_id):
            return "ended"
        return None


def ask_session_id(resources: Resources, task_id: TaskId) -> str | None:
    """The SessionId a 1.0 task was started with, "" when it has none; None when it cannot be known now.

    Source: DescribeAITranscription, output parameter SessionId.
    """
    timeout_s = resources.call_timeout_s()
    if not timeout_s or not resources.take_slot(name_slot("describe", "ai")):
        return None
    params = {"TaskId": task_id.task_id}
    try:
        action, region = SERVICES["ai"].describe_action, task_id.region
        answer = resources.client.call(action, params, region, timeout_s)
    except ApiError as error:
        return None if classify_error(error).kind in ("retry", "credentials") else ""
    return str(answer.get("SessionId", ""))


def find_attempt(
    resources: Resources, session: Session, task: Task, attempt: Attempt
) -> tuple[bool, TaskId | None]:
    """(whether the API could tell, the living task that this start has made).

    Only 1.0 can be asked, by SessionId; 2.0 cannot.
    """
    service, timeout_s = SERVICES[attempt.service], resources.call_timeout_s()
    if not service.finds_by_session or not timeout_s:
        return False, None
    bot = name_bot(_find_application(resources, session.room), session.room, task.target)
    session_id = api_session_id(bot, session.opened_ms, attempt.generation)
    region = find_region(session, task.target, attempt.service)
    params = {"TaskId": "", "SdkAppId": session.room.sdk_app_id, "SessionId": session_id}
    try:
        answer = resources.client.call(service.describe_action, params, region, timeout_s)
        progress = read_progress(answer)
        lives = progress in ("starting", "running")
        found = None
        if lives:
            task_id = read_task_id(answer)
            found = TaskId(task_id, attempt.service, region, started_ms=attempt.sent_ms)
    except ApiError as error:
        return is_gone(attempt.service, error), None
    return progress is not None, found


def find_region(session: Session, target: str, service: str) -> str:
    """The region in which a service is asked for this target's task; "" for a site that needs none."""
    return str(find_rule(session, target).parameters(service).get("region", ""))


def name_bot(application: Application, room: Room, target: str) -> str:
    """The UserId of the bot that hears `target` in this room."""
    return bot_user_id(
        room.sdk_app_id, application.secret_key, room.room_id, room.room_id_type, target
    )


def _find_application(resources: Resources, room: Room) -> Application:
    application = resources.settings.find_application(room.sdk_app_id)
    if application is None:
        raise SettingsError([f"TRTC_APPS: application {room.sdk_app_id} is no longer there"])
    return application
