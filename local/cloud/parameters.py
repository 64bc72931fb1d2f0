"""The actions: every parameter of both editions of Tencent's SDK, with type, range and error code.

Source: Tencent's machine-readable definitions (tccli 3.1.189.1, trtc/v20190722/api.json),
StartAITranscription and CreateCloudTranscription (API documents, product 647) and the models of
tencentcloud-sdk-python-trtc 3.1.177 and -intl-en 3.1.193. Where they disagree, the wider range.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from local.cloud.assumed import Service, Site
from local.cloud.errors import ACTION_CODES, ApiError
from local.cloud.fields import (
    Checker,
    Complaint,
    Field,
    Table,
    choice,
    group,
    integer,
    items,
    number,
    text,
)
from local.cloud.room_ids import complain_user_id
from local.cloud.task_ids import complain_task_id

VERSION = "2019-07-22"
# Source: the actions' API documents of both sites; 1.0 has no list in China, where its Region is optional.
REGIONS: Mapping[tuple[Service, str], tuple[str, ...]] = {
    ("ai", "international"): ("ap-guangzhou", "ap-singapore", "ap-tokyo", "na-siliconvalley"),
    ("cloud", "international"): ("ap-guangzhou", "ap-hongkong", "ap-singapore"),
    ("cloud", "china"): ("ap-beijing", "ap-guangzhou", "ap-hongkong", "ap-shanghai"),
}
# Source: the models of the international SDK 3.1.193, which lack them.
CHINA_ONLY = (
    ("TranscriptionParams", "TargetUserIdList"),
    ("TranscriptionParams", "IMAdminUserId"),
    ("TranscriptionParams", "IMAdminUserSig"),
    ("RecognizeConfig", "Model"),
    ("RecognizeConfig", "TranslationLanguage"),
)
MAX_INT = 2**63 - 1
MAX_SDK_APP_ID = 2**32 - 1
MISSING = "MissingParameter"

# Source: DescribeRoomInfo (document 36754 of the international site, product 647).
ROOM_DATA_REGIONS = ("ap-beijing", "ap-guangzhou", "ap-mumbai", "ap-singapore", "na-toronto")
Limit = Literal["starts_per_s_ai", "starts_per_s_cloud", "describes_per_s", "stops_per_s"]


def complain_hot_words(at_most: int) -> Complaint:
    """`word|weight,…`: words up to 30 characters, weights 1 to 11 or 100."""

    def complain(value: object) -> str | None:
        words = str(value).split(",") if value else []
        if len(words) > at_most:
            return f"must have at most {at_most} hot words"
        return next((c for c in map(_complain_hot_word, words) if c), None)

    return complain


def _complain_hot_word(entry: str) -> str | None:
    word, _, weight = entry.strip().rpartition("|")
    good_weight = re.fullmatch(r"[1-9]|10|11|100", weight, re.ASCII)
    if good_weight and 1 <= len(word) <= 30:
        return None
    return "must be word|weight,…: words of up to 30 characters, weights 1 to 11 or 100"


def _user_id(missing: str | None = None) -> Field:
    return text(missing=missing, complain=complain_user_id)


def _sdk_app_id(missing: str) -> Field:
    return integer(1, MAX_SDK_APP_ID, missing=missing)


_USER: Table = {"UserId": _user_id(MISSING)}
_TERM: Table = {"Source": text(missing=MISSING), "Target": text(missing=MISSING)}

_START_AI_TRANSCRIPTION: Table = {
    "SdkAppId": _sdk_app_id(MISSING),
    "RoomId": text(missing=MISSING),
    "SessionId": text(),
    "RoomIdType": integer(0, 1),
    "TranscriptionParams": group(
        {
            "UserId": _user_id(MISSING),
            "UserSig": text(missing=MISSING),
            "IMAdminUserId": text(),
            "IMAdminUserSig": text(),
            "MaxIdleTime": integer(1, MAX_INT),
            "TranscriptionMode": integer(0, 1),
            "TargetUserId": text(),
            "TargetUserIdList": items(_user_id()),
            "VoicePrint": group({"Mode": integer(0, 1), "IdList": items(text(), at_most=1)}),
            "TurnDetection": group({"SemanticEagerness": choice("low", "medium", "high", "auto")}),
        },
        missing=MISSING,
    ),
    "RecognizeConfig": group(
        {
            "Language": text(),
            "AlternativeLanguage": items(text()),
            "Model": text(),
            "TranslationLanguage": text(),
            "HotWordList": text(complain=complain_hot_words(300)),
            "VadSilenceTime": integer(240, 2000),
            "VadLevel": integer(0, 3),
        }
    ),
    "TranslationConfig": group(
        {
            "TargetLanguages": items(text(), missing=MISSING),
            "Mode": integer(1, 2),
            "TTSConfig": group(
                {
                    "VoiceId": text(missing=MISSING),
                    "Model": choice("flow_01_turbo", "flow_01_ex"),
                    "Speed": number(0.5, 2.0),
                    "Volume": number(0, 10, above=True),
                }
            ),
            "Terminology": items(group(_TERM)),
        }
    ),
}

_CREATE_CLOUD_TRANSCRIPTION: Table = {
    "SdkAppId": _sdk_app_id("MissingParameter.SdkAppId"),
    "RoomId": text(missing="MissingParameter.RoomId"),
    "RoomIdType": integer(0, 1, missing=MISSING),
    "TranscriptionParam": group(
        {
            "UserId": _user_id("MissingParameter.UserId"),
            "UserSig": text(missing="MissingParameter.UserSig"),
            "SubscribeList": items(group(_USER)),
            "UnSubscribeList": items(group(_USER)),
            "MaxIdleTime": integer(5, 86400),
            "SendCustomMode": integer(0, 2),
        },
        missing="MissingParameter.TranscriptionParam",
    ),
    "AsrParam": group(
        {
            "Lang": text(missing="MissingParameter.ASRLang"),
            "VadSilenceTime": integer(240, 2000),
            "HotWordList": text(complain=complain_hot_words(128)),
            "AlternativeLanguage": items(text(), at_most=4),
            "VadLevel": integer(0, 3),
            "FilterDirty": integer(0, 2),
            "FilterModal": integer(0, 2),
            "FilterPunc": integer(0, 1),
        },
        missing="MissingParameter.AsrParam",
    ),
    "TranslationParam": group(
        {
            "TargetLang": items(text()),
            "Terminologies": items(
                group(
                    {
                        "TargetLang": text(missing=MISSING),
                        "Terminology": items(group(_TERM), missing=MISSING),
                    }
                )
            ),
        }
    ),
    "TTSParam": items(
        group(
            {
                "Model": choice("flow_02_turbo", missing=MISSING),
                "Language": text(missing=MISSING),
                "TargetUser": group(_USER, missing=MISSING),
                "TTSRobotUser": group(_USER, missing=MISSING),
                "Voice": group(
                    {
                        "VoiceId": text(missing=MISSING),
                        "Speed": number(0.5, 2.0),
                        "Volume": number(0, 10),
                        "Pitch": integer(-12, 12),
                    },
                    missing=MISSING,
                ),
            }
        )
    ),
}

_AI_TASK_ID = text(
    missing=MISSING, complain=complain_task_id, complaint_code="InvalidParameter.TaskId"
)
_DESCRIBE_AI_TRANSCRIPTION: Table = {
    # Required, and empty where SdkAppId and SessionId say which task.
    "TaskId": replace(_AI_TASK_ID, may_be_empty=True),
    "SdkAppId": integer(0, MAX_SDK_APP_ID),
    "SessionId": text(),
}
_CLOUD_TASK: Table = {
    "SdkAppId": _sdk_app_id("MissingParameter.SdkAppId"),
    "TaskId": text(missing="MissingParameter.TaskId"),
}


_PAGE: Table = {
    "PageNumber": integer(0, MAX_INT),
    "PageSize": replace(integer(1, MAX_INT), complaint_code="InvalidParameter.PageSize"),
}
_ROOM_DATA: Table = {
    "SdkAppId": _sdk_app_id("MissingParameter.SdkAppId"),
    "StartTime": integer(0, MAX_INT, missing="MissingParameter.StartTs"),
    "EndTime": integer(0, MAX_INT, missing="MissingParameter.EndTs"),
    **_PAGE,
}
_DESCRIBE_ROOM_INFO: Table = {**_ROOM_DATA, "RoomId": text()}
_DESCRIBE_USER_INFO: Table = {
    **_ROOM_DATA,
    "CommId": text(missing="MissingParameter.CommId"),
    "UserIds": items(text(), at_most=100),
}


@dataclass(frozen=True)
class Action:
    """What the gateway knows of an action before it runs."""

    name: str
    service: Service | None  # None: of neither, but about rooms
    table: Table
    limit: Limit

    def check_region(self, region: str, site: Site) -> None:
        """Refuse a region that the site has not for this action, or a missing one; raises ApiError."""
        if not region and (self.service != "ai" or site == "international"):
            raise ApiError(self.missing_region_code, "The parameter `Region` is required.")
        sites = ("china", "international") if site == "both" else (site,)
        regions = [*ROOM_DATA_REGIONS] if self.service is None else []
        if self.service:
            regions = [name for one in sites for name in REGIONS.get((self.service, one), ())]
        is_open = self.service == "ai" and "china" in sites
        if region not in regions and not is_open:
            raise ApiError("UnsupportedRegion", f"{self.name} only supports {', '.join(regions)}.")

    @property
    def missing_region_code(self) -> str:
        """Only CreateCloudTranscription documents one of its own."""
        return self._prefer("MissingParameter.Region", MISSING)

    @property
    def value_code(self) -> str:
        """The code for a value out of range: its own where it documents one, else the common one."""
        return self._prefer("InvalidParameter.OutOfRange", "InvalidParameterValue")

    def _prefer(self, own: str, common: str) -> str:
        return own if own in ACTION_CODES[self.name] else common

    def check(self, parameters: object, site: Site, *, from_query: bool) -> dict[str, Any]:
        """The checked parameters; raises ApiError."""
        checked = Checker(self.table, self.value_code).check(parameters, from_query=from_query)
        for group_name, name in CHINA_ONLY if site == "international" else ():
            group_given = checked.get(group_name)
            if isinstance(group_given, dict) and name in group_given:
                place = f"{group_name}.{name}"
                raise ApiError("UnknownParameter", f"The parameter `{place}` is not recognized.")
        return checked


ACTIONS: Mapping[str, Action] = {
    action.name: action
    for action in (
        Action("StartAITranscription", "ai", _START_AI_TRANSCRIPTION, "starts_per_s_ai"),
        Action("DescribeAITranscription", "ai", _DESCRIBE_AI_TRANSCRIPTION, "describes_per_s"),
        Action("StopAITranscription", "ai", {"TaskId": _AI_TASK_ID}, "stops_per_s"),
        Action(
            "CreateCloudTranscription", "cloud", _CREATE_CLOUD_TRANSCRIPTION, "starts_per_s_cloud"
        ),
        Action("DescribeCloudTranscription", "cloud", _CLOUD_TASK, "describes_per_s"),
        Action("DeleteCloudTranscription", "cloud", _CLOUD_TASK, "stops_per_s"),
        Action("DescribeRoomInfo", None, _DESCRIBE_ROOM_INFO, "describes_per_s"),
        Action("DescribeUserInfo", None, _DESCRIBE_USER_INFO, "describes_per_s"),
    )
}
