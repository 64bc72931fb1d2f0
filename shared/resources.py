"""What one invocation works with: settings, rules, ledger, API client, its clock and its deadline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from shared.ledger import Ledger, Session, open_ledger
from shared.rules import Rules
from shared.rules_file import load_rules
from shared.scf import Invocation, now_ms
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.client import Client

Result = TypeVar("Result")

CALL_COLD_S, CALL_WARM_S = 2.0, 2.5
SHORTEST_CALL_S = 0.3  # a call that could not even connect in what is left is not begun


@dataclass(frozen=True)
class Resources:
    """Opened for one invocation; `now_ms` is its clock and `remaining_s` its deadline."""

    settings: Settings
    rules: Rules
    ledger: Ledger
    client: Client
    invocation: Invocation
    now_ms: Callable[[], int] = now_ms

    def change(self, session: Session, work: Callable[[Session], Result]) -> Result:
        """Let `work` change a session in the ledger as it is now, alone."""
        return self.ledger.change(session.room, lambda book: work(book.get(session.id)))

    def call_timeout_s(self) -> float:
        """How long one API call may take now; 0 when it should not be begun any more."""
        most = CALL_COLD_S if self.invocation.cold_start else CALL_WARM_S
        left = min(most, self.invocation.remaining_s())
        return left if left >= SHORTEST_CALL_S else 0


def open_resources(settings: Settings, invocation: Invocation) -> Resources:
    """Open what the settings name; ledger, rules and connections stay open for the next invocation."""
    return Resources(
        settings=settings,
        rules=load_rules(settings.rules_file),
        ledger=open_ledger(settings.ledger_url),
        client=open_client(settings.endpoint, settings.ca),
        invocation=invocation,
    )


@lru_cache(maxsize=2)
def open_client(endpoint: str, ca: str | None) -> Client:
    from shared.client import Client  # the SDK, which ignored events never need

    return Client(endpoint, ca)
