"""The requests of both services exactly as the API takes them: every parameter, typed and in range.

Source: API documents StartAITranscription and CreateCloudTranscription (product 647, version
2019-07-22) and the request models of the official SDK 3.1.177, China and international edition.
Where these disagree on a range the wider one stands here; shared/services/checks.py has what only one
site allows.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

SdkAppId = Annotated[int, Meta(ge=1, le=2**32 - 1)]
RoomId = Annotated[str, Meta(min_length=1, max_length=64)]
RoomIdType = Literal[0, 1]
UserId = Annotated[str, Meta(min_length=1, max_length=32)]
Text = Annotated[str, Meta(min_length=1)]
VadSilenceMs = Annotated[int, Meta(ge=240, le=2000)]
VadLevel = Annotated[int, Meta(ge=0, le=3)]
Speed = Annotated[float, Meta(ge=0.5, le=2.0)]


class ApiStruct(
    Struct, rename="pascal", omit_defaults=True, forbid_unknown_fields=True, kw_only=True
):
    """An object of the API: names in PascalCase, absent when not set, unknown names refused."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"  # the UserSig of a bot stands in some


class VoicePrint(ApiStruct):
    """1.0: recognise only the voice of that id; `mode` 1 switches it on."""

    mode: Literal[0, 1] | None = None
    id_list: Annotated[list[Text], Meta(max_length=1)] | None = None


class TurnDetection(ApiStruct):
    """1.0: how eagerly a pause ends a sentence."""

    semantic_eagerness: Literal["low", "medium", "high", "auto"] | None = None


class TranscriptionParams(ApiStruct):
    """1.0: the bot, and whom it hears: mode 0 the room, 1 the target users."""

    user_id: UserId
    user_sig: Text
    im_admin_user_id: Text | None = field(default=None, name="IMAdminUserId")
    im_admin_user_sig: Text | None = field(default=None, name="IMAdminUserSig")
    max_idle_time: Annotated[int, Meta(ge=1, le=86400)] | None = None
    transcription_mode: Annotated[int, Meta(ge=0, le=2)] | None = None
    target_user_id: Text | None = None
    target_user_id_list: list[Text] | None = None
    voice_print: VoicePrint | None = None
    turn_detection: TurnDetection | None = None


class RecognizeConfig(ApiStruct):
    """1.0: speech recognition."""

    language: Text | None = None
    alternative_language: list[Text] | None = None
    model: Text | None = None
    translation_language: Text | None = None
    hot_word_list: Text | None = None
    vad_silence_time: VadSilenceMs | None = None
    vad_level: VadLevel | None = None


class TtsConfig(ApiStruct):
    """1.0: the voice of simultaneous interpretation."""

    voice_id: Text
    model: Text | None = None
    speed: Speed | None = None
    volume: Annotated[float, Meta(gt=0, le=10)] | None = None


class Terminology(ApiStruct):
    """1.0: a term and its translation."""

    source: Text
    target: Text


class TranslationConfig(ApiStruct):
    """1.0: translation; mode 1 text only, 2 with speech."""

    target_languages: list[Text]
    mode: Literal[1, 2] | None = None
    tts_config: TtsConfig | None = field(default=None, name="TTSConfig")
    terminology: list[Terminology] | None = None


class StartAITranscription(ApiStruct):
    """1.0: StartAITranscription."""

    sdk_app_id: SdkAppId
    room_id: RoomId
    transcription_params: TranscriptionParams
    session_id: Text | None = None
    room_id_type: RoomIdType | None = None
    recognize_config: RecognizeConfig | None = None
    translation_config: TranslationConfig | None = None


class TranscriptionUserInfoParams(ApiStruct):
    """2.0: a user."""

    user_id: UserId


class TranscriptionParam(ApiStruct):
    """2.0: the bot, and whom it hears; the block list wins over the allow list."""

    user_id: UserId
    user_sig: Text
    subscribe_list: list[TranscriptionUserInfoParams] | None = None
    un_subscribe_list: list[TranscriptionUserInfoParams] | None = None
    max_idle_time: Annotated[int, Meta(ge=5, le=86400)] | None = None
    send_custom_mode: Annotated[int, Meta(ge=0, le=2)] | None = None


class AsrParam(ApiStruct):
    """2.0: speech recognition."""

    lang: Text
    vad_silence_time: VadSilenceMs | None = None
    hot_word_list: Text | None = None
    alternative_language: Annotated[list[Text], Meta(max_length=4)] | None = None
    vad_level: VadLevel | None = None
    filter_dirty: Annotated[int, Meta(ge=0, le=2)] | None = None
    filter_modal: Annotated[int, Meta(ge=0, le=2)] | None = None
    filter_punc: Annotated[int, Meta(ge=0, le=1)] | None = None


class TermPair(Terminology):
    """2.0: a term and its translation."""


class TerminologyItem(ApiStruct):
    """2.0: the terms of one target language."""

    target_lang: Text
    terminology: list[TermPair]


class TranslationParam(ApiStruct):
    """2.0: translation."""

    target_lang: list[Text] | None = None
    terminologies: list[TerminologyItem] | None = None


class TtsVoice(ApiStruct):
    """2.0: the voice that reads a translation aloud."""

    voice_id: Text
    speed: Speed | None = None
    volume: Annotated[float, Meta(ge=0, le=10)] | None = None
    pitch: Annotated[int, Meta(ge=-12, le=12)] | None = None


class TtsParam(ApiStruct):
    """2.0: read one speaker's translation aloud, through a robot user of its own."""

    model: Text
    language: Text
    target_user: TranscriptionUserInfoParams
    tts_robot_user: TranscriptionUserInfoParams = field(name="TTSRobotUser")
    voice: TtsVoice


class CreateCloudTranscription(ApiStruct):
    """2.0: CreateCloudTranscription."""

    sdk_app_id: SdkAppId
    room_id: RoomId
    room_id_type: RoomIdType
    transcription_param: TranscriptionParam
    asr_param: AsrParam
    translation_param: TranslationParam | None = None
    tts_param: list[TtsParam] | None = field(default=None, name="TTSParam")
