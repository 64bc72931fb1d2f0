"""What an API error code means for a start (one table of all documented codes), and which mean "task gone".

Source: error tables of StartAITranscription and CreateCloudTranscription, the error codes of each
action in Tencent's Go SDK (v1.3.166) and the common error codes of Tencent Cloud API 3.0.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from shared.errors import NETWORK, ApiError

Kind = Literal["exists", "retry", "not_yet", "refused", "account", "credentials"]


class Verdict(NamedTuple):
    """The kind of an error, and whether the start may have happened all the same.

    exists: the task is there already. retry: soon, with back-off. not_yet: also what the API says while
    nobody is in the room, or while a quota is used up. refused: the request is wrong, for good.
    account: the application lacks something, for this service. credentials: a key or a permission is wrong.
    """

    kind: Kind
    may_have_happened: bool


# Source: CreateCloudTranscription has no code for quota, overload, or a room or anchor not there yet, which
# its backend tells Tencent's client SDKs to retry; StartAITranscription has none for quota but NotAllowed.
# Nor has CreateCloudTranscription one for a wrong UserSig: it says InvalidParameter.
RETRY_UNSURE = Verdict("retry", may_have_happened=True)
CODES: dict[Verdict, str] = {
    Verdict("exists", may_have_happened=True): "FailedOperation.TaskExist",
    Verdict("retry", may_have_happened=False): """
        FailedOperation.RequestRejection FailedOperation.RestrictedConcurrency
        FailedOperation.RestrictedFrequency FailedOperation.RoomNotExist
        RequestLimitExceeded RequestLimitExceeded.GlobalRegionUinLimitExceeded
        RequestLimitExceeded.IPLimitExceeded RequestLimitExceeded.UinLimitExceeded
        ResourceInsufficient ResourceInsufficient.RequestRejection
        LimitExceeded OperationDenied.FreqOverLimit ResourceInUse ResourceUnavailable
        UnsupportedOperation.TaskLimit
    """,
    RETRY_UNSURE: """
        InternalError InternalError.CTInternalError InternalError.InternalError
        ClientNetworkError ResponseSizeLimitExceeded ServerNetworkError ServiceUnavailable
    """,
    Verdict("not_yet", may_have_happened=False): """
        FailedOperation FailedOperation.NotAllowed
        UnsupportedOperation
    """,
    Verdict("refused", may_have_happened=False): """
        MissingParameter MissingParameter.ASRLang MissingParameter.AsrParam
        MissingParameter.Region MissingParameter.RoomId MissingParameter.SdkAppId
        MissingParameter.TranscriptionParam MissingParameter.UserId
        ActionOffline DryRunOperation FailedOperation.CTUnsupportMethod InvalidAction
        InvalidParameter.OutOfRange InvalidParameterValue InvalidRequest NoSuchProduct
        NoSuchVersion RequestSizeLimitExceeded ResourceNotFound UnknownParameter
        UnsupportedProtocol UnsupportedRegion
    """,
    Verdict("account", may_have_happened=False): """
        FailedOperation.NotAbility FailedOperation.SdkAppIdNotExist
        FailedOperation.SdkAppIdNotUnderAppId
        InvalidParameter InvalidParameter.SdkAppId
    """,
    Verdict("credentials", may_have_happened=False): """
        AuthFailure AuthFailure.InvalidAuthorization AuthFailure.InvalidSecretId
        AuthFailure.MFAFailure AuthFailure.SecretIdNotFound AuthFailure.SignatureExpire
        AuthFailure.SignatureFailure AuthFailure.TokenFailure
        AuthFailure.UnRealNameAuthenticated AuthFailure.UnauthorizedOperation
        AuthFailure.UnsupportedOperation
        InvalidParameter.UserSig InvalidParameter.UserSigNotAdmin
        UnauthorizedOperation UnauthorizedOperation.SdkAppId
        IpInBlacklist IpNotInWhitelist MissingParameter.UserSig
    """,
}
VERDICTS = {code: verdict for verdict, codes in CODES.items() for code in codes.split()}
# What Describe and Stop answer about a task that does not exist, or has ended; subcodes mean the same.
GONE_CODES = {"ai": "FailedOperation.TaskNotExist", "cloud": "ResourceNotFound"}


def classify_error(error: ApiError) -> Verdict:
    """The Verdict on a failed start.

    A code that no table lists has that of its family, else it counts as one that may have happened and
    is tried again.
    """
    family = error.code.partition(".")[0]
    if family == NETWORK:  # only the client knows whether anything was sent
        return Verdict("retry", error.may_have_happened)
    return VERDICTS.get(error.code) or VERDICTS.get(family) or RETRY_UNSURE


def is_gone(service: str, error: ApiError) -> bool:
    """Whether Describe or Stop of that service says that the task does not exist any more."""
    return f"{error.code}.".startswith(f"{GONE_CODES[service]}.")
