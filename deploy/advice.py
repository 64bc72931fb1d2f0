"""What to do about an error of SCF's API, by its code or the beginning of it.

Source: SCF API 2018-04-16, error codes, and the common error codes of API 3.0.
"""

from __future__ import annotations

AGAIN = "Then run this again: it goes on where it stopped."
FALLBACK = "Look the code up in the documentation of SCF's API."
PERMISSION = (
    "These keys may not do it: attach QcloudSCFFullAccess to their user, and let it pass ROLE "
    "(docs/deploy.md#credentials)."
)
SCF_CONSOLE = (
    "Open the console of SCF once and authorise it, which makes the role SCF_QcsRole "
    "(docs/deploy.md#the-account)."
)
BALANCE = "Check the account's balance in the console."
NETWORK = "VPC_ID and SUBNET_ID must be of this account and of REGION (docs/deploy.md#redis)."
RESERVED = (
    "All functions of the account in REGION can reserve its concurrency quota but 12,800 MB: lower "
    "CALLBACK_CONCURRENCY_MB or READ_CONCURRENCY_MB, or set one to 0 (docs/deploy.md#limits-for-strangers)."
)
NO_ROLE = "ROLE must name a role whose carrier is SCF (docs/deploy.md#the-run-role)."
NO_SCF = "SCF is not in REGION; choose another one."
TOO_LARGE = (
    "Make the package anew; without a Redis, ./roomscribe package --without-redis is smaller."
)

# The longest beginning that fits counts.
ADVICE = {
    "AuthFailure": "Check TENCENT_SECRET_ID, TENCENT_SECRET_KEY and the clock; the keys must be of the "
    "same site (China, international) as INVOKE_ENDPOINT (docs/deploy.md#credentials).",
    "AuthFailure.UnauthorizedOperation": PERMISSION,
    "AuthFailure.UnRealNameAuthenticated": "Verify the account's identity (docs/deploy.md#the-account).",
    "ClientNetworkError": "Check INVOKE_ENDPOINT, the network and a proxy.",
    "FailedOperation.AccountInsufficient": BALANCE,
    "FailedOperation.ClsServiceUnregistered": "Open the console of CLS once and activate it "
    "(docs/deploy.md#the-account).",
    "FailedOperation.DeleteTrigger.UrlUsed": "A custom domain uses this function URL: take it away, or "
    "open the URL in SCF's console (enabled, no authentication).",
    "FailedOperation.InsufficientBalance": BALANCE,
    "FailedOperation.OpenService": SCF_CONSOLE,
    "FailedOperation.QcsRoleNotFound": SCF_CONSOLE,
    "FailedOperation.UnOpenedService": SCF_CONSOLE,
    "FailedOperation.ReservedExceedTotal": RESERVED,
    "InvalidParameter.RoleCheck": NO_ROLE,
    "InvalidParameterValue.EnvironmentExceededLimit": "All settings together have at most 4 KB: shorten "
    "TRTC_APPS.",
    "InvalidParameterValue.Vpc": NETWORK,
    "InvalidParameterValue.ZipFile": TOO_LARGE,
    "LimitExceeded": "A quota is used up: SCF's console shows it, and Tencent raises it on request.",
    "LimitExceeded.FunctionVersions": "Delete its oldest versions in SCF's console.",
    "LimitExceeded.FunctionReservedConcurrencyMemory": RESERVED,
    "RequestLimitExceeded": "SCF answered so again and again: wait a minute.",
    "RequestSizeLimitExceeded": TOO_LARGE,
    "ResourceNotFound.Role": NO_ROLE,
    "ResourceNotFound.Vpc": NETWORK,
    "ResourceUnavailable": BALANCE,
    "UnauthorizedOperation": PERMISSION,
    "UnauthorizedOperation.Role": NO_ROLE,
    "UnsupportedOperation.NotSupportRegion": NO_SCF,
    "UnsupportedOperation.Region": NO_SCF,
    "UnsupportedRegion": NO_SCF,
}


def advise(code: str) -> str:
    """What to do about an error."""
    fitting = [beginning for beginning in ADVICE if code.startswith(beginning)]
    return ADVICE[max(fitting, key=len)] if fitting else FALLBACK
