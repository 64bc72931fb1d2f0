"""The ledger: what all instances know of rooms, people, and what was said, kept in the store of an engine."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec.json import Decoder, encode

from shared.ledger.document import Session
from shared.ledger.engine import Cell, Engine, Keep, Move, Number, Put, Write
from shared.ledger.forgetting import Forgotten, forget_piece
from shared.ledger.keys import SaidKeys
from shared.ledger.rooms import RoomLedger
from shared.settings import KEEP_DAYS
from shared.transcripts.records import (
    FOR_EVER_MS,
    KEYS_KEPT,
    Deletion,
    SentenceNews,
    merge_sentence,
)

ALL = 1_000_000  # sentences: more than any session has


class Version(NamedTuple):
    """How often a transcript has changed, and at which of these changes it was last deleted (0: never)."""

    latest: int = 0
    deleted: int = 0


class Ledger(RoomLedger):
    """Keeps what all instances know; every method raises LedgerError when the engine does not answer.

    Safe to use from several threads. Each method is done wholly or not at all, and what it has
    returned survives the death of every process. All times are ms since 1970, given by the caller.
    """

    def __init__(self, engine: Engine, keep_days: int = KEEP_DAYS) -> None:
        super().__init__(engine, keep_days)
        self._news = Decoder(SentenceNews)
        self._deletions = Decoder(Deletion)

    def keep_sentence(self, session: Session, news: SentenceNews) -> bool:
        """Merge what a callback told of a sentence into what is known of it; whether it was new.

        The order in which callbacks come, and how often, makes no difference. What was deleted is
        not kept again.
        """
        keys = SaidKeys(session.id)
        cells = (Cell(keys.sentences, news.key), keys.deletion)

        def attempt() -> bool | None:
            seen = self._engine.read(keys.tag, cells)
            known = self._decode(self._news.decode, seen[0]) if seen[0] else None
            merged = merge_sentence(known, news)
            if merged is known or self._open_deletion(seen[1]).covers(news):
                return False
            writes: list[Write] = [
                Put(cells[0], encode(merged)),
                Number(keys.version, keys.versions, news.key),
                *keys.keep(self._keeping.find_s(session)),
            ]
            return self._swap(keys.tag, cells, seen, writes)

        return self._take_turns(attempt)

    def read_version(self, session: Session) -> Version:
        """How often anything in the session's transcript has changed so far."""
        keys = SaidKeys(session.id)
        version, deletion = self._engine.read(keys.tag, (keys.version, keys.deletion))
        return Version(int(version or 0), self._open_deletion(deletion).version)

    def list_sentences(self, session: Session, since: int) -> list[SentenceNews]:
        """What is known of each sentence that changed after version `since`."""
        keys = SaidKeys(session.id)
        found = self._engine.list_scores(keys.tag, keys.versions, since, FOR_EVER_MS, ALL)
        bodies = self._engine.read(keys.tag, [Cell(keys.sentences, key) for key, _ in found])
        return [
            msgspec.structs.replace(self._decode(self._news.decode, raw), version=version)
            for (_, version), raw in zip(found, bodies, strict=True)
            if raw  # else it was deleted meanwhile
        ]

    def forget_sentences(self, session: Session, until_ms: int) -> int:
        """Delete what was said in a session, for good; how many sentences there were.

        What happened until `until_ms` is not kept again (see `Deletion`). `erase_traces` comes after it.
        """
        keys = SaidKeys(session.id)
        cells = (keys.version, keys.deletion)

        def attempt() -> int | None:
            seen = self._engine.read(keys.tag, cells)
            found = self._engine.list_scores(keys.tag, keys.versions, 0, FOR_EVER_MS, ALL)
            last = [key for key, _ in found[: -KEYS_KEPT - 1 : -1]]
            deletion = self._open_deletion(seen[1]).follow(until_ms, int(seen[0] or 0), last)
            writes: list[Write] = [
                *(Move(key, "") for key in (keys.sentences, keys.versions)),
                Put(keys.version, b"%d" % deletion.version),
                Put(keys.deletion, encode(deletion)),
                Keep(keys.deletion.key, self._keeping.find_s(session)),
            ]
            return len(found) if self._swap(keys.tag, cells, seen, writes) else None

        return self._take_turns(attempt)

    def forget_old(self, before_ms: int) -> Forgotten:
        """Delete some of what was over before then: closed sessions with people and sentences, tombstones.

        To be asked again until nothing was deleted: each time is short; then `erase_traces`. What is
        open, lives or is due stays. An engine whose records end by themselves has nothing to delete.
        """
        if self._engine.expires:
            return Forgotten()
        with self._engine.changing():
            return forget_piece(self, self._engine, before_ms)

    def erase_traces(self) -> bool:
        """Erase what is deleted from wherever the engine still holds it; False: not while it is read."""
        return self._engine.erase_traces()

    def _open_deletion(self, raw: bytes) -> Deletion:
        return self._decode(self._deletions.decode, raw) if raw else Deletion()
