"""Every documented error code stands in the table and means what it should."""

from __future__ import annotations

from typing import get_args

import pytest
from tencentcloud.trtc.v20190722 import errorcodes

from shared.errors import ApiError
from shared.services.kinds import GONE_CODES, VERDICTS, Kind, Verdict, classify_error, is_gone

START_AI = [
    "FailedOperation.NotAbility",
    "FailedOperation.NotAllowed",
    "FailedOperation.SdkAppIdNotUnderAppId",
    "FailedOperation.TaskExist",
    "InvalidParameter.UserSig",
    "InvalidParameter.UserSigNotAdmin",
    "ResourceInsufficient.RequestRejection",
]
CREATE_CLOUD = [
    "AuthFailure",
    "AuthFailure.UnauthorizedOperation",
    "AuthFailure.UnsupportedOperation",
    "FailedOperation",
    "FailedOperation.CTUnsupportMethod",
    "InternalError",
    "InternalError.CTInternalError",
    "InvalidParameter",
    "InvalidParameter.OutOfRange",
    "InvalidParameter.SdkAppId",
    "MissingParameter",
    "MissingParameter.ASRLang",
    "MissingParameter.AsrParam",
    "MissingParameter.Region",
    "MissingParameter.RoomId",
    "MissingParameter.SdkAppId",
    "MissingParameter.TranscriptionParam",
    "MissingParameter.UserId",
    "MissingParameter.UserSig",
    "UnsupportedOperation",
]
SDK_CODES = sorted(value for name, value in vars(errorcodes).items() if name.isupper())


@pytest.mark.parametrize("code", START_AI + CREATE_CLOUD)
def test_every_documented_code_stands_in_the_table(code: str) -> None:
    assert code in VERDICTS


@pytest.mark.parametrize("code", SDK_CODES)
def test_every_code_of_the_sdk_has_a_kind(code: str) -> None:
    verdict = classify_error(ApiError(code))
    family = code.partition(".")[0]
    if code not in VERDICTS and family in ("MissingParameter", "InvalidParameterValue"):
        assert verdict.kind == "refused"
    assert verdict.kind in get_args(Kind)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("FailedOperation.TaskExist", Verdict("exists", may_have_happened=True)),
        ("RequestLimitExceeded", Verdict("retry", may_have_happened=False)),
        ("InternalError.CTInternalError", Verdict("retry", may_have_happened=True)),
        ("InternalError.DBError", Verdict("retry", may_have_happened=True)),
        ("FailedOperation.NotAbility", Verdict("account", may_have_happened=False)),
        ("FailedOperation", Verdict("not_yet", may_have_happened=False)),
        ("FailedOperation.NotAllowed", Verdict("not_yet", may_have_happened=False)),
        ("UnsupportedOperation", Verdict("not_yet", may_have_happened=False)),
        ("InvalidParameter", Verdict("account", may_have_happened=False)),
        ("InvalidParameter.OutOfRange", Verdict("refused", may_have_happened=False)),
        ("InvalidParameter.UserSig", Verdict("credentials", may_have_happened=False)),
        ("AuthFailure.SignatureFailure", Verdict("credentials", may_have_happened=False)),
        ("Brand.NewCode", Verdict("retry", may_have_happened=True)),
    ],
)
def test_each_kind_has_its_verdict(code: str, verdict: Verdict) -> None:
    assert classify_error(ApiError(code)) == verdict


@pytest.mark.parametrize("sent", [True, False])
def test_network_error_is_as_sure_as_the_client(sent: bool) -> None:
    error = ApiError("ClientNetworkError", may_have_happened=sent)
    assert classify_error(error) == Verdict("retry", may_have_happened=sent)


def test_only_an_ended_task_is_gone() -> None:
    assert all(is_gone(service, ApiError(code)) for service, code in GONE_CODES.items())
    assert is_gone("cloud", ApiError("ResourceNotFound.ResourceNotFound"))
    assert not is_gone("cloud", ApiError("ResourceNotFoundAtAll"))
    assert not is_gone("cloud", ApiError("FailedOperation.TaskNotExist"))
    assert not is_gone("ai", ApiError("ResourceNotFound"))
    assert not is_gone("cloud", ApiError("FailedOperation"))
    assert not is_gone("cloud", ApiError("InternalError"))
