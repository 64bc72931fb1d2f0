"""The ledger: what all instances know of rooms, people, and what was said, kept in the store of an engine."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from shared.errors import UnreadableError
from shared.ledger.document import Session
from shared.ledger.engine import Cell, Engine, Keep, Move, Number, Put, Score, Write
from shared.ledger.layout import (
    BURIED,
    OVER,
    UNDELIVERED,
    RoomKeys,
    SaidKeys,
    asked_cell,
    delivered_cell,
    ended_key,
    parse_room,
)
from shared.ledger.opting_out import OPT_OUTS, OptOuts
from shared.ledger.rooms import Result, RoomLedger
from shared.room import Room
from shared.settings import KEEP_DAYS
from shared.transcripts.records import (
    DELETIONS,
    FOR_EVER_MS,
    KEYS_KEPT,
    NEWS,
    Deletion,
    SentenceNews,
    merge_sentence,
)

ALL = 1_000_000  # sentences: more than any session has
PIECE = 500  # records deleted in one transaction, so that events never wait for long
SESSION_STEPS = 10  # what a session costs beside its records
OPEN_KEPT_DAYS = 30  # longer than what is over: what may belong to a session that is open still


class Version(NamedTuple):
    """How often a transcript has changed, and at which of these changes it was last deleted (0: never)."""

    latest: int = 0
    deleted: int = 0


class Forgotten(NamedTuple):
    """How many records were deleted because their time was over."""

    sessions: int = 0
    sentences: int = 0
    people: int = 0
    rooms: int = 0


class Ledger(RoomLedger):
    """Keeps what all instances know; every method raises LedgerError when the engine does not answer.

    Safe to use from several threads. Each method is done wholly or not at all, and what it has
    returned survives the death of every process. All times are ms since 1970, given by the caller.
    """

    def __init__(
        self, engine: Engine, keep_days: int = KEEP_DAYS, *, tells: Sequence[str] = ()
    ) -> None:
        super().__init__(engine, (keep_days + OPEN_KEPT_DAYS) * 86_400, tells=tells)

    def keep_sentence(self, session: Session, news: SentenceNews) -> bool:
        """Merge what a callback told of a sentence into what is known of it; whether it was new.

        The order in which callbacks come, and how often, makes no difference. What was deleted is
        not kept again.
        """
        keys = SaidKeys(session.id)
        cells = (Cell(keys.sentences, news.key), keys.deletion)

        def keep(seen: list[bytes]) -> tuple[bool, list[Write]]:
            known = self.decode(NEWS.decode, seen[0]) if seen[0] else None
            merged = merge_sentence(known, news)
            if merged is known or self._open_deletion(seen[1]).covers(news):
                return False, []
            return True, [
                Put(cells[0], NEWS.encode(merged)),
                Number(keys.version, keys.versions, news.key),
                # Should nobody delete it when its time is over, the store does so a while later.
                *(Keep(key, self._keep_s) for key in keys.list_all()),
            ]

        return self.exchange(keys.tag, cells, keep)

    def change_opt_outs(
        self, sdk_app_id: int, work: Callable[[OptOuts], tuple[OptOuts, Result]]
    ) -> Result:
        """Let `work` make other opt-outs of an application's; whatever changes a room now does so anew."""
        keys = RoomKeys(Room(sdk_app_id, "", 0))

        def change(seen: list[bytes]) -> tuple[Result, list[Write]]:
            opt_outs, result = work(self.decode(OPT_OUTS.decode, seen[0]) if seen[0] else {})
            return result, [Put(keys.opt_outs, OPT_OUTS.encode(opt_outs) if opt_outs else b"")]

        return self.exchange(keys.tag, [keys.opt_outs], change)

    def ask_delivery(self, session_id: str, at_ms: int) -> None:
        """Let a deliverer look at a session then: something of its transcript has changed.

        To be asked after that change. A deliverer that looked before it cannot note that it is done.
        """
        keys = RoomKeys(self.decode(parse_room, session_id.rpartition("/")[0]))
        asked = Put(asked_cell(session_id), secrets.token_bytes(8))
        with self.engine.changing():
            self.engine.swap(
                keys.tag, {}, [asked, Score(UNDELIVERED, session_id, at_ms)], keys.living
            )

    def read_version(self, session_id: str) -> Version:
        """How often anything in the session's transcript has changed so far."""
        keys = SaidKeys(session_id)
        version, deletion = self.engine.read(keys.tag, (keys.version, keys.deletion))
        return Version(self.decode(int, version or b"0"), self._open_deletion(deletion).version)

    def list_sentences(self, session: Session, since: int) -> list[SentenceNews]:
        """What is known of each sentence that changed after version `since`."""
        keys = SaidKeys(session.id)
        found = self.engine.list_scores(keys.tag, keys.versions, since, FOR_EVER_MS, ALL)
        bodies = self.engine.read(keys.tag, [Cell(keys.sentences, key) for key, _ in found])
        return [
            msgspec.structs.replace(self.decode(NEWS.decode, raw), version=version)
            for (_, version), raw in zip(found, bodies, strict=True)
            if raw  # else it was deleted meanwhile
        ]

    def forget_sentences(self, session_id: str, until_ms: int) -> int:
        """Delete what was said in a session, for good; how many sentences there were.

        What happened until `until_ms` is not kept again (see `Deletion`). `erase_traces` comes after it.
        """
        keys = SaidKeys(session_id)
        cells = (keys.version, keys.deletion)

        def forget(seen: list[bytes]) -> tuple[int, list[Write]]:
            found = self.engine.list_scores(keys.tag, keys.versions, 0, FOR_EVER_MS, ALL)
            last = [key for key, _ in found[: -KEYS_KEPT - 1 : -1]]
            deletion = self._open_deletion(seen[1]).follow(until_ms, int(seen[0] or 0), last)
            return len(found), [
                *(Move(key, "") for key in (keys.sentences, keys.versions)),
                Put(keys.version, b"%d" % deletion.version),
                Put(keys.deletion, DELETIONS.encode(deletion)),
                Keep(keys.deletion.key, self._keep_s),
            ]

        return self.exchange(keys.tag, cells, forget)

    def forget_speaker(
        self, session: Session, user_id: str, until_ms: int, *, left_ledger: bool
    ) -> int:
        """Delete what one user said in a session, as `forget_sentences` does; how many sentences it were.

        `left_ledger`: others may have said something that the archive alone has.
        """
        keys = SaidKeys(session.id)
        own = session.tasks.get(user_id)
        ids = {one.task_id for one in own.task_ids} if own else set()

        def forget(seen: list[bytes]) -> tuple[int, list[Write]]:
            said = self.list_sentences(session, 0)
            found = [
                one.key for one in said if user_id in one.list_speakers() or one.task_id in ids
            ]
            version, deletion = int(seen[0] or 0), self._open_deletion(seen[1])
            deletion = deletion.follow(until_ms, version, found[::-1], user_id)
            # A version later than the deletion says that what others said is left.
            latest = deletion.version + (left_ledger or len(found) < len(said))
            return len(found), [
                *(Put(Cell(keys.sentences, key), b"") for key in found),
                *(Score(keys.versions, key, None) for key in found),
                Put(keys.version, b"%d" % latest),
                Put(keys.deletion, DELETIONS.encode(deletion)),
                Keep(keys.deletion.key, self._keep_s),
            ]

        return self.exchange(keys.tag, (keys.version, keys.deletion), forget)

    def read_deletion(self, session_id: str) -> Deletion:
        """What was deleted of a session's transcript."""
        keys = SaidKeys(session_id)
        return self._open_deletion(self.engine.read(keys.tag, [keys.deletion])[0])

    def forget_old(self, before_ms: int, over: Sequence[str] | None = None) -> Forgotten:
        """Delete some of what was over before then: closed sessions with people and sentences, tombstones.

        `over` are the sessions that may go; None: all, the first that closed first.
        To be asked again until nothing was deleted: each time is short; then `erase_traces`. What is
        open, lives or is due stays, and what cannot be read.
        """
        left, counts = PIECE, [Forgotten()]
        with self.engine.changing():
            if over is None:
                found = self.engine.list_scores(None, OVER, 0, before_ms - 1, PIECE)
                over = [session_id for session_id, _ in found]
            for session_id in over:
                if left <= 0:
                    break
                with suppress(UnreadableError):
                    counts.append(self._forget_session(session_id, before_ms, left))
                    left -= sum(counts[-1]) + SESSION_STEPS
            buried = self.engine.list_scores(None, BURIED, 0, before_ms - 1, max(left, 0))
            for name, _ in buried:
                with suppress(UnreadableError):
                    counts.append(self._forget_tombstone(name, before_ms))
        return Forgotten(*map(sum, zip(*counts, strict=True)))

    def _forget_session(self, session_id: str, before_ms: int, most: int) -> Forgotten:
        """Delete at most so many sentences and people of a session; when none is left, the session."""
        room = self.decode(parse_room, session_id.rpartition("/")[0])
        keys, said = RoomKeys(room), SaidKeys(session_id)
        if not self.change(room, lambda book: book.drop_session(session_id, before_ms)):
            return Forgotten()
        sentences = self.engine.drop(said.tag, said.sentences, most)
        people = self.engine.drop(keys.tag, ended_key(session_id), most - sentences)
        if sentences + people >= most:
            return Forgotten(0, sentences, people)
        self.engine.swap(said.tag, {}, [Move(key, "") for key in said.list_all()])
        cells = Cell(keys.older, session_id), delivered_cell(session_id), asked_cell(session_id)
        indexes = keys.opened, UNDELIVERED, OVER, *keys.fleet.of_sessions
        writes: list[Write] = [Put(cell, b"") for cell in cells]
        writes += (Score(index, session_id, None) for index in indexes)
        self.engine.swap(keys.tag, {}, writes)
        return Forgotten(1, sentences, people)

    def _forget_tombstone(self, name: str, before_ms: int) -> Forgotten:
        """Delete a room's tombstone of before then, also from the index if its document is gone already."""
        room = self.decode(parse_room, name)
        is_gone, book = self.change(room, lambda book: (book.drop_tombstone(before_ms), book))
        if is_gone:
            self.engine.swap(RoomKeys(room).tag, book.seen, [Score(BURIED, name, None)])
        return Forgotten(rooms=int(is_gone))

    def _open_deletion(self, raw: bytes) -> Deletion:
        return self.decode(DELETIONS.decode, raw) if raw else Deletion()
