"""The outbox: events that endpoints are still to be told of, and those that an endpoint never took."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.json import Decoder, encode

from shared.ledger.engine import Cell, Put, Score, Scores, Write
from shared.ledger.events import UNSENT, Entry, outbox_key
from shared.ledger.ledger import Ledger
from shared.transcripts.records import FOR_EVER_MS

DEAD = "dead"  # an index of events that an endpoint never took, by the ms at which they happened


class Outbox:
    """The outbox of a ledger; every method raises LedgerError when the engine does not answer.

    An event is named by `name`, SDKAPPID/ID.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._engine = ledger, ledger.engine
        self._entries = Decoder(Entry)

    def list_due(self, now_ms: int, most: int) -> list[str]:
        """The names of the events of which an endpoint is to be told by now, the longest waiting first."""
        return _list_names(self._engine.list_scores(None, UNSENT, -1, now_ms, most))

    def list_dead(self, most: int) -> list[str]:
        """The names of the events that an endpoint never took, the oldest first."""
        return _list_names(self._engine.list_scores(None, DEAD, -1, FOR_EVER_MS, most))

    def read(self, names: Sequence[str]) -> list[Entry | None]:
        """The entries of these events; None for one that is in the outbox no more."""
        found = [self._engine.read(_tag(name), [_cell(name)])[0] for name in names]
        return [self._decode(raw) if raw else None for raw in found]

    def change(self, name: str, work: Callable[[Entry], None]) -> Entry | None:
        """Let `work` change an entry as if nobody else did meanwhile; None when it is there no more.

        An entry that every endpoint has taken leaves the outbox; one that an endpoint never took is kept
        among the dead. `work` may run again, so it must be pure but for the entry.
        """
        cell = _cell(name)

        def change(seen: list[bytes]) -> tuple[list[Entry], list[Write]]:
            if not seen[0]:
                return [], [Score(UNSENT, name, None), Score(DEAD, name, None)]
            entry = self._decode(seen[0])
            work(entry)
            times = [send.next_at_ms for send in entry.sends.values() if send.next_at_ms]
            is_dead = any(not send.taken and not send.next_at_ms for send in entry.sends.values())
            is_kept = bool(times) or is_dead
            return [entry], [
                Put(cell, encode(entry) if is_kept else b""),
                Score(UNSENT, name, min(times, default=None)),
                Score(DEAD, name, entry.event.at_ms if is_dead else None),
            ]

        return next(iter(self._ledger.exchange(_tag(name), [cell], change)), None)

    def drop(self, name: str) -> None:
        """Take an event out of the outbox."""

        def drop(_seen: list[bytes]) -> tuple[bool, list[Write]]:
            return True, [
                Put(_cell(name), b""),
                Score(UNSENT, name, None),
                Score(DEAD, name, None),
            ]

        self._ledger.exchange(_tag(name), [_cell(name)], drop)

    def _decode(self, raw: bytes) -> Entry:
        return self._ledger.decode(self._entries.decode, raw)


def _list_names(scores: Scores) -> list[str]:
    return [name for name, _ in scores]


def _tag(name: str) -> str:
    return name.partition("/")[0]


def _cell(name: str) -> Cell:
    sdk_app_id, _, event_id = name.partition("/")
    return Cell(outbox_key(sdk_app_id), event_id)
