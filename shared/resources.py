"""What one invocation works with: settings, rules, ledger, API client, its clock and its deadline."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar, cast

from msgspec import Struct, field

from shared.errors import LedgerError
from shared.ledger import Ledger, open_ledger
from shared.rules.decision import Rules
from shared.rules.prepared import load_rules
from shared.scf import Invocation, now_ms
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.api.client import Client

Result = TypeVar("Result")

STRANGERS_KEPT = 1_000


class Resources(Struct, frozen=True):
    """Opened for one invocation; `now_ms` is its clock, `sleep` (in seconds) waits on it.

    `granted` are slots of the limiter that were taken for it beforehand, `strangers` TaskIds that
    this instance knows to be somebody else's, as many as it remembers.
    """

    settings: Settings
    rules: Rules
    ledger: Ledger
    client: Client
    invocation: Invocation
    now_ms: Callable[[], int] = now_ms
    sleep: Callable[[float], None] = time.sleep
    granted: list[str] = field(default_factory=list)
    strangers: deque[str] = field(default_factory=lambda: deque(maxlen=STRANGERS_KEPT))

    @property
    def fingerprint(self) -> str:
        """Which package and which settings these are."""
        from shared.fingerprint import take_fingerprint  # late: only what failed asks for it

        return take_fingerprint(self.settings)

    def kept_since_ms(self) -> int:
        """The ms since which what is over is kept, by now."""
        return self.settings.kept_since_ms(self.now_ms())


def open_resources(settings: Settings, invocation: Invocation) -> Resources:
    """Open what the settings name; ledger, rules and connections stay open for the next invocation."""
    try:
        ledger = open_ledger(
            settings.ledger_url, settings.transcript_keep_days, settings.ledger_name
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


@lru_cache(maxsize=4)
def open_strangers(_endpoint: str) -> deque[str]:
    """The strangers at one API, kept for the next invocation."""
    return deque(maxlen=STRANGERS_KEPT)


@lru_cache(maxsize=4)
def open_client(
    endpoint: str, ca: str | None, service: str = "trtc", version: str = "2019-07-22"
) -> Client:
    """The client of one API, kept with its connections."""
    from shared.api.client import Client  # the SDK, which ignored events never need

    return Client(endpoint, ca, service=service, version=version)


class AbsentLedger:
    """Stands for a ledger that could not be opened: whatever is asked of it raises its error."""

    def __init__(self, error: LedgerError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> object:
        raise self._error
