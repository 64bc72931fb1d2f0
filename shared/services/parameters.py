"""The keys of rules.toml's service tables: where each goes in the request, and whether its value fits.

A key is written in snake case, its value as TOML has it; nested tables use the API's names in
snake case (`voice = { voice_id = "…" }`). Both tables together reach every parameter of both
requests, except the ones Roomscribe itself fills in (rooms, bots, signatures, SessionId, mode).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from shared.services.requests import ApiStruct, CreateCloudTranscription, StartAITranscription

# A TOML value, and the same value as the API has it: any JSON.
Value = Any
Parameters = Mapping[str, Value]
Path = tuple[str, ...]

CLOUD_REGIONS = ("ap-guangzhou", "ap-hongkong", "ap-singapore")
AI_REGIONS = ("ap-guangzhou", "ap-singapore", "ap-tokyo", "na-siliconvalley")

CLOUD_KEYS: dict[str, Path] = {
    "language": ("AsrParam", "Lang"),
    "alternative_languages": ("AsrParam", "AlternativeLanguage"),
    "hot_words": ("AsrParam", "HotWordList"),
    "vad_silence_ms": ("AsrParam", "VadSilenceTime"),
    "vad_level": ("AsrParam", "VadLevel"),
    "filter_dirty": ("AsrParam", "FilterDirty"),
    "filter_modal": ("AsrParam", "FilterModal"),
    "filter_punc": ("AsrParam", "FilterPunc"),
    "translate_to": ("TranslationParam", "TargetLang"),
    "terminologies": ("TranslationParam", "Terminologies"),
    "tts": ("TTSParam",),
    "subscribe": ("TranscriptionParam", "SubscribeList"),
    "unsubscribe": ("TranscriptionParam", "UnSubscribeList"),
    "send_custom_mode": ("TranscriptionParam", "SendCustomMode"),
}
AI_KEYS: dict[str, Path] = {
    "language": ("RecognizeConfig", "Language"),
    "alternative_languages": ("RecognizeConfig", "AlternativeLanguage"),
    "model": ("RecognizeConfig", "Model"),
    "translation_language": ("RecognizeConfig", "TranslationLanguage"),
    "hot_words": ("RecognizeConfig", "HotWordList"),
    "vad_silence_ms": ("RecognizeConfig", "VadSilenceTime"),
    "vad_level": ("RecognizeConfig", "VadLevel"),
    "translate_to": ("TranslationConfig", "TargetLanguages"),
    "translation_mode": ("TranslationConfig", "Mode"),
    "tts": ("TranslationConfig", "TTSConfig"),
    "terminology": ("TranslationConfig", "Terminology"),
    "target_user_ids": ("TranscriptionParams", "TargetUserIdList"),
    "voice_print": ("TranscriptionParams", "VoicePrint"),
    "turn_detection": ("TranscriptionParams", "TurnDetection"),
    "im_admin_user_id": ("TranscriptionParams", "IMAdminUserId"),
}
HOT_WORDS_MAX = {"cloud": 128, "ai": 300}
HOT_WORD = re.compile(r"[^|,]{1,30}\|(100|1[01]|[1-9])")

_KEYS = {"cloud": CLOUD_KEYS, "ai": AI_KEYS}
_REGIONS = {"cloud": CLOUD_REGIONS, "ai": AI_REGIONS}
_REQUESTS: dict[str, type[ApiStruct]] = {
    "cloud": CreateCloudTranscription,
    "ai": StartAITranscription,
}
_API_NAMES = {"tts_robot_user": "TTSRobotUser"}
_USER_KEYS = ("target_user", "tts_robot_user")


def key_names(service: str) -> tuple[str, ...]:
    """The keys a table of that service may have."""
    return ("region", *_KEYS[service])


def place_parameters(service: str, parameters: Parameters) -> dict[str, Value]:
    """The part of the request that `parameters` make up, in the API's shape; the region is not in it."""
    request: dict[str, Value] = {}
    for key, value in parameters.items():
        if key == "region":
            continue
        *parents, leaf = _KEYS[service][key]
        table = request
        for parent in parents:
            table = table.setdefault(parent, {})
        table[leaf] = _to_api(key, value)
    return request


