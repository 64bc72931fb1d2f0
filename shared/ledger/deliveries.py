"""Transcripts on their way to their owners: which are to be delivered, and what was delivered of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from shared.errors import UnreadableError
from shared.ledger.document import Session
from shared.ledger.engine import Cell, Move, Put, Score, Write
from shared.ledger.events import Event, post
from shared.ledger.layout import UNDELIVERED, RoomKeys, SaidKeys, asked_cell, delivered_cell
from shared.ledger.ledger import ALL, Ledger, Version
from shared.ledger.names import FORGOTTEN, NameKeys
from shared.ledger.sessions import Found, RoomBook
from shared.room import Room
from shared.stored import Form, FrozenStored
from shared.transcripts.records import FOR_EVER_MS

SPEAKERS_KEPT = 50
RECORDS, META = "records.json", "meta.json"  # what the ledger knew; what all the files are


class Delivery(FrozenStored, frozen=True):
    """What was delivered of a session's transcript last: its version and layout, and what is in it.

    `at_ms` 0: nothing yet. `deleted` is the version of the last deletion that was carried out. `digest`
    changes with any byte of the files. `speakers` are at most SPEAKERS_KEPT: when they are as many, there
    may be more. `left_ledger`: what was said until that version is in the archive alone.
    """

    version: int = 0
    deleted: int = 0
    at_ms: int = 0
    sentences: int = 0
    speakers: list[str] = []
    languages: list[str] = []
    digest: str = ""
    is_archived: bool = False
    left_ledger: bool = False

    @property
    def files(self) -> list[str]:
        """The names of the files in the archive, in the order in which they are written."""
        forms = ("json", "vtt", "srt", "txt", *(f"{language}.vtt" for language in self.languages))
        names = [RECORDS, *(f"transcript.{form}" for form in forms), META]
        return names if self.is_archived else []


DELIVERIES = Form(Delivery)


class Kept(NamedTuple):
    """What the ledger keeps of a session, of its delivery, and how often its transcript has changed.

    `session` is None for one that the ledger has lost, or never knew.
    """

    session: Session | None
    found: Found
    delivery: Delivery
    version: Version


def _shorten(session: Session) -> None:
    """Let what nobody needs of a session that is over for good leave it; languages are needed."""
    rule = session.rule
    cloud, ai = (
        {key: value for key, value in table.items() if key == "language"}
        for table in (rule.cloud, rule.ai)
    )
    session.rule = replace(rule, cloud=cloud, ai=ai, ignore_users=[], fallback="none")
    for task in session.tasks.values():
        task.token = task.trigger = ""
        task.lease_until_ms = task.checked_ms = task.attempts = 0


class Deliveries:
    """The deliveries of a ledger; every method raises LedgerError when the engine does not answer."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self._engine = ledger, ledger.engine

    def list_due(self, until_ms: int, most: int, index: str = UNDELIVERED) -> list[str]:
        """The sessions of which something is to be delivered by then, the longest waiting first.

        Or the sessions in another index, such as OVER, up to that ms.
        """
        found = self._engine.list_scores(None, index, 0, until_ms, most)
        return [session_id for session_id, _ in found]

    def read(self, session_id: str, more: Sequence[Cell] = ()) -> Kept:
        """A session, if it is still kept, and what was delivered of it; `more` cells are read as well."""
        cell = delivered_cell(session_id)
        # A name that is forgotten while files are made must not stay in them.
        watched = asked_cell(session_id), NameKeys(session_id).forgets
        found = self.ledger.read_session(session_id, [cell, *watched, *more])
        version = self.ledger.read_version(session_id)
        return Kept(found.session, found, self.open(found.seen.get(cell)), version)

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
        tag, seen = session_id.partition("/")[0], kept.found.seen
        writes: list[Write] = [
            Put(delivered_cell(session_id), DELIVERIES.encode(delivery) if kept.session else b""),
            Put(asked_cell(session_id), b""),
            Score(UNDELIVERED, session_id, next_at_ms),
        ]
        if delivery.left_ledger:
            writes.append(Move(kept.found.people, ""))  # meta.json names them
        if self.ledger.tells:
            writes += (write for event in events for write in post(event, self.ledger.tells))
        with self._engine.changing():
            if self._engine.read(tag, [*seen]) != [*seen.values()]:
                return False
            return self._engine.swap(tag, seen, writes) is not None

    def shorten(self, session: Session) -> None:
        """Let what nobody needs of a session that is over for good leave its room's document."""

        def shorten(book: RoomBook) -> None:
            for known in book.sessions:
                if known.id == session.id:
                    _shorten(known)

        self.ledger.change(session.room, shorten)

    def drop_sentences(self, session_id: str, version: int) -> bool:
        """Let the sentences leave the ledger, if the transcript still has that version."""
        keys = SaidKeys(session_id)

        def drop(seen: list[bytes]) -> tuple[bool, list[Write]]:
            is_same = int(seen[0] or 0) == version
            writes: list[Write] = [Move(keys.sentences, ""), Move(keys.versions, "")]
            return is_same, writes if is_same else []

        return self.ledger.exchange(keys.tag, [keys.version], drop)

    def open(self, raw: bytes | None) -> Delivery:
        """What a `delivered_cell` says; an empty one, of nothing that was delivered."""
        return self.ledger.decode(DELIVERIES.decode, raw) if raw else Delivery()

    def forget_names(self, now_ms: int, most: int) -> int:
        """Let every session be delivered anew in whose files a name stands that is to be forgotten.

        Goes through some `most` sessions of an application, the newest first. Returns how many it went
        through, and one; 0 when there is nothing to do. A piece is done wholly or not at all, and whoever
        calls this next goes on from there.
        """
        engine = self._engine
        first = engine.list_scores(None, FORGOTTEN, -FOR_EVER_MS, FOR_EVER_MS, 1)
        if not first:
            return 0
        keys, after = NameKeys(first[0][0]), first[0][1]
        opened = RoomKeys(Room(int(keys.tag), "", 0)).opened

        def forget(_seen: list[bytes]) -> tuple[int, list[Write]]:
            """`_seen` changes when somebody is forgotten again: that begins with the newest session."""
            members = [
                one for one, _ in engine.list_scores(keys.tag, FORGOTTEN, after - 1, after, ALL)
            ]
            users = {member.partition("/")[2] for member in members}
            found = engine.list_scores(keys.tag, opened, after, 0, most)
            last = found[-1][1] if len(found) >= most else None
            if last is not None:  # others may have opened in the same ms
                found = engine.list_scores(keys.tag, opened, after, last, ALL)
            cells = [delivered_cell(session_id) for session_id, _ in found]
            writes: list[Write] = [Score(FORGOTTEN, member, last) for member in members]
            for (session_id, _), raw in zip(found, engine.read(keys.tag, cells), strict=True):
                if self._may_name(users, raw):
                    writes.append(Score(UNDELIVERED, session_id, now_ms))
            return len(found) + 1, writes

        return self.ledger.exchange(keys.tag, [keys.forgets], forget)

    def _may_name(self, users: set[str], raw: bytes) -> bool:
        """Whether one of the users may have spoken in what was delivered."""
        try:
            speakers = self.open(raw).speakers
        except UnreadableError:
            return True
        return not users.isdisjoint(speakers) or len(speakers) >= SPEAKERS_KEPT
