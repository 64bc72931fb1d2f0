"""What one invocation works with: settings, rules, ledger, API client, its clock and its deadline."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct, field

from shared.errors import LedgerError
from shared.ledger import Ledger
from shared.rules.decision import Rules
from shared.scf import Invocation, Json, now_ms
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.api.client import Client

STRANGERS_KEPT = 1_000
KICK_S = 0.7  # of an invocation that has answered by then


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

    def kept_since_ms(self) -> int:
        """The ms since which what is over is kept, by now."""
        return self.settings.kept_since_ms(self.now_ms())

    def invoke(self, function: str, event: Json) -> None:
        """Run one of our functions asynchronously, beside this invocation; raises ApiError.

        Source: SCF API 2018-04-16, Invoke.
        """
        settings, invocation = self.settings, self.invocation
        client = open_client(settings.invoke_endpoint, settings.ca, "scf", "2018-04-16")
        params = {
            "FunctionName": function,
            "InvocationType": "Event",
            "ClientContext": json.dumps(event),
            "Namespace": invocation.namespace or "default",
        }
        client.call("Invoke", params, invocation.region, KICK_S)


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
