"""Checks that ask the TRTC API: signed calls that change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local.doctor.finding import Finding, Level
from shared.api.client import Client
from shared.errors import ApiError
from shared.remedies import Advice, find_advice
from shared.rules.decision import Rules
from shared.services.kinds import is_gone
from shared.services.service import SERVICES
from shared.settings import Settings, read_credentials

NO_SUCH_TASK = "roomscribe-doctor"
TIMEOUT_S = 10.0

# The beginnings of codes that mean that starts would fail too, and the heading of the guide about each.
PLACES = {
    "AuthFailure": "credentials",
    "AuthFailure.UnauthorizedOperation": "the-run-role",
    "UnauthorizedOperation": "the-run-role",
    "FailedOperation.SdkAppIdNotUnderAppId": "the-run-role",
    "FailedOperation.SdkAppIdNotExist": "trtc-console",
    "InvalidParameter.SdkAppId": "trtc-console",
    "FailedOperation.NotAbility": "trtc-console",
    "FailedOperation.NotAllowed": "trtc-console",
    "UnsupportedRegion": "rules",
    "ClientNetworkError": "the-network",
}
UNKNOWN = Advice(
    "signed well, answered otherwise",
    "if starts fail with it too, look it up in the API's error codes",
)


def check_calls(
    settings: Settings, rules: Rules | None, environ: Mapping[str, str]
) -> Iterator[Finding]:
    """Ask each service that the rules use, for each application, about a task that is not there."""
    client = Client(settings.endpoint, settings.ca, lambda: read_credentials(environ))
    for service, region in find_services(rules):
        for app in settings.applications:
            params = SERVICES[service].name_task(app.sdk_app_id, NO_SUCH_TASK)
            action = SERVICES[service].actions["describe"]
            about = f"{action} in {region or 'no region'} for application {app.sdk_app_id}"
            try:
                client.call(action, params, region, TIMEOUT_S)
            except ApiError as error:
                yield explain_answer(service, error, about)
            else:
                yield Finding("ok", "API", f"{about}: accepted")


def find_services(rules: Rules | None) -> list[tuple[str, str]]:
    """(service, region) of everything the rules may start, each once; without rules, the default."""
    found = {
        (service, str(rule.parameters(service).get("region", "")))
        for rule in (rules.rules if rules else ())
        for service in (rule.service, rule.fallback)
        if service in SERVICES
    }
    return sorted(found) or [("cloud", "ap-singapore")]


def explain_answer(service: str, error: ApiError, about: str) -> Finding:
    """What an error of the API says of the configuration; the API's own words are not repeated."""
    text = f"{about}: {error.code}"
    text += f" (RequestId {error.request_id})" if error.request_id else ""
    if is_unknown_task(service, error):
        return Finding("ok", "API", f"{text}: the signature is right, the task is not there")
    advice = find_advice(error.code) or UNKNOWN
    place = find_place(error.code)
    level: Level = "FAIL" if place else "warn"
    text += f": {advice.reason}"
    return Finding(level, "API", text, advice.remedy, place or "credentials")


def find_place(code: str) -> str:
    """The heading of the guide about an error that starts would meet too; "" for any other."""
    while code and code not in PLACES:
        code = code.rpartition(".")[0]
    return PLACES.get(code, "")


def is_unknown_task(service: str, error: ApiError) -> bool:
    """Whether the API looked for the task that does not exist: then everything else was right.

    Source: error codes of DescribeAITranscription: an id that no task of 1.0 can have is malformed.
    """
    is_malformed = service == "ai" and error.code == "InvalidParameter.TaskId"
    return is_malformed or is_gone(service, error)
