"""Parameters of the actions: each wrong one has its documented code and is named in the message."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from local.cloud.config import Application
from tests.support.emulator import (
    CONFIG,
    SDK_APP_ID,
    RunningCloud,
    make_user_sig,
    running_cloud,
)

ROOM = {"SdkAppId": SDK_APP_ID, "RoomId": "1234", "RoomIdType": 0}
USER = {"UserId": "amy"}

# Every parameter there is, each at the edge of its range.
START_AI: dict[str, Any] = {
    **ROOM,
    "SessionId": "s",
    "TranscriptionParams": {
        "UserId": "bot",
        "UserSig": make_user_sig("bot"),
        "IMAdminUserId": "admin",
        "IMAdminUserSig": make_user_sig("admin"),
        "MaxIdleTime": 1,
        "TranscriptionMode": 1,
        "TargetUserId": "amy",
        "TargetUserIdList": ["amy", "ben"],
        "VoicePrint": {"Mode": 1, "IdList": ["v"]},
        "TurnDetection": {"SemanticEagerness": "auto"},
    },
    "RecognizeConfig": {
        "Language": "16k_zh_en",
        "AlternativeLanguage": ["en", "ja", "ko", "fr", "de"],
        "Model": "",
        "TranslationLanguage": "en",
        "HotWordList": ",".join(["腾讯云|5", "ASR|11", "tencent cloud|100"] * 100),
        "VadSilenceTime": 240,
        "VadLevel": 3,
    },
    "TranslationConfig": {
        "TargetLanguages": ["ja"],
        "Mode": 2,
        "TTSConfig": {"VoiceId": "v", "Model": "flow_01_ex", "Speed": 2, "Volume": 10},
        "Terminology": [{"Source": "a", "Target": "b"}],
    },
}
CREATE_CLOUD: dict[str, Any] = {
    **ROOM,
    "TranscriptionParam": {
        "UserId": "bot",
        "UserSig": make_user_sig("bot"),
        "SubscribeList": [USER],
        "UnSubscribeList": [{"UserId": "ben"}],
        "MaxIdleTime": 86400,
        "SendCustomMode": 2,
    },
    "AsrParam": {
        "Lang": "bigmodel-zh",
        "VadSilenceTime": 2000,
        "HotWordList": ",".join(["ASR|1"] * 128),
        "AlternativeLanguage": ["en", "ja", "ko", "fr"],
        "VadLevel": 3,
        "FilterDirty": 2,
        "FilterModal": 2,
        "FilterPunc": 1,
    },
    "TranslationParam": {
        "TargetLang": ["en"],
        "Terminologies": [{"TargetLang": "en", "Terminology": [{"Source": "a", "Target": "b"}]}],
    },
    "TTSParam": [
        {
            "Model": "flow_02_turbo",
            "Language": "en",
            "TargetUser": {"UserId": "amy"},
            "TTSRobotUser": {"UserId": "voice"},
            "Voice": {"VoiceId": "v", "Speed": 0.5, "Volume": 0, "Pitch": -12},
        }
    ],
}
REQUESTS = {"StartAITranscription": START_AI, "CreateCloudTranscription": CREATE_CLOUD}
AI, CLOUD = REQUESTS


def refuse(cloud: RunningCloud, action: str, path: str, value: object) -> tuple[str, str]:
    """Code and message for the full request with one value replaced (None: left out)."""
    cloud.advance(1000)
    body = change(REQUESTS[action], path, value)
    error = cloud.call(action, body)["Error"]
    return error["Code"], error["Message"]


def change(request: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The request with the value at a dotted path replaced; None removes it."""
    changed = copy.deepcopy(request)
    *parents, last = path.split(".")
    place: Any = changed
    for parent in parents:
        place = place[int(parent)] if parent.isdigit() else place[parent]
    key: Any = int(last) if last.isdigit() else last
    if value is None:
        del place[key]
    else:
        place[key] = value
    return changed


def test_request_with_every_parameter_is_accepted() -> None:
    with running_cloud() as cloud:
        for action, request in REQUESTS.items():
            assert "TaskId" in cloud.call(action, request), action


@pytest.mark.parametrize(
    ("action", "path", "code"),
    [
        (AI, "SdkAppId", "MissingParameter"),
        (AI, "RoomId", "MissingParameter"),
        (AI, "TranscriptionParams", "MissingParameter"),
        (AI, "TranscriptionParams.UserId", "MissingParameter"),
        (AI, "TranscriptionParams.UserSig", "MissingParameter"),
        (CLOUD, "SdkAppId", "MissingParameter.SdkAppId"),
        (CLOUD, "RoomId", "MissingParameter.RoomId"),
        (CLOUD, "RoomIdType", "MissingParameter"),
        (CLOUD, "TranscriptionParam", "MissingParameter.TranscriptionParam"),
        (CLOUD, "TranscriptionParam.UserId", "MissingParameter.UserId"),
        (CLOUD, "TranscriptionParam.UserSig", "MissingParameter.UserSig"),
        (CLOUD, "TranscriptionParam.SubscribeList.0.UserId", "MissingParameter"),
        (CLOUD, "AsrParam", "MissingParameter.AsrParam"),
        (CLOUD, "AsrParam.Lang", "MissingParameter.ASRLang"),
    ],
)
def test_missing_parameter_has_its_documented_code(
    cloud: RunningCloud, action: str, path: str, code: str
) -> None:
    assert refuse(cloud, action, path, None) == (code, f"The parameter `{path}` is required.")


