"""Checks of the functions that are deployed already: their limits, and where what was said is logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploy.functions import FUNCTIONS, name_function
from deploy.states import MISSING
from local.doctor.finding import Finding
from shared.api.client import Client
from shared.errors import ApiError
from shared.settings import Settings, read_credentials

TIMEOUT_S = 10.0
PLACE = "limits-for-strangers"
READER, CALLBACK = "read_transcript", "trtc_callback"


def check_functions(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Ask SCF about each function that strangers can reach or that must not be kept waiting."""
    client = Client(
        settings.invoke_endpoint,
        settings.ca,
        lambda: read_credentials(environ),
        service="scf",
        version="2018-04-16",
    )

    def ask(action: str, key: str) -> Mapping[str, object]:
        name = name_function(environ, key)
        return client.call(action, {"FunctionName": name}, environ["REGION"], TIMEOUT_S)

    try:
        reserved = {
            one.key: ask("GetReservedConcurrencyConfig", one.key).get("ReservedMem")
            for one in FUNCTIONS
            if one.limited_by
        }
        topics = {key: ask("GetFunction", key).get("ClsTopicId") for key in (READER, CALLBACK)}
    except ApiError as error:
        yield explain_error(error)
        return
    yield from check_limits(reserved)
    yield check_log(topics)


def explain_error(error: ApiError) -> Finding:
    """Why nothing is known of the functions."""
    if error.code in MISSING:
        return Finding("ok", "limits", "not deployed yet: `deploy` sets them")
    text = f"unknown: SCF's API answered {error.code}"
    remedy = "let the user of these keys read functions, or look in SCF's console"
    return Finding("warn", "limits", text, remedy, PLACE)


def check_limits(reserved: Mapping[str, object]) -> Iterator[Finding]:
    """Whether strangers can use up what others need; `reserved` is in MB, by function."""
    for key, reserved_mb in reserved.items():
        if reserved_mb:
            yield Finding("ok", "limits", f"{key}: at most {reserved_mb} MB at once")
        else:
            text = f"{key}: none, so that it may use, and lack, all of the account's quota"
            yield Finding("warn", "limits", text, "run `deploy`, or reserve memory for it", PLACE)


def check_log(topics: Mapping[str, object]) -> Finding:
    """Whether whoever reads the log of callbacks finds there what was said, as SCF logs return values."""
    own, other = topics[READER], topics[CALLBACK]
    if own and own == other:
        text = f"{READER} shares a topic with {CALLBACK}, and SCF may log what it returns: what was said"
        remedy = (
            "give it a topic of its own, or none; whether IgnoreSysLog prevents it is not proven"
        )
        return Finding("warn", "log", text, remedy, PLACE)
    return Finding("ok", "log", f"{READER} has {'a topic of its own' if own else 'no topic'}")
