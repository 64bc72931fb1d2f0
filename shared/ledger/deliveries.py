"""Transcripts on their way to their owners: which are to be delivered, and what was delivered of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct
from msgspec.json import Decoder, encode

from shared.ledger.document import Session
from shared.ledger.engine import Cell, Move, Put, Score, Write
from shared.ledger.events import Event, post
from shared.ledger.layout import OVER, UNDELIVERED, SaidKeys, delivered_cell
from shared.ledger.ledger import Ledger


class Delivery(Struct, frozen=True, omit_defaults=True):
    """What was delivered of a session's transcript last: its version and layout, and what is in it.

    `version` 0: nothing yet. `deleted` is the version of the last deletion that was carried out. `files`
    are the names of the objects in the archive; `digest` proves the one that has the ledger's own records.
    `left_ledger`: sentences up to that version are in the archive alone.
    """

    version: int = 0
    layout: str = ""
    deleted: int = 0
    at_ms: int = 0
    sentences: int = 0
    speakers: list[str] = []
    languages: list[str] = []
    files: list[str] = []
    digest: str = ""
    left_ledger: bool = False


class Kept(NamedTuple):
    """What the ledger keeps of a session and of its delivery; `seen` is what the cells held that say so."""

    session: Session | None
    delivery: Delivery
    seen: Mapping[Cell, bytes]


class Deliveries:
    """The deliveries of a ledger; every method raises LedgerError when the engine does not answer."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self._engine = ledger, ledger.engine
        self._deliveries = Decoder(Delivery)

    def list_due(self, now_ms: int, most: int) -> list[str]:
        """The sessions of which something is to be delivered by now, the longest waiting first."""
        found = self._engine.list_scores(None, UNDELIVERED, 0, now_ms, most)
        return [session_id for session_id, _ in found]

    def list_over(self, before_ms: int, most: int) -> list[str]:
        """The sessions that were over before then, the first that closed first."""
        found = self._engine.list_scores(None, OVER, 0, before_ms - 1, most)
        return [session_id for session_id, _ in found]

    def read(self, session_id: str) -> Kept:
        """A session, if it is still kept, and what was delivered of it."""
        cell = delivered_cell(session_id)
        session, seen = self.ledger.read_session(session_id, [cell])
        raw = seen.get(cell)
        delivery = self.ledger.decode(self._deliveries.decode, raw) if raw else Delivery()
        return Kept(session, delivery, seen)

    def note(
        self,
        session_id: str,
        kept: Kept,
        delivery: Delivery,
        next_at_ms: int | None,
        events: Iterable[Event] = (),
    ) -> bool:
        """Keep what was delivered, with the events that follow; False when the session changed meanwhile.

        `next_at_ms` is when to look at the session again, None when that is not needed.
        """
        tag = session_id.partition("/")[0]
        writes: list[Write] = [
            Put(delivered_cell(session_id), encode(delivery) if kept.session else b""),
            Score(UNDELIVERED, session_id, next_at_ms),
        ]
        if self.ledger.tells:
            writes += (write for event in events for write in post(event))
        with self._engine.changing():
            cells = [*kept.seen]
            if self._engine.read(tag, cells) != [*kept.seen.values()]:
                return False
            return self._engine.swap(tag, kept.seen, writes) is not None

    def drop_sentences(self, session_id: str, version: int) -> bool:
        """Let the sentences leave the ledger, if the transcript still has that version."""
        keys = SaidKeys(session_id)

        def drop(seen: list[bytes]) -> tuple[bool, list[Write]]:
            is_same = int(seen[0] or 0) == version
            writes = [Move(key, "") for key in (keys.sentences, keys.versions)]
            return is_same, [*writes] if is_same else []

        return self.ledger.exchange(keys.tag, [keys.version], drop)