def test_empty_text_counts_as_missing(cloud: RunningCloud) -> None:
    assert refuse(cloud, CLOUD, "RoomId", "")[0] == "MissingParameter.RoomId"
    assert refuse(cloud, CLOUD, "AsrParam.Lang", "")[0] == "MissingParameter.ASRLang"


@pytest.mark.parametrize(
    ("action", "body", "code"),
    [
        ("DescribeAITranscription", {}, "MissingParameter"),
        ("DescribeAITranscription", {"TaskId": ""}, "MissingParameter"),
        ("DescribeAITranscription", {"TaskId": "", "SdkAppId": 1}, "MissingParameter"),
        ("DescribeAITranscription", {"TaskId": "", "SessionId": "s"}, "MissingParameter"),
        ("StopAITranscription", {}, "MissingParameter"),
        ("DescribeCloudTranscription", {"SdkAppId": 1}, "MissingParameter.TaskId"),
        ("DescribeCloudTranscription", {"TaskId": "t"}, "MissingParameter.SdkAppId"),
        ("DeleteCloudTranscription", {"TaskId": "t"}, "MissingParameter.SdkAppId"),
    ],
)
def test_missing_parameter_of_the_other_actions(
    cloud: RunningCloud, action: str, body: object, code: str
) -> None:
    assert cloud.call(action, body)["Error"]["Code"] == code


@pytest.mark.parametrize(
    ("action", "path", "value"),
    [
        (AI, "SdkAppId", str(SDK_APP_ID)),
        (AI, "SdkAppId", True),
        (AI, "RoomId", 1234),
        (AI, "RoomIdType", "0"),
        (AI, "SessionId", 1),
        (AI, "TranscriptionParams", "bot"),
        (AI, "TranscriptionParams.MaxIdleTime", 60.0),
        (AI, "TranscriptionParams.TargetUserIdList", "amy"),
        (AI, "TranscriptionParams.TargetUserIdList.1", 1),
        (AI, "TranslationConfig.TTSConfig.Speed", "fast"),
        (CLOUD, "TranscriptionParam.SubscribeList", USER),
        (CLOUD, "TranscriptionParam.SubscribeList.0", "amy"),
        (CLOUD, "TTSParam", {"Model": "flow_02_turbo"}),
        (CLOUD, "TTSParam.0.Voice.Pitch", 0.5),
    ],
)
def test_wrong_type_is_invalid_and_named(
    cloud: RunningCloud, action: str, path: str, value: object
) -> None:
    code, message = refuse(cloud, action, path, value)
    assert code == "InvalidParameter"
    assert f"`{path}`" in message


