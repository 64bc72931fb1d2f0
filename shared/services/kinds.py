"""What an API error means for a start: one table, every documented code in it; and which say "it is over".

Source: error tables of StartAITranscription and CreateCloudTranscription, the error codes of each
action in Tencent's Go SDK (v1.3.166) and the common error codes of Tencent Cloud API 3.0.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from shared.errors import ApiError

Kind = Literal["exists", "retry", "not_yet", "refused", "account", "credentials"]


class Verdict(NamedTuple):
    """The kind of an error, and whether the start may have happened all the same.

    exists: the task is there already. retry: soon, with back-off. not_yet: also what the API says while
    nobody is in the room, or while a quota is used up. refused: the request is wrong, for good.
    account: the application lacks something, for this service. credentials: a key or a permission is wrong.
    """

    kind: Kind
    may_have_happened: bool


EXISTS = Verdict("exists", may_have_happened=True)
RETRY = Verdict("retry", may_have_happened=False)
RETRY_UNSURE = Verdict("retry", may_have_happened=True)
# Source: CreateCloudTranscription has no code for quota, overload, or a room or anchor not there yet, which
# its backend tells Tencent's client SDKs to retry; StartAITranscription has none for quota but NotAllowed.
NOT_YET = Verdict("not_yet", may_have_happened=False)
REFUSED = Verdict("refused", may_have_happened=False)
ACCOUNT = Verdict("account", may_have_happened=False)
CREDENTIALS = Verdict("credentials", may_have_happened=False)

VERDICTS: dict[str, Verdict] = {
    # StartAITranscription
    "FailedOperation.NotAbility": ACCOUNT,
    "FailedOperation.NotAllowed": NOT_YET,
    "FailedOperation.SdkAppIdNotUnderAppId": ACCOUNT,
    "FailedOperation.TaskExist": EXISTS,
    "InvalidParameter.UserSig": CREDENTIALS,
    "InvalidParameter.UserSigNotAdmin": CREDENTIALS,
    "ResourceInsufficient.RequestRejection": RETRY,
    # CreateCloudTranscription
    "AuthFailure": CREDENTIALS,
    "AuthFailure.UnauthorizedOperation": CREDENTIALS,
    "AuthFailure.UnsupportedOperation": CREDENTIALS,
    "FailedOperation": NOT_YET,
    "FailedOperation.CTUnsupportMethod": REFUSED,
    "InternalError": RETRY_UNSURE,
    "InternalError.CTInternalError": RETRY_UNSURE,
    "InvalidParameter": ACCOUNT,  # Create has no code of its own for a wrong UserSig
    "InvalidParameter.OutOfRange": REFUSED,
    "InvalidParameter.SdkAppId": ACCOUNT,
    "MissingParameter": REFUSED,
    "MissingParameter.ASRLang": REFUSED,
    "MissingParameter.AsrParam": REFUSED,
    "MissingParameter.Region": REFUSED,
    "MissingParameter.RoomId": REFUSED,
    "MissingParameter.SdkAppId": REFUSED,
    "MissingParameter.TranscriptionParam": REFUSED,
    "MissingParameter.UserId": REFUSED,
    "MissingParameter.UserSig": CREDENTIALS,
    "UnsupportedOperation": NOT_YET,
    # the SDK's list for this product, as far as it concerns rooms, tasks and limits
    "AuthFailure.UnRealNameAuthenticated": CREDENTIALS,
    "FailedOperation.RequestRejection": RETRY,
    "FailedOperation.RestrictedConcurrency": RETRY,
    "FailedOperation.RestrictedFrequency": RETRY,
    "FailedOperation.RoomNotExist": RETRY,
    "FailedOperation.SdkAppIdNotExist": ACCOUNT,
    "InternalError.InternalError": RETRY_UNSURE,
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
# What Describe and Stop answer about a task that does not exist, or has ended; subcodes mean the same.
GONE_CODES = {"ai": "FailedOperation.TaskNotExist", "cloud": "ResourceNotFound"}


def classify_error(error: ApiError) -> Verdict:
    """What a failed start means; a code that stands in no table goes by its family, else it is unsure."""
    family = error.code.partition(".")[0]
    verdict = VERDICTS.get(error.code) or VERDICTS.get(family) or RETRY_UNSURE
    if error.code == "ClientNetworkError":  # only the client knows whether anything was sent
        return Verdict("retry", error.may_have_happened)
    return verdict


def is_gone(service: str, error: ApiError) -> bool:
    """Whether Describe or Stop of that service says that the task does not exist any more."""
    return f"{error.code}.".startswith(f"{GONE_CODES[service]}.")
