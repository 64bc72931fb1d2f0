"""The outbox: events that endpoints are still to be told of, and those that an endpoint never took."""

from __future__ import annotations

from collections.abc import Callable

from shared.ledger.engine import Write
from shared.ledger.events import ENTRIES, Entry, outbox_cell, write_entry
from shared.ledger.ledger import Ledger
from shared.transcripts.records import FOR_EVER_MS


class Outbox:
    """The outbox of a ledger; every method raises LedgerError when the engine does not answer.

    An event is named by `name`, SDKAPPID/ID, an endpoint by its `Endpoint.key`. Times are ms since 1970.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._engine = ledger, ledger.engine

    def list_names(self, index: str, most: int, until_ms: int = FOR_EVER_MS) -> list[str]:
        """The names of the events in an index, the lowest time first.

        UNSENT and `unsent_key` have those of which any endpoint, or that one, is to be told by then; DEAD
        those until then that an endpoint never took.
        """
        return [name for name, _ in self._engine.list_scores(None, index, -1, until_ms, most)]

    def read(self, name: str) -> Entry | None:
        """The entry of an event; None for one that is in the outbox no more."""
        (raw,) = self._engine.read(_tag(name), [outbox_cell(name)])
        return self._ledger.decode(ENTRIES.decode, raw) if raw else None

    def change(self, name: str, work: Callable[[Entry], None]) -> Entry | None:
        """Let `work` change an entry's `sends` as if nobody else did meanwhile; None: it is there no more.

        See `write_entry`. `work` may run again, so it must be pure but for the entry.
        """

        def change(seen: list[bytes]) -> tuple[Entry | None, list[Write]]:
            if not seen[0]:
                return None, []
            entry = self._ledger.decode(ENTRIES.decode, seen[0])
            former = list(entry.sends)
            work(entry)
            return entry, write_entry(entry, former)

        return self._ledger.exchange(_tag(name), [outbox_cell(name)], change)

    def drop(self, name: str) -> None:
        """Take an event out of the outbox, whoever has been told of it."""
        self.change(name, lambda entry: entry.sends.clear())


def _tag(name: str) -> str:
    return name.partition("/")[0]
