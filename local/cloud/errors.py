"""Every error code that the emulator can answer, with its message, and which action has which.

Source: the error codes of each action in the comments of tencentcloud-sdk-go 1.3.166 and
tencentcloud-sdk-go-intl-en 3.0.1474 (trtc/v20190722/client.go, 2026-08-21; both the same), the error
lists of StartAITranscription and CreateCloudTranscription (product 647), and the common error codes
of API 3.0.
"""

from collections.abc import Mapping

# Those of API 3.0 itself: any action of any product may answer them.
COMMON_CODES: Mapping[str, str] = {
    "ActionOffline": "This API has been taken offline.",
    "AuthFailure.InvalidAuthorization": "The Authorization header is not valid TC3-HMAC-SHA256.",
    "AuthFailure.InvalidSecretId": "The SecretId is not a cloud API key.",
    "AuthFailure.MFAFailure": "MFA failed.",
    "AuthFailure.SecretIdNotFound": "The SecretId is not found, please ensure that it is correct.",
    "AuthFailure.SignatureExpire": "The timestamp is more than five minutes off the server's time.",
    "AuthFailure.SignatureFailure": "The provided credentials could not be validated.",
    "AuthFailure.TokenFailure": "The provided token is not valid for this SecretId.",
    "AuthFailure.UnauthorizedOperation": "CAM authentication failed.",
    "DryRunOperation": "The request would have succeeded, but DryRun was set.",
    "FailedOperation": "Operation failed.",
    "InternalError": "Internal error.",
    "InvalidAction": "The API does not exist.",
    "InvalidParameter": "Parameter error.",
    "InvalidParameterValue": "The parameter value is invalid.",
    "InvalidRequest": "The request body is not valid JSON.",
    "IpInBlacklist": "The IP address is in the blacklist.",
    "IpNotInWhitelist": "The IP address is not in the allowlist.",
    "LimitExceeded": "Quota limit exceeded.",
    "MissingParameter": "Missing parameter.",
    "NoSuchProduct": "The product does not exist.",
    "NoSuchVersion": "The API version does not exist.",
    "RequestLimitExceeded": "The number of requests exceeds the frequency limit.",
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": "The account exceeds the frequency limit.",
    "RequestLimitExceeded.IPLimitExceeded": "The IP exceeds the frequency limit.",
    "RequestLimitExceeded.UinLimitExceeded": "The account exceeds the frequency limit.",
    "RequestSizeLimitExceeded": "The request is larger than 10 MB.",
    "ResourceInUse": "The resource is in use.",
    "ResourceInsufficient": "Insufficient resources.",
    "ResourceNotFound": "The resource does not exist.",
    "ResourceUnavailable": "The resource is unavailable.",
    "ResponseSizeLimitExceeded": "The response is too large.",
    "ServiceUnavailable": "The service is temporarily unavailable.",
    "UnauthorizedOperation": "Unauthorized operation.",
    "UnknownParameter": "Unknown parameter.",
    "UnsupportedOperation": "Unsupported operation.",
    "UnsupportedProtocol": "Only GET, and POST with a JSON or form body, are supported.",
    "UnsupportedRegion": "The API does not support this region.",
}

_START_AI_TRANSCRIPTION: Mapping[str, str] = {
    "FailedOperation.NotAbility": "Need to unlock the required ability.",
    "FailedOperation.NotAllowed": "This operation is not allowed, please submit a ticket.",
    "FailedOperation.SdkAppIdNotUnderAppId": "There is no such SdkAppId under this account.",
    "FailedOperation.TaskExist": "Task already exists.",
    "InvalidParameter.UserSig": "UserSig is expired or wrong.",
    "InvalidParameter.UserSigNotAdmin": "UserSig is not a super administrator.",
    "ResourceInsufficient.RequestRejection": "Insufficient resources.",
}
_AI_TASK: Mapping[str, str] = {
    "FailedOperation.TaskNotExist": "The task does not exist, or has ended.",
    "InvalidParameter.TaskId": "TaskId is malformed.",
}

# What CreateCloudTranscription, DescribeCloudTranscription and DeleteCloudTranscription share.
_CLOUD: Mapping[str, str] = {
    "AuthFailure": "CAM signature/authentication error.",
    "AuthFailure.UnauthorizedOperation": "CAM authentication failed.",
    "AuthFailure.UnsupportedOperation": "Unsupported operation.",
    "FailedOperation.CTUnsupportMethod": "The cloud transcription method does not support this.",
    "InternalError": "Internal error.",
    "InternalError.CTInternalError": "Internal errors.",
    "InvalidParameter": "Parameter error.",
    "InvalidParameter.SdkAppId": "SdkAppId is incorrect.",
    "MissingParameter.RoomId": "RoomId is missing.",
    "MissingParameter.SdkAppId": "SdkAppId is missing.",
    "MissingParameter.UserId": "Missing UserId parameter.",
}
_OUT_OF_RANGE: Mapping[str, str] = {
    "InvalidParameter.OutOfRange": "Parameter value is out of range."
}
_CREATE_CLOUD_TRANSCRIPTION: Mapping[str, str] = {
    **_CLOUD,
    **_OUT_OF_RANGE,
    "FailedOperation": "Operation failed.",
    "MissingParameter": "Missing parameter.",
    "MissingParameter.ASRLang": "Missing required parameter: Lang (ASR model).",
    "MissingParameter.AsrParam": "Missing required parameter: AsrParam.",
    "MissingParameter.Region": "Region parameter missing.",
    "MissingParameter.TranscriptionParam": "The TranscriptionParam parameter is required.",
    "MissingParameter.UserSig": "UserSig parameter missing.",
    "UnsupportedOperation": "Unsupported operation.",
}
_CLOUD_TASK: Mapping[str, str] = {
    **_CLOUD,
    "MissingParameter.TaskId": "TaskId is missing.",
    "ResourceNotFound": "The resource does not exist.",
}

