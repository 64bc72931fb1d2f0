"""The outbox: events that endpoints are still to be told of, and those that an endpoint never took."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.json import Decoder, encode

from shared.ledger.engine import Cell, Put, Score, Write
from shared.ledger.events import UNSENT, Entry, outbox_key, unsent_key
from shared.ledger.ledger import Ledger
from shared.transcripts.records import FOR_EVER_MS

DEAD = "dead"  # an index of events that an endpoint never took, by the ms at which they happened


class Outbox:
    """The outbox of a ledger; every method raises LedgerError when the engine does not answer.

    An event is named by `name`, SDKAPPID/ID, an endpoint by its `Endpoint.key`. Times are ms since 1970.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._engine = ledger, ledger.engine
        self._entries = Decoder(Entry)

    def list_due(self, endpoint: str, now_ms: int, most: int) -> list[str]:
        """The names of the events of which an endpoint is to be told by now, the longest waiting first."""
        return self._list_names(unsent_key(endpoint), now_ms, most)

    def list_waiting(self, most: int, until_ms: int = FOR_EVER_MS) -> list[str]:
        """The names of the events of which an endpoint is to be told by then, the longest waiting first."""
        return self._list_names(UNSENT, until_ms, most)

    def list_dead(self, most: int, until_ms: int = FOR_EVER_MS) -> list[str]:
        """The names of the events until then that an endpoint never took, the oldest first."""
        return self._list_names(DEAD, until_ms, most)

    def read(self, name: str) -> Entry | None:
        """The entry of an event; None for one that is in the outbox no more."""
        (raw,) = self._engine.read(_tag(name), [_cell(name)])
        return self._ledger.decode(self._entries.decode, raw) if raw else None

    def change(self, name: str, work: Callable[[Entry], None]) -> Entry | None:
        """Let `work` change an entry's `sends` as if nobody else did meanwhile; None: it is there no more.

        An entry leaves the outbox when every endpoint of `sends` has taken the event; one that an endpoint
        never took is kept among the dead. `work` may run again, so it must be pure but for the entry.
        """
        cell = _cell(name)

        def change(seen: list[bytes]) -> tuple[Entry | None, list[Write]]:
            if not seen[0]:
                return None, []
            entry = self._ledger.decode(self._entries.decode, seen[0])
            former = list(entry.sends)
            work(entry)
            return entry, _list_writes(name, entry, former)

        return self._ledger.exchange(_tag(name), [cell], change)

    def drop(self, name: str) -> None:
        """Take an event out of the outbox, whoever has been told of it."""
        self.change(name, lambda entry: entry.sends.clear())

    def _list_names(self, index: str, until_ms: int, most: int) -> list[str]:
        return [name for name, _ in self._engine.list_scores(None, index, -1, until_ms, most)]


def _list_writes(name: str, entry: Entry, former: list[str]) -> list[Write]:
    times = {key: send.next_at_ms for key, send in entry.sends.items() if send.next_at_ms}
    is_dead = any(not send.taken and not send.next_at_ms for send in entry.sends.values())
    is_kept = bool(times) or is_dead
    return [
        Put(_cell(name), encode(entry) if is_kept else b""),
        Score(UNSENT, name, min(times.values(), default=None)),
        Score(DEAD, name, entry.event.at_ms if is_dead else None),
        *(
            Score(unsent_key(key), name, times.get(key))
            for key in dict.fromkeys([*former, *entry.sends])
        ),
    ]


def _tag(name: str) -> str:
    return name.partition("/")[0]


def _cell(name: str) -> Cell:
    sdk_app_id, _, event_id = name.partition("/")
    return Cell(outbox_key(sdk_app_id), event_id)
