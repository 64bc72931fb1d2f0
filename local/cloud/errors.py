"""Every error code that the emulator can answer, with its message."""

# Source: the error lists of StartAITranscription and CreateCloudTranscription (product 647),
# errorcodes.py of tencentcloud-sdk-python-trtc 3.1.177, and the common error codes of API 3.0.
CODES = {
    # Common to all products
    "ActionOffline": "This API has been taken offline.",
    "AuthFailure": "CAM signature/authentication error.",
    "AuthFailure.InvalidAuthorization": "The Authorization header is not valid TC3-HMAC-SHA256.",
    "AuthFailure.InvalidSecretId": "The SecretId is not a cloud API key.",
    "AuthFailure.MFAFailure": "MFA failed.",
    "AuthFailure.SecretIdNotFound": "The SecretId is not found, please ensure that it is correct.",
    "AuthFailure.SignatureExpire": "The timestamp is more than five minutes off the server's time.",
    "AuthFailure.SignatureFailure": "The provided credentials could not be validated.",
    "AuthFailure.TokenFailure": "The provided token is not valid for this SecretId.",
    "AuthFailure.UnauthorizedOperation": "CAM authentication failed.",
    "AuthFailure.UnRealNameAuthenticated": "The account has not passed identity verification.",
    "AuthFailure.UnsupportedOperation": "Unsupported operation.",
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
    "UnsupportedProtocol": "Only POST with a JSON body and GET with a query string are supported.",
    "UnsupportedRegion": "The API does not support this region.",
    # TRTC's own
    "FailedOperation.CTUnsupportMethod": "The cloud transcription method does not support this.",
    "FailedOperation.NotAbility": "Need to unlock the required ability.",
    "FailedOperation.NotAllowed": "This operation is not allowed, please submit a ticket.",
    "FailedOperation.RequestRejection": "The request is rejected.",
    "FailedOperation.RestrictedConcurrency": "Concurrency is restricted.",
    "FailedOperation.RestrictedFrequency": "Frequency is restricted.",
    "FailedOperation.RoomNotExist": "The room does not exist.",
    "FailedOperation.SdkAppIdNotExist": "The SdkAppId does not exist.",
    "FailedOperation.SdkAppIdNotUnderAppId": "There is no such SdkAppId under this account.",
    "FailedOperation.TaskExist": "Task already exists.",
    "FailedOperation.TaskFinished": "The task has finished.",
    "FailedOperation.TaskNotExist": "The task does not exist.",
    "InternalError.CTInternalError": "Internal errors.",
    "InternalError.InternalError": "Internal error, please retry.",
    "InvalidParameter.OutOfRange": "Parameter value is out of range.",
    "InvalidParameter.SdkAppId": "SdkAppId is incorrect.",
    "InvalidParameter.UserSig": "UserSig is expired or wrong.",
    "InvalidParameter.UserSigNotAdmin": "UserSig is not a super administrator.",
    "LimitExceeded.ConcurrencyLimit": "The number of concurrent tasks exceeds the quota.",
    "MissingParameter.ASRLang": "Missing required parameter: Lang (ASR model).",
    "MissingParameter.AsrParam": "Missing required parameter: AsrParam.",
    "MissingParameter.Region": "Region parameter missing.",
    "MissingParameter.RoomId": "RoomId is missing.",
    "MissingParameter.SdkAppId": "SdkAppId is missing.",
    "MissingParameter.TaskId": "TaskId is missing.",
    "MissingParameter.TranscriptionParam": "The TranscriptionParam parameter is required.",
    "MissingParameter.UserId": "Missing UserId parameter.",
    "MissingParameter.UserSig": "UserSig parameter missing.",
    "OperationDenied.FreqOverLimit": "The frequency limit is exceeded.",
    "ResourceInsufficient.RequestRejection": "Insufficient resources.",
    "ResourceNotFound.ResourceNotFound": "The resource does not exist.",
    "UnauthorizedOperation.SdkAppId": "No permission for this SdkAppId.",
    "UnsupportedOperation.TaskLimit": "The number of tasks exceeds the limit.",
}


class ApiError(Exception):
    """A request that the API refuses; the code is one of CODES."""

    def __init__(self, code: str, message: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or CODES[code]


class RefusedError(Exception):
    """A `/_local` request that cannot be done: an HTTP status of 4xx and one clear sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
