"""What was said in sessions, as the ledger keeps it: each sentence once, numbered by when it last changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.json import Decoder, encode

from shared.errors import LedgerError
from shared.ledger.changes import Keeping
from shared.ledger.document import Session
from shared.ledger.engine import Cell, Engine, Keep, Move, Number, Put, Write
from shared.ledger.keys import SaidKeys
from shared.ledger.retry import take_turns
from shared.transcripts.records import (
    FOR_EVER_MS,
    KEYS_KEPT,
    Deletion,
    SentenceNews,
    merge_sentence,
)

PATIENCE_S = 0.7  # no third turn begins later; an answer that takes 0.5 s is the last
LONGEST_PAUSE_S = 0.004
ALL = 1_000_000  # sentences: more than any session has

Raw = TypeVar("Raw")
Result = TypeVar("Result")


class Version(NamedTuple):
    """How often a transcript has changed, and at which of these changes it was last deleted (0: never)."""

    latest: int = 0
    deleted: int = 0


class Sentences:
    """The sentences of all sessions in a store; `Ledger` says what is true of every method."""

    def __init__(self, engine: Engine, keeping: Keeping) -> None:
        self._engine = engine
        self._keeping = keeping
        # Made here, once: msgspec 0.22 crashes when two threads learn a type at the same moment.
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

    def _swap(
        self, tag: str, cells: Sequence[Cell], seen: Sequence[bytes], writes: Sequence[Write]
    ) -> bool | None:
        """Write, if the cells still hold what was seen; None when they do not."""
        found = dict(zip(cells, seen, strict=True))
        return None if self._engine.swap(tag, found, writes) is None else True

    def _take_turns(self, attempt: Callable[[], Result | None]) -> Result:
        """The result of an attempt, made again while it has none because somebody else was quicker."""
        for _ in take_turns(PATIENCE_S, LONGEST_PAUSE_S):
            with self._engine.changing():
                result = attempt()
            if result is not None:
                return result
        place = self._engine.place
        raise LedgerError(f"LEDGER_URL: {place}: too many change the same room at once")

    def _open_deletion(self, raw: bytes) -> Deletion:
        return self._decode(self._deletions.decode, raw) if raw else Deletion()

    def _decode(self, decode: Callable[[Raw], Result], raw: Raw) -> Result:
        try:
            return decode(raw)
        except (msgspec.MsgspecError, ValueError):
            text = f"LEDGER_URL: {self._engine.place} {self._engine.garbage}"
            raise LedgerError(text) from None
