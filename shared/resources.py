"""What one invocation works with: settings, rules, ledger, API client, its clock and its deadline."""

from __future__ import annotations

import json
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
from shared.scf import Invocation, Json, now_ms
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.api.client import Client

Result = TypeVar("Result")

CALL_COLD_S, CALL_WARM_S = 2.0, 2.5
KICK_S = 0.7  # of an invocation that has answered by then
OTHERS_PER_S = 20  # Source: request limits of the Describe, Stop and Delete actions
STRANGERS_KEPT = 1_000
SHORTEST_CALL_S = 0.3  # a call that could not even connect in what is left is not begun


def make_strangers() -> deque[str]:
    """Nobody yet; the oldest are forgotten."""
    return deque(maxlen=STRANGERS_KEPT)


class Resources(Struct, frozen=True):
    """Opened for one invocation; `now_ms` is its clock, `sleep` (in seconds) waits on it.

    `granted` are slots of the limiter that were taken for it beforehand, `strangers` TaskIds that
    this instance knows to be somebody else's.
    """

    settings: Settings
    rules: Rules
    ledger: Ledger
    client: Client
    invocation: Invocation
    now_ms: Callable[[], int] = now_ms
    sleep: Callable[[float], None] = time.sleep
    granted: list[str] = field(default_factory=list)
    strangers: deque[str] = field(default_factory=make_strangers)

    @property
    def fingerprint(self) -> str:
        """Which package and which settings these are."""
        from shared.fingerprint import take_fingerprint  # late: only what failed asks for it

        return take_fingerprint(self.settings)

    def kept_since_ms(self) -> int:
        """The ms since which what is over is kept, by now."""
        return self.settings.kept_since_ms(self.now_ms())

    def call_timeout_s(self) -> float:
        """How long one API call may take now; 0 when it should not be begun any more."""
        most = CALL_COLD_S if self.invocation.cold_start else CALL_WARM_S
        left = min(most, self.invocation.remaining_s())
        return left if left >= SHORTEST_CALL_S else 0

    def find_slot_wait(self, slot: str) -> int:
        """0 when the limiter lets a call like "start/cloud" go out now, else the ms to wait."""
        if slot in self.granted:
            self.granted.remove(slot)
            return 0
        verb, _, service = slot.partition("/")
        per_s = self.settings.starts_per_s[service] if verb == "start" else OTHERS_PER_S
        return self.ledger.take_slot(slot, per_s, self.now_ms())

    def invoke(self, function: str, event: Json) -> None:
        """Run one of our functions asynchronously, beside this invocation; raises ApiError.

        Source: SCF API 2018-04-16, Invoke.
        """
        invocation, settings = self.invocation, self.settings
        client = open_client(settings.invoke_endpoint, settings.ca, "scf", "2018-04-16")
        params = {
            "FunctionName": function,
            "InvocationType": "Event",
            "ClientContext": json.dumps(event),
            "Namespace": invocation.namespace or "default",
        }
        client.call("Invoke", params, invocation.region, KICK_S)


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
    return make_strangers()


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
