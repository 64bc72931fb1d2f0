"""Asking the API about tasks: what a start asks for, how far a task is, whether an unseen start happened."""

from __future__ import annotations

from shared.errors import ApiError, SettingsError
from shared.ledger import Attempt, Room, Session, Task, TaskId
from shared.resources import Resources
from shared.rules import Rule
from shared.services import SERVICES, StartOrder
from shared.services.kinds import is_gone
from shared.services.service import Progress, read_progress, read_task_id
from shared.settings import Application
from shared.signer import WHOLE_ROOM, api_session_id, bot_user_id, make_user_sig

UNSURE_MS = 6_500  # the API gives up after 6 s: by then an unseen start has happened or never will


def find_rule(session: Session, target: str) -> Rule:
    """The session's rule as it is for the target of a task."""
    return session.rule if target == WHOLE_ROOM else session.rule.for_user(target)


def make_order(resources: Resources, session: Session, rule: Rule, task: Task) -> StartOrder:
    """What a start of this task asks the service for."""
    room = session.room
    key = _find_application(resources, room).secret_key
    bot = _name_bot(resources, session, task)
    generation = task.pending.generation if task.pending else len(task.task_ids)
    expire_s = resources.settings.user_sig_expire_s
    return StartOrder(
        sdk_app_id=room.sdk_app_id,
        room_id=room.room_id,
        room_id_type=room.room_id_type,
        target=task.target,
        bot_user_id=bot,
        session_id=api_session_id(bot, session.opened_ms, generation),
        max_idle_s=rule.max_idle_s,
        parameters=rule.parameters(task.service),
        sign=lambda user_id: make_user_sig(room.sdk_app_id, key, user_id, expire_s),
    )


def ask_progress(resources: Resources, room: Room, task_id: TaskId) -> Progress | None:
    """How far the API says a task is, asked in the task's own region; None when it cannot be known."""
    service, timeout_s = SERVICES[task_id.service], resources.call_timeout_s()
    if not timeout_s:
        return None
    params = service.name_task(room.sdk_app_id, task_id.task_id)
    try:
        call = resources.client.call
        return read_progress(call(service.describe_action, params, task_id.region, timeout_s))
    except ApiError as error:
        return "ended" if is_gone(error) else None


def find_attempt(
    resources: Resources, session: Session, task: Task, attempt: Attempt
) -> tuple[bool, TaskId | None]:
    """(whether the API could tell, the living task that this start has made).

    Only 1.0 can be asked, by SessionId; 2.0 cannot.
    """
    service, timeout_s = SERVICES[attempt.service], resources.call_timeout_s()
    if not service.finds_by_session or not timeout_s:
        return False, None
    session_id = api_session_id(
        _name_bot(resources, session, task), session.opened_ms, attempt.generation
    )
    region = find_region(session, task.target, attempt.service)
    params = {"TaskId": "", "SdkAppId": session.room.sdk_app_id, "SessionId": session_id}
    try:
        answer = resources.client.call(service.describe_action, params, region, timeout_s)
        progress = read_progress(answer)
        lives = progress in ("starting", "running")
        found = TaskId(read_task_id(answer), attempt.service, region) if lives else None
    except ApiError as error:
        return is_gone(error), None
    return progress is not None, found


def find_region(session: Session, target: str, service: str) -> str:
    """The region in which a service is asked for this target's task."""
    return str(find_rule(session, target).parameters(service)["region"])


def _name_bot(resources: Resources, session: Session, task: Task) -> str:
    room = session.room
    key = _find_application(resources, room).secret_key
    return bot_user_id(room.sdk_app_id, key, room.room_id, room.room_id_type, task.target)


def _find_application(resources: Resources, room: Room) -> Application:
    application = resources.settings.find_application(room.sdk_app_id)
    if application is None:
        raise SettingsError([f"TRTC_APPS: application {room.sdk_app_id} is no longer there"])
    return application
