"""What a start asks for: the rule of its target, the bot that will hear it, the order for the service."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from shared.applications import Application
from shared.errors import ApiError
from shared.ledger.document import Session, Task
from shared.room import Room
from shared.rules.decision import Rule
from shared.services.service import SERVICES, Request, StartOrder
from shared.settings import Settings
from shared.signer import WHOLE_ROOM, api_session_id, bot_user_id, is_bot_user_id, make_user_sig


def find_rule(session: Session, target: str) -> Rule:
    """The session's rule as it is for the target of a task."""
    return session.rule if target == WHOLE_ROOM else session.rule.for_user(target)


def name_bot(application: Application, room: Room, target: str) -> str:
    """The UserId of the bot that hears `target` in this room."""
    return bot_user_id(
        room.sdk_app_id, application.secret_key, room.room_id, room.room_id_type, target
    )


def is_own_bot(room: Room, user_id: str | None, settings: Settings) -> bool:
    """Whether a user is a bot of Roomscribe; a person whose UserId only begins like a bot's is none."""
    application = settings.find_application(room.sdk_app_id)
    if user_id is None or application is None:
        return False
    key = application.secret_key
    return is_bot_user_id(room.sdk_app_id, key, room.room_id, room.room_id_type, user_id)


def build_request(session: Session, task: Task, rule: Rule, settings: Settings) -> Request:
    """The parameters of the start that is claimed for a task.

    Raises ApiError for a room or a user that the API cannot name, SettingsError for an application that
    the settings no longer name.
    """
    application = settings.require_application(session.room.sdk_app_id)
    generation = task.pending.generation if task.pending else len(task.task_ids)
    key, expire_s = application.secret_key, settings.user_sig_expire_s
    sign = partial(make_user_sig, application.sdk_app_id, key, expire_s=expire_s)
    service, room, target = task.service, session.room, task.target
    opened_ms = session.opened_ms
    order = build_order(application, room, rule, service, target, opened_ms, generation, sign)
    try:
        return SERVICES[service].build_start(order)
    except msgspec.ValidationError as error:
        raise ApiError("InvalidParameterValue", str(error)) from None


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
    """The order for a target's task under a rule; `sign` makes the UserSig of a user id."""
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