@pytest.mark.parametrize(
    ("action", "path", "value"),
    [
        (AI, "SdkAppId", 0),
        (AI, "SdkAppId", 10**400),
        (AI, "RoomIdType", 2),
        (AI, "RoomId", "abc"),
        (AI, "RoomId", "0"),
        (AI, "RoomId", "4294967295"),
        (AI, "TranscriptionParams.UserId", "x" * 33),
        (AI, "TranscriptionParams.UserId", "a b"),
        (AI, "TranscriptionParams.MaxIdleTime", 0),
        (AI, "TranscriptionParams.TranscriptionMode", 2),
        (AI, "TranscriptionParams.VoicePrint.Mode", 2),
        (AI, "TranscriptionParams.VoicePrint.IdList", ["a", "b"]),
        (AI, "TranscriptionParams.TurnDetection.SemanticEagerness", "keen"),
        (AI, "RecognizeConfig.HotWordList", ",".join(["ASR|1"] * 301)),
        (AI, "RecognizeConfig.HotWordList", "ASR|12"),
        (AI, "RecognizeConfig.HotWordList", "ASR"),
        (AI, "RecognizeConfig.HotWordList", "x" * 31 + "|1"),
        (AI, "RecognizeConfig.VadSilenceTime", 239),
        (AI, "RecognizeConfig.VadSilenceTime", 2001),
        (AI, "RecognizeConfig.VadLevel", 4),
        (AI, "TranslationConfig.Mode", 0),
        (AI, "TranslationConfig.TTSConfig.Model", "flow_03"),
        (AI, "TranslationConfig.TTSConfig.Speed", 0.4),
        (AI, "TranslationConfig.TTSConfig.Volume", 0),
        (CLOUD, "RoomIdType", -1),
        (CLOUD, "RoomId", "01"),
        (CLOUD, "TranscriptionParam.MaxIdleTime", 4),
        (CLOUD, "TranscriptionParam.MaxIdleTime", 86401),
        (CLOUD, "TranscriptionParam.SendCustomMode", 3),
        (CLOUD, "TranscriptionParam.UnSubscribeList.0.UserId", "é"),
        (CLOUD, "AsrParam.HotWordList", ",".join(["ASR|1"] * 129)),
        (CLOUD, "AsrParam.AlternativeLanguage", ["a", "b", "c", "d", "e"]),
        (CLOUD, "AsrParam.VadLevel", -1),
        (CLOUD, "AsrParam.FilterDirty", 3),
        (CLOUD, "AsrParam.FilterModal", 3),
        (CLOUD, "AsrParam.FilterPunc", 2),
        (CLOUD, "TTSParam.0.Model", "flow_01_turbo"),
        (CLOUD, "TTSParam.0.Voice.Speed", 2.1),
        (CLOUD, "TTSParam.0.Voice.Volume", 10.5),
        (CLOUD, "TTSParam.0.Voice.Pitch", 13),
    ],
)
def test_value_out_of_range_has_the_services_code_and_is_named(
    cloud: RunningCloud, action: str, path: str, value: object
) -> None:
    code, message = refuse(cloud, action, path, value)
    assert code == ("InvalidParameterValue" if action == AI else "InvalidParameter.OutOfRange")
    assert f"`{path}`" in message


@pytest.mark.parametrize(
    "path", ["Nonsense", "TranscriptionParam.Nonsense", "TTSParam.0.Voice.Nonsense", "sdkappid"]
)
def test_unknown_parameter_is_refused_and_named(cloud: RunningCloud, path: str) -> None:
    code, message = refuse(cloud, CLOUD, path, 1)
    assert code == "UnknownParameter"
    assert f"`{path}`" in message


@pytest.mark.parametrize(
    ("action", "path", "value", "code"),
    [
        (AI, "SdkAppId", 1, "FailedOperation.SdkAppIdNotUnderAppId"),
        (CLOUD, "SdkAppId", 1, "InvalidParameter.SdkAppId"),
        (AI, "TranscriptionParams.UserSig", make_user_sig("ben"), "InvalidParameter.UserSig"),
        (AI, "TranscriptionParams.UserSig", "abc", "InvalidParameter.UserSig"),
        (AI, "TranscriptionParams.IMAdminUserSig", "abc", "InvalidParameter.UserSig"),
        (AI, "TranscriptionParams.IMAdminUserSig", None, "InvalidParameter.UserSig"),
        (AI, "TranscriptionParams.IMAdminUserId", None, "InvalidParameter.UserSig"),
        (CLOUD, "TranscriptionParam.UserSig", make_user_sig("ben"), "InvalidParameter"),
        (CLOUD, "TTSParam.0.Language", "fr", "InvalidParameter"),
        (CLOUD, "TTSParam.0.TargetUser.UserId", "ben", "InvalidParameter"),
        (CLOUD, "TTSParam.0.TargetUser.UserId", "zoe", "InvalidParameter"),
    ],
)
def test_what_concerns_several_parameters_is_checked(
    cloud: RunningCloud, action: str, path: str, value: object, code: str
) -> None:
    assert refuse(cloud, action, path, value)[0] == code


def test_user_sig_expired_or_of_another_key_or_application_is_refused(cloud: RunningCloud) -> None:
    path = "TranscriptionParam.UserSig"
    for user_sig in (make_user_sig("bot", key="other"), make_user_sig("bot", expire_s=-(10**9))):
        code, message = refuse(cloud, CLOUD, path, user_sig)
        assert (code, "UserSig is refused" in message) == ("InvalidParameter", True)
        assert user_sig not in message
    config = replace(CONFIG, applications=(*CONFIG.applications, Application(2, "other", "")))
    with running_cloud(config) as two:
        error = two.call(CLOUD, change(CREATE_CLOUD, "SdkAppId", 2))["Error"]
    assert error["Code"] == "InvalidParameter"


def test_mode_1_needs_a_target(cloud: RunningCloud) -> None:
    request = change(START_AI, "TranscriptionParams.TargetUserId", None)
    request = change(request, "TranscriptionParams.TargetUserIdList", [])
    error = cloud.call(AI, request)["Error"]
    assert error["Code"] == "MissingParameter"
    assert "TranscriptionParams.TargetUserId" in error["Message"]


def test_null_counts_as_absent() -> None:
    with running_cloud() as cloud:
        body = {**CREATE_CLOUD, "TranslationParam": None, "TTSParam": None}
        assert "TaskId" in cloud.call(CLOUD, body)
