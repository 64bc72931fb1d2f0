"""The frame of every function: settings and log first; then every error becomes a log line and an answer."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from shared import log
from shared.errors import BugError, RoomscribeError
from shared.scf import Invocation, begin_invocation
from shared.settings import Settings, read_settings

Answer = TypeVar("Answer")


def run_function(
    context: object,
    act: Callable[[Settings, Invocation], Answer],
    answer_error: Callable[[RoomscribeError], Answer],
    *,
    refused: str,
    failed: str,
    answers_trtc: bool = True,
) -> Answer:
    """What `act` returns; an error is logged as `refused` (the caller's mistake) or `failed`, and answered.

    A bug is logged with its places only, because its text may quote what it choked on, and answered as
    a BugError. `answers_trtc`: see `begin_invocation`.
    """
    invocation = begin_invocation(context, answers_trtc=answers_trtc)
    log.begin_logging(invocation)
    try:
        settings = read_settings(os.environ)
        if settings.log_level != log.DEFAULT_LEVEL:
            log.begin_logging(invocation, settings.log_level)
        return act(settings, invocation)
    except RoomscribeError as error:
        log.write_error(refused if error.http_status < 500 else failed, error)
        return answer_error(error)
    except Exception as error:  # noqa: BLE001  a bug
        log.write_crash("function.crashed", error)
        return answer_error(BugError())
