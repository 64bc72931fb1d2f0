"""The frame of every function: settings and log first, then what it works with; every error is answered."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar, cast

from shared import log
from shared.errors import BugError, LedgerError, RoomscribeError
from shared.scf import Invocation, begin_invocation
from shared.settings import Settings, read_settings

if TYPE_CHECKING:
    from shared.ledger import Ledger
    from shared.resources import Resources

Answer = TypeVar("Answer")


def run_function(
    context: object,
    act: Callable[[Settings, Invocation], Answer],
    answer_error: Callable[[RoomscribeError], Answer],
    *,
    refused: log.Message,
    failed: log.Message,
    answers_trtc: bool = True,
) -> Answer:
    """What `act` returns; an error is logged as `refused` (the caller's mistake) or `failed`, and answered.

    A bug is logged with its places only, because its text may quote what it choked on, and answered as
    a BugError. `answers_trtc`: see `begin_invocation`.
    """
    invocation = begin_invocation(context, answers_trtc=answers_trtc)
    log.begin_logging(invocation)
    try:
        settings = read_own_settings()
        if settings.log_level != log.DEFAULT_LEVEL:
            log.begin_logging(invocation, settings.log_level)
        return act(settings, invocation)
    except RoomscribeError as error:
        log.write_error(refused if error.http_status < 500 else failed, error)
        return answer_error(error)
    except Exception as error:  # noqa: BLE001  a bug
        log.write_crash("function.crashed", error)
        return answer_error(BugError())


@lru_cache(maxsize=1)
def read_own_settings() -> Settings:
    """The settings of this instance, whose environment never changes; raises SettingsError."""
    return read_settings(os.environ)


def open_resources(settings: Settings, invocation: Invocation) -> Resources:
    """Open what the settings name; ledger, rules and connections stay open for the next invocation."""
    # late: an event that is refused or ignored needs no ledger and no API client
    from shared.ledger import open_ledger
    from shared.resources import AbsentLedger, Resources, open_client, open_strangers
    from shared.rules.decision import load_rules

    url, keep_days, name = settings.ledger_url, settings.transcript_keep_days, settings.ledger_name
    try:
        ledger = open_ledger(
            url, keep_days, name, tells=tuple(endpoint.key for endpoint in settings.endpoints)
        )
    except LedgerError as error:  # a room that is created starts without it
        ledger = cast("Ledger", AbsentLedger(error))
    return Resources(
        settings=settings,
        rules=load_rules(settings.rules_file, settings.site),
        ledger=ledger,
        client=open_client(settings.endpoint, settings.ca),
        invocation=invocation,
        strangers=open_strangers(settings.endpoint),
    )