def check_parameters(service: str, parameters: Parameters) -> list[tuple[str, str]]:
    """What is wrong with `parameters`, as (key, problem); empty when all is well."""
    problems = [
        problem for key, value in parameters.items() for problem in _check_key(service, key, value)
    ]
    if service == "cloud" and "language" not in parameters:
        problems.append(
            ("language", "is missing; CreateCloudTranscription needs one, such as 'bigmodel-en'")
        )
    if "region" not in parameters:
        problems.append(("region", f"is missing; one of {', '.join(_REGIONS[service])}"))
    return problems


def _check_key(service: str, key: str, value: Value) -> Iterable[tuple[str, str]]:
    if key == "region":
        if value not in _REGIONS[service]:
            yield (
                key,
                f"{value!r} is not a region of this service; one of {', '.join(_REGIONS[service])}",
            )
        return
    if key not in _KEYS[service]:
        yield key, suggest_name(key, key_names(service))
        return
    try:
        if key == "hot_words":
            _check_hot_words(value, HOT_WORDS_MAX[service])
        msgspec.convert(_to_api(key, value), _find_type(_REQUESTS[service], _KEYS[service][key]))
    except msgspec.ValidationError as error:
        yield _name_place(key, str(error))
    except (TypeError, ValueError) as error:
        yield key, str(error)


def suggest_name(wrong: str, names: Iterable[str]) -> str:
    """Say that a key is unknown, and which one may have been meant."""
    import difflib  # only when something is wrong

    close = difflib.get_close_matches(wrong, list(names), 1)
    return (
        f"unknown key; did you mean {close[0]!r}?"
        if close
        else f"unknown key; known: {', '.join(names)}"
    )


def _check_hot_words(words: Value, most: int) -> None:
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise TypeError('must be a list like ["Roomscribe|10"]')
    if not 1 <= len(words) <= most:
        raise ValueError(f"must hold 1 to {most} words")
    wrong = next((word for word in words if not HOT_WORD.fullmatch(word)), None)
    if wrong is not None:
        raise ValueError(
            f"{wrong!r} must be 'word|weight': at most 30 characters, weight 1 to 11 or 100"
        )


_CONVERT: dict[str, Callable[[Value], Value]] = {
    "hot_words": ",".join,
    "subscribe": lambda users: [{"UserId": user} for user in users],
    "unsubscribe": lambda users: [{"UserId": user} for user in users],
}


def _to_api(key: str, value: Value) -> Value:
    if key in _CONVERT:
        if not isinstance(value, list):
            raise TypeError("must be a list")
        return _CONVERT[key](value)
    return _rename(value)


def _rename(value: Value) -> Value:
    """The value with every key in the API's spelling; a user's name stands for {UserId: name}."""
    if isinstance(value, list):
        return [_rename(item) for item in value]
    if isinstance(value, dict):
        return {api_name(key): _rename_user(key, item) for key, item in value.items()}
    return value


def _rename_user(key: str, value: Value) -> Value:
    return {"UserId": value} if key in _USER_KEYS and isinstance(value, str) else _rename(value)


def api_name(key: str) -> str:
    """A snake-case key in the API's spelling: voice_id → VoiceId."""
    return _API_NAMES.get(key) or "".join(word.capitalize() for word in key.split("_"))


def _find_type(request: type[ApiStruct], path: Path) -> Value:
    """The type at `path` in a request's model, without the None that means 'not set'."""
    found: Value = request
    for name in path:
        owner = next(part for part in _members(found) if isinstance(part, type))
        found = next(
            item.type for item in msgspec.structs.fields(owner) if item.encode_name == name
        )
    alternatives = [part for part in _members(found) if part is not type(None)]
    return alternatives[0]


def _members(annotation: Value) -> tuple[Value, ...]:
    """The alternatives of a union, or the annotation itself."""
    origin: object = get_origin(annotation)
    is_union = origin in (Union, UnionType)
    return get_args(annotation) if is_union else (annotation,)


def _name_place(key: str, problem: str) -> tuple[str, str]:
    """msgspec's `… - at `$.VoiceId`` said with the key's own spelling."""
    text, _, place = problem.partition(" - at ")
    inner = (
        re.sub(r"(?<!^)(?=[A-Z][a-z])", "_", place.strip("`").lstrip("$"))
        .replace("._", ".")
        .lower()
    )
    return key + inner, text[:1].lower() + text[1:]