# Source: as above, DescribeRoomInfo and DescribeUserInfo.
_ROOM_DATA: Mapping[str, str] = {
    "InternalError": "Internal error.",
    "InternalError.DBError": "Database query exception.",
    "InternalError.HttpParaseFalied": "Failed to parse the HTTP request.",
    "InternalError.InterfaceErr": "API error.",
    "InternalError.MethodErr": "Unsupported method.",
    "InvalidParameter.BodyParamsError": "Failed to parse the parameters in the body.",
    "InvalidParameter.EndTs": "EndTs is incorrect.",
    "InvalidParameter.PageNumber": "PageNumber is incorrect.",
    "InvalidParameter.PageSize": "PageSize is incorrect.",
    "InvalidParameter.PageSizeOversize": "PageSize exceeds 100.",
    "InvalidParameter.QueryScaleOversize": "The query range exceeds the documented limit.",
    "InvalidParameter.SdkAppId": "SdkAppId is incorrect.",
    "InvalidParameter.StartTimeOversize": "The query start time exceeds the limit of the current version "
    "of the monitoring dashboard.",
    "InvalidParameter.StartTs": "StartTs is incorrect.",
    "InvalidParameter.StartTsOversize": "The query start time exceeds the documented limit.",
    "MissingParameter.CommIdOrSdkAppId": "SdkAppId or CommID is missing.",
    "MissingParameter.EndTs": "endTS_s is missing.",
    "MissingParameter.SdkAppId": "SdkAppId is missing.",
    "MissingParameter.StartTs": "startTS_s is missing.",
}

# What each action's own document lists.
ACTION_CODES: Mapping[str, Mapping[str, str]] = {
    "StartAITranscription": _START_AI_TRANSCRIPTION,
    "DescribeAITranscription": _AI_TASK,
    "StopAITranscription": _AI_TASK,
    "CreateCloudTranscription": _CREATE_CLOUD_TRANSCRIPTION,
    "DescribeCloudTranscription": {**_CLOUD_TASK, "FailedOperation": "Operation failed."},
    "DeleteCloudTranscription": {
        **_CLOUD_TASK,
        **_OUT_OF_RANGE,
        "AuthFailure.UnRealNameAuthenticated": "The account has not passed identity verification.",
    },
    "DescribeRoomInfo": {
        **_ROOM_DATA,
        "InternalError.EsQueryError": "ES query exception.",
        "InvalidParameter.UrlParamsError": "Failed to parse the parameters in the URL.",
        "InvalidParameter.UserId": "UserId is incorrect.",
        "MissingParameter.RoomNum": "RoomNum is missing.",
    },
    "DescribeUserInfo": {
        **_ROOM_DATA,
        "InvalidParameter": "Parameter error.",
        "InvalidParameter.EncodeParams": "EncodeParams is incorrect.",
        "MissingParameter": "Missing parameter.",
        "MissingParameter.CommId": "CommId is missing.",
    },
}

# What CreateCloudTranscription's document does not list and a quota may say all the same: its siblings,
# as CreateCloudRecording, have it. See CloudConfig.quota_code_cloud.
SIBLING_CODES: Mapping[str, str] = {
    "FailedOperation.RestrictedConcurrency": "Concurrency is restricted.",
}

MESSAGES: Mapping[str, str] = {
    code: message
    for codes in (SIBLING_CODES, COMMON_CODES, *ACTION_CODES.values())
    for code, message in codes.items()
}


class ApiError(Exception):
    """A request that the API refuses; other products behind the gateway bring messages of their own."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or MESSAGES[code]


class UndocumentedCodeError(Exception):
    """A bug of the emulator: it was about to answer a code that the action does not have."""


class RefusedError(Exception):
    """A `/_local` request that cannot be done: an HTTP status of 4xx and one clear sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def has_code(action: str, code: str) -> bool:
    """Whether an action can answer a code; of another product's actions nothing is known."""
    own = ACTION_CODES.get(action)
    by_siblings = action == "CreateCloudTranscription" and code in SIBLING_CODES
    return own is None or code in own or code in COMMON_CODES or by_siblings


def list_codes(action: str) -> list[str]:
    """The codes that one of these actions can answer, its own first."""
    own, known = ACTION_CODES[action], COMMON_CODES.keys() | SIBLING_CODES.keys()
    return [*sorted(own), *sorted(code for code in known - own.keys() if has_code(action, code))]


def check_code(action: str, code: str) -> None:
    """Raise UndocumentedCodeError where an action cannot answer that code."""
    if not has_code(action, code):
        raise UndocumentedCodeError(f"{action} has no error code {code}")
