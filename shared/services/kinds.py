"""What an API error means for a start: one table, every documented code in it.

Source: error tables of StartAITranscription and CreateCloudTranscription, the SDK's error codes
(3.1.177) and the common error codes of Tencent Cloud API 3.0.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from shared.errors import ApiError

Kind = Literal["exists", "retry", "refused", "credentials"]


class Verdict(NamedTuple):
    """The kind of an error, and whether the start may have happened all the same."""

    kind: Kind
    may_have_happened: bool


EXISTS = Verdict("exists", may_have_happened=True)
RETRY = Verdict("retry", may_have_happened=False)
RETRY_UNSURE = Verdict("retry", may_have_happened=True)
REFUSED = Verdict("refused", may_have_happened=False)
CREDENTIALS = Verdict("credentials", may_have_happened=False)

VERDICTS: dict[str, Verdict] = {
    # StartAITranscription
    "FailedOperation.NotAbility": REFUSED,
    "FailedOperation.NotAllowed": REFUSED,
    "FailedOperation.SdkAppIdNotUnderAppId": REFUSED,
    "FailedOperation.TaskExist": EXISTS,
    "InvalidParameter.UserSig": CREDENTIALS,
    "InvalidParameter.UserSigNotAdmin": CREDENTIALS,
    "ResourceInsufficient.RequestRejection": RETRY,
    # CreateCloudTranscription
    "AuthFailure": CREDENTIALS,
    "AuthFailure.UnauthorizedOperation": CREDENTIALS,
    "AuthFailure.UnsupportedOperation": CREDENTIALS,
    "FailedOperation": REFUSED,
    "FailedOperation.CTUnsupportMethod": REFUSED,
    "InternalError": RETRY_UNSURE,
    "InternalError.CTInternalError": RETRY_UNSURE,
    "InvalidParameter": REFUSED,
    "InvalidParameter.OutOfRange": REFUSED,
    "InvalidParameter.SdkAppId": REFUSED,
    "MissingParameter": REFUSED,
    "MissingParameter.ASRLang": REFUSED,
    "MissingParameter.AsrParam": REFUSED,
    "MissingParameter.Region": REFUSED,
    "MissingParameter.RoomId": REFUSED,
    "MissingParameter.SdkAppId": REFUSED,
    "MissingParameter.TranscriptionParam": REFUSED,
    "MissingParameter.UserId": REFUSED,
    "MissingParameter.UserSig": CREDENTIALS,
    "UnsupportedOperation": REFUSED,
    # the SDK's list for this product, as far as it concerns rooms, tasks and limits
    "AuthFailure.UnRealNameAuthenticated": CREDENTIALS,
    "FailedOperation.RequestRejection": RETRY,
    "FailedOperation.RestrictedConcurrency": RETRY,
    "FailedOperation.RestrictedFrequency": RETRY,
    "FailedOperation.RoomNotExist": RETRY,
    "FailedOperation.SdkAppIdNotExist": REFUSED,
    "InternalError.InternalError": RETRY_UNSURE,
    "LimitExceeded.ConcurrencyLimit": RETRY,
    "OperationDenied.FreqOverLimit": RETRY,
    "ResourceNotFound": REFUSED,
    "UnauthorizedOperation.SdkAppId": CREDENTIALS,
    "UnsupportedOperation.TaskLimit": RETRY,
    # common codes and the SDK's own
    "ClientNetworkError": RETRY_UNSURE,
    "ServerNetworkError": RETRY_UNSURE,
    "RequestLimitExceeded": RETRY,
    "RequestLimitExceeded.GlobalRegionUinLimitExceeded": RETRY,
    "RequestLimitExceeded.IPLimitExceeded": RETRY,
    "RequestLimitExceeded.UinLimitExceeded": RETRY,
    "AuthFailure.InvalidAuthorization": CREDENTIALS,
    "AuthFailure.InvalidSecretId": CREDENTIALS,
    "AuthFailure.MFAFailure": CREDENTIALS,
    "AuthFailure.SecretIdNotFound": CREDENTIALS,
    "AuthFailure.SignatureExpire": CREDENTIALS,
    "AuthFailure.SignatureFailure": CREDENTIALS,
    "AuthFailure.TokenFailure": CREDENTIALS,
    "ActionOffline": REFUSED,
    "DryRunOperation": REFUSED,
    "InvalidAction": REFUSED,
    "InvalidParameterValue": REFUSED,
    "InvalidRequest": REFUSED,
    "IpInBlacklist": CREDENTIALS,
    "IpNotInWhitelist": CREDENTIALS,
    "LimitExceeded": RETRY,
    "NoSuchProduct": REFUSED,
    "NoSuchVersion": REFUSED,
    "RequestSizeLimitExceeded": REFUSED,
    "ResourceInUse": RETRY,
    "ResourceInsufficient": RETRY,
    "ResourceUnavailable": RETRY,
    "ResponseSizeLimitExceeded": RETRY_UNSURE,
    "ServiceUnavailable": RETRY_UNSURE,
    "UnauthorizedOperation": CREDENTIALS,
    "UnknownParameter": REFUSED,
    "UnsupportedProtocol": REFUSED,
    "UnsupportedRegion": REFUSED,
}
# Answers of Describe and Stop that say the task has ended; after any other error that is unknown.
GONE_CODES = frozenset(("FailedOperation.TaskNotExist", "FailedOperation.TaskFinished"))


def classify_error(error: ApiError) -> Verdict:
    """What a failed start means; a code that stands in no table goes by its family, else it is unsure."""
    family = error.code.partition(".")[0]
    verdict = VERDICTS.get(error.code) or VERDICTS.get(family) or RETRY_UNSURE
    if error.code == "ClientNetworkError":  # only the client knows whether anything was sent
        return Verdict("retry", error.may_have_happened)
    return verdict


def is_gone(error: ApiError) -> bool:
    """Whether Describe or Stop says that the task no longer exists."""
    return error.code in GONE_CODES
