"""Something happens, or the ledger stops answering, in the midst of what a stage does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from shared.errors import LedgerError
from shared.ledger import Ledger
from tests.support.faked_api import Stage


@dataclass
class Interrupted:
    """A ledger; `meanwhile` comes before the nth use of one of its methods."""

    ledger: Ledger
    method: str
    nth: int
    meanwhile: Callable[[], None]

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.ledger, name)
        if name != self.method:
            return method

        def use(*given: Any, **named: Any) -> Any:
            self.nth -= 1
            if self.nth == 0:
                self.meanwhile()
            return method(*given, **named)

        return use


def interrupt(stage: Stage, method: str, nth: int, meanwhile: Callable[[], None]) -> None:
    """Let something come before the nth use of a method of the stage's ledger from now on."""
    ledger: Any = Interrupted(stage.resources.ledger, method, nth, meanwhile)
    stage.resources = replace(stage.resources, ledger=ledger)


def break_down() -> None:
    """What a ledger does that does not answer."""
    raise LedgerError("LEDGER_URL: it does not answer")
