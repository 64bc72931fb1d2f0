"""The keys of rules.toml's service tables, and where each goes in the request.

A key is written in snake case, its value as TOML has it; nested tables use the API's names in
snake case (`voice = { voice_id = "…" }`). Both tables together reach every parameter of both
requests, except the ones Roomscribe itself fills in (rooms, bots, signatures, SessionId, mode).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# A TOML value, and the same value as the API has it: any JSON.
Value = Any
Parameters = Mapping[str, Value]
Path = tuple[str, ...]

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
KEYS = {"cloud": CLOUD_KEYS, "ai": AI_KEYS}
# Keys that are about the request, and their types; with `allow_unlisted` a value may be in no list.
UNSENT = {"region": str, "allow_unlisted": bool}
API_NAMES = {"tts_robot_user": "TTSRobotUser"}
USER_KEYS = ("target_user", "tts_robot_user")
