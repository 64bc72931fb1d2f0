"""The ledger: what all instances know of rooms, people and sentences, kept in the store of an engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, TypeVar

import msgspec

from shared.errors import LedgerError
from shared.ledger.changes import DUE, LIVING, Keeping, compose_change, encode_document
from shared.ledger.document import Document, Person, Session
from shared.ledger.engine import Change, Engine, Seen
from shared.ledger.forgetting import Forgotten, forget_piece
from shared.ledger.names import name_ended, name_room, parse_room
from shared.ledger.people import Presence
from shared.ledger.retry import take_turns
from shared.ledger.sessions import SESSIONS_LOADED, RoomBook
from shared.room import Room, find_room
from shared.settings import KEEP_DAYS
from shared.transcripts.records import (
    FOR_EVER_MS,
    KEYS_KEPT,
    Deletion,
    SentenceNews,
    merge_sentence,
)

PATIENCE_S = 0.7  # no third turn begins later; an answer that takes 0.5 s is the last
LONGEST_PAUSE_S = 0.004
DAY_S = 86_400
ALL = 1_000_000  # sessions: more than any room has

Result = TypeVar("Result")
Raw = TypeVar("Raw")


class Version(NamedTuple):
    """How often a transcript has changed, and at which of these changes it was last deleted (0: never)."""

    latest: int = 0
    deleted: int = 0


class Ledger:
    """Keeps what all instances know; every method raises LedgerError when the engine does not answer.

    Safe to use from several threads. Each method is done wholly or not at all, and what it has
    returned survives the death of every process. All times are ms since 1970, given by the caller.
    """

    def __init__(self, engine: Engine, keep_days: int = KEEP_DAYS) -> None:
        # Made here, once: msgspec 0.22 crashes when two threads learn a type at the same moment.
        self._documents = msgspec.json.Decoder(Document)
        self._sessions = msgspec.json.Decoder(Session)
        self._presences = msgspec.json.Decoder(Presence)
        self._sentences = msgspec.json.Decoder(SentenceNews)
        self._deletions = msgspec.json.Decoder(Deletion)
        self._engine = engine
        self._keeping = Keeping(keep_days * DAY_S, by_index=not engine.expires)

    def close(self) -> None:
        """Let go of files and connections."""
        self._engine.close()

    def read(self, room: Room, user_id: str = "") -> RoomBook:
        """A room's book as it is now, and in it the presence of a user; empty for a room never heard of."""
        return self._open_book(room, self._engine.load(room, user_id))

    def change(
        self,
        room: Room,
        work: Callable[[RoomBook], Result],
        *,
        user_id: str = "",
        known: RoomBook | None = None,
    ) -> Result:
        """Let `work` change a room's book, its twin, and a user's presence as if nobody else did meanwhile.

        `work` must be pure but for the book: it runs again when somebody else was quicker. When it
        raises, nothing is saved. `known` is a book that was just read or saved: it is tried first,
        which spares the engine a round trip, and counts only if it still is what the ledger says.
        """
        seen = self._recall(room, user_id, known)
        for _ in take_turns(PATIENCE_S, LONGEST_PAUSE_S):
            with self._engine.changing():
                book = self._open_book(room, seen or self._engine.load(room, user_id))
                result = work(book)
                if self._save(book, is_fresh=seen is None):
                    return result
            seen = None
        raise self._crowded()

    def list_sessions(self, room: Room, most: int) -> list[Session]:
        """The room's sessions that are kept, newest first, at most `most`."""
        document, older = self._engine.load_history(room, most - SESSIONS_LOADED)
        newest = self._open_book(room, Seen(document)).sessions
        return [*newest, *(self._decode(self._sessions.decode, raw) for raw in older)][:most]

    def find_session(self, session_id: str) -> Session | None:
        """The session with that id; None for one that is not kept, or never was."""
        room = find_room(session_id)
        if room is None:
            return None
        # Whoever reads along asks often, and nearly always for one of the newest.
        newest, every = (partial(self.list_sessions, room, most) for most in (SESSIONS_LOADED, ALL))
        sessions = (session for find in (newest, every) for session in find())
        return next((session for session in sessions if session.id == session_id), None)

    def note_person(
        self,
        session: Session,
        user_id: str,
        event_ms: int,
        *,
        present: bool,
        microphone: bool | None,
        precise: bool = True,
    ) -> None:
        """Remember what the newest event says of a user, if the session is still its room's newest.

        None leaves the microphone as it was.
        """

        def note(book: RoomBook) -> None:
            if book.latest and book.latest.id == session.id:
                book.note_presence(
                    event_ms, present=present, microphone=microphone, precise=precise
                )

        self.change(session.room, note, user_id=user_id)

    def list_people(self, session: Session) -> list[Person]:
        """Everybody seen in a session, by name."""
        owners = (name_room(session.room), name_ended(session.id))
        document, (of_newest, of_ended) = self._engine.load_people(session.room, owners)
        newest = self._open_book(session.room, Seen(document)).latest
        people = of_newest if newest and newest.id == session.id else of_ended
        return [
            self._decode(self._presences.decode, raw).show(user_id)
            for user_id, raw in sorted(people.items())
        ]

    def list_due(self, now_ms: int, most: int) -> list[Room]:
        """The rooms of which something is due by now (see `due`), the longest waiting first."""
        found = self._engine.list_index(DUE, now_ms, most)
        return [self._decode(parse_room, name) for name, _ in found]

    def find_next_due(self) -> int | None:
        """The ms at which something of the next room is due; None when nothing is."""
        first = self._engine.list_index(DUE, FOR_EVER_MS, 1)
        return first[0][1] if first else None

    def count_living(self, sdk_app_id: int) -> int:
        """How many tasks of an application hold, or are about to hold, a place of the quota."""
        return _sum_living(self._engine.read_counters(sdk_app_id))

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when one more call of that name may go out now, else the ms after which to ask again.

        At most `per_s` are given in any 1,000 ms, to all callers together.
        """
        return self._engine.take_slot(name, per_s, now_ms)

    def take_lease(self, name: str, token: str, now_ms: int, lease_ms: int) -> bool:
        """Whether `token` now holds the lease of that name, new, renewed, or because it had run out.

        `lease_ms` is at most 60,000; a lease that ends further ahead than that was written by a
        wrong clock, and counts as run out.
        """
        return self._engine.take_lease(name, token, now_ms, lease_ms)

    def drop_lease(self, name: str, token: str) -> None:
        """Give a lease back, if `token` still holds it."""
        self._engine.drop_lease(name, token)

    def keep_sentence(self, session: Session, news: SentenceNews) -> bool:
        """Merge what a callback told of a sentence into what is known of it; whether it was new.

        The order in which callbacks come, and how often, makes no difference. What was deleted is
        not kept again.
        """
        for _ in take_turns(PATIENCE_S, LONGEST_PAUSE_S):
            with self._engine.changing():
                told = self._engine.load_sentence(session.id, news.key)
                deletion = self._open_deletion(told.deletion)
                known = None
                if told.sentence:
                    known = self._decode(self._sentences.decode, told.sentence)
                merged = known if deletion.covers(news) else merge_sentence(known, news)
                if merged is known or merged is None:
                    return False
                body, keep_s = msgspec.json.encode(merged), self._keeping.find_s(session)
                if self._engine.save_sentence(
                    session.id, news.key, told, body, deletion.version, keep_s
                ):
                    return True
        raise self._crowded()

    def read_version(self, session: Session) -> Version:
        """How often anything in the session's transcript has changed so far."""
        last = self._engine.read_last_changes(session.id, 1)
        deleted = self._open_deletion(last.deletion).version
        return Version(last.sentences[0][1] if last.sentences else deleted, deleted)

    def list_sentences(self, session: Session, since: int) -> list[SentenceNews]:
        """What is known of each sentence that changed after version `since`."""
        found = self._engine.list_sentences(session.id, since)
        return [
            msgspec.structs.replace(self._decode(self._sentences.decode, raw), version=version)
            for version, raw in found
        ]

    def forget_sentences(self, session: Session, until_ms: int) -> int:
        """Delete what was said in a session, for good; how many sentences there were.

        What happened until `until_ms` is not kept again (see `Deletion`). `erase_traces` comes after it.
        """
        for _ in take_turns(PATIENCE_S, LONGEST_PAUSE_S):
            with self._engine.changing():
                last = self._engine.read_last_changes(session.id, KEYS_KEPT)
                known = self._open_deletion(last.deletion)
                version = last.sentences[0][1] if last.sentences else known.version
                deletion = known.follow(until_ms, version, [key for key, _ in last.sentences])
                body, keep_s = msgspec.json.encode(deletion), self._keeping.find_s(session)
                count = self._engine.forget_sentences(session.id, last, body, keep_s)
                if count is not None:
                    return count
        raise self._crowded()

    def forget_old(self, before_ms: int) -> Forgotten:
        """Delete some of what was over before then: closed sessions with people and sentences, tombstones.

        To be asked again until nothing was deleted: each time is short; then `erase_traces`. What is
        open, lives or is due stays. An engine whose records end by themselves has nothing to delete.
        """
        if not self._keeping.by_index:
            return Forgotten()
        with self._engine.changing():
            return forget_piece(self, self._engine, before_ms)

    def erase_traces(self) -> bool:
        """Erase what is deleted from wherever the engine still holds it; False: not while it is read."""
        return self._engine.erase_traces()

    def _recall(self, room: Room, user_id: str, known: RoomBook | None) -> Seen | None:
        """What `known` was read from, if it serves for the room and the user; else it must be loaded."""
        if known is None or self._engine.is_exclusive:
            return None
        if not user_id:
            return Seen(known.seen.document)
        is_same = (known.room, known.seen.user_id) == (room, user_id)
        return known.seen if is_same else None

    def _open_book(self, room: Room, seen: Seen) -> RoomBook:
        document = self._decode(self._documents.decode, seen.document) if seen.document else None
        book = RoomBook(room, document=document)
        book.seen = seen
        if seen.presence:
            book.presence = self._decode(self._presences.decode, seen.presence)
        return book

    def _save(self, book: RoomBook, *, is_fresh: bool) -> bool:
        """Save what became of a book; False when somebody else was quicker.

        `is_fresh`: it was loaded just now; only another one is compared when there is nothing to save.
        """
        seen, document, presence = book.seen, encode_document(book), _encode_presence(book)
        change = Change()
        if document != seen.document:
            change = compose_change(self._open_book(book.room, seen), book, self._keeping)
            document = change.document or b""
        elif presence == seen.presence:
            return is_fresh or self._engine.load(book.room, seen.user_id) == seen
        people_keep_s = self._keeping.find_s(book.latest)
        change = change._replace(presence=presence or None, people_keep_s=people_keep_s)
        counters = self._engine.save(book.room, seen, change)
        if counters is None:
            return False
        book.seen = Seen(document, seen.user_id, presence)
        book.living = _sum_living(counters)
        return True

    def _open_deletion(self, raw: bytes) -> Deletion:
        return self._decode(self._deletions.decode, raw) if raw else Deletion()

    def _crowded(self) -> LedgerError:
        place = self._engine.place
        return LedgerError(f"LEDGER_URL: {place}: too many change the same room at once")

    def _decode(self, decode: Callable[[Raw], Result], raw: Raw) -> Result:
        try:
            return decode(raw)
        except (msgspec.MsgspecError, ValueError):
            text = f"LEDGER_URL: {self._engine.place} {self._engine.garbage}"
            raise LedgerError(text) from None


def _encode_presence(book: RoomBook) -> bytes:
    """The bytes of what is known of the user; b"" for nothing."""
    is_known = book.seen.user_id and book.latest and book.presence != Presence()
    return msgspec.json.encode(book.presence) if is_known else b""


def _sum_living(counters: Mapping[str, int]) -> int:
    return sum(count for name, count in counters.items() if name.startswith(LIVING))
