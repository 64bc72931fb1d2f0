"""Reads the parameters of the two start actions into a TaskOrder, checking what concerns several at once."""

from collections.abc import Iterable, Mapping
from typing import Any

from local.cloud.errors import ApiError
from local.cloud.parameters import ACTIONS
from local.cloud.room_ids import complain_room_id
from local.cloud.state import RoomKey
from local.cloud.tasks import TaskOrder

AI_MAX_IDLE_S = 60
CLOUD_MAX_IDLE_S = 30
# Source: SDK docstring of SendCustomMode. What 2 means, as in the API document's example: unknown.
NO_CAPTIONS, CAPTIONS = 0, 1

Parameters = Mapping[str, Any]


def read_ai_order(region: str, parameters: Parameters) -> TaskOrder:
    """StartAITranscription; raises ApiError."""
    bot = parameters["TranscriptionParams"]
    recognition = parameters.get("RecognizeConfig", {})
    translation = parameters.get("TranslationConfig", {})
    languages = [
        recognition.get("TranslationLanguage", ""),
        *translation.get("TargetLanguages", []),
    ]
    return TaskOrder(
        service="ai",
        key=_read_room("StartAITranscription", parameters),
        region=region,
        bot_user_id=bot["UserId"],
        max_idle_s=bot.get("MaxIdleTime", AI_MAX_IDLE_S),
        session_id=parameters.get("SessionId") or None,
        only=_read_targets(bot),
        languages=_order_languages(languages),
        # Source: SDK docstring of IMAdminUserId: what is heard goes out by IM instead.
        sends_captions=not bot.get("IMAdminUserId"),
    )


def read_cloud_order(region: str, parameters: Parameters) -> TaskOrder:
    """CreateCloudTranscription; raises ApiError."""
    bot = parameters["TranscriptionParam"]
    order = TaskOrder(
        service="cloud",
        key=_read_room("CreateCloudTranscription", parameters),
        region=region,
        bot_user_id=bot["UserId"],
        max_idle_s=bot.get("MaxIdleTime", CLOUD_MAX_IDLE_S),
        only=_read_users(bot.get("SubscribeList", [])),
        deaf_to=_read_users(bot.get("UnSubscribeList", [])),
        languages=_order_languages(parameters.get("TranslationParam", {}).get("TargetLang", [])),
        sends_captions=bot.get("SendCustomMode", NO_CAPTIONS) == CAPTIONS,
    )
    for voice in parameters.get("TTSParam", []):
        _check_voice(order, voice)
    return order


def _read_room(action: str, parameters: Parameters) -> RoomKey:
    room_id_type = parameters.get("RoomIdType", 0)
    complaint = complain_room_id(parameters["RoomId"], room_id_type)
    if complaint:
        raise ApiError(
            ACTIONS[action].value_code,
            f"The parameter `RoomId` {complaint} when RoomIdType is {room_id_type}.",
        )
    return parameters["SdkAppId"], parameters["RoomId"], room_id_type


def _read_targets(bot: Parameters) -> frozenset[str]:
    """Whom a 1.0 task hears: mode 1 has targets, mode 0 takes the whole room."""
    if bot.get("TranscriptionMode", 0) == 0:
        return frozenset()
    targets = frozenset(filter(None, [bot.get("TargetUserId"), *bot.get("TargetUserIdList", [])]))
    if not targets:
        raise ApiError(
            "MissingParameter",
            "The parameter `TranscriptionParams.TargetUserId` is required in TranscriptionMode 1.",
        )
    return targets


def _read_users(users: Iterable[Parameters]) -> frozenset[str]:
    return frozenset(user["UserId"] for user in users)


def _order_languages(languages: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, languages)))


def _check_voice(order: TaskOrder, voice: Parameters) -> None:
    """Source: SDK docstrings of TTSParam.Language and TTSParam.TargetUser."""
    if voice.get("Language") and voice["Language"] not in order.languages:
        raise ApiError(
            "InvalidParameter",
            "The parameter `TTSParam.Language` must be in TranslationParam.TargetLang.",
        )
    target = voice.get("TargetUser", {}).get("UserId")
    if target and (target in order.deaf_to or (order.only and target not in order.only)):
        raise ApiError(
            "InvalidParameter",
            "The parameter `TTSParam.TargetUser` must be a user that is transcribed.",
        )
