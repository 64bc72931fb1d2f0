"""The ledger: what all instances know of rooms, people and sentences, kept in the store of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from msgspec.json import Decoder, encode

from shared.ledger.changes import Keeping, encode_document, list_writes
from shared.ledger.document import Document, Person, Session
from shared.ledger.engine import Cell, Engine, Keep, Put
from shared.ledger.forgetting import Forgotten, forget_piece, settle
from shared.ledger.keys import DUE, SHARED, RoomKeys, ended_key, living_key, parse_room
from shared.ledger.people import Presence
from shared.ledger.sentences import Sentences
from shared.ledger.sessions import RoomBook, Seen
from shared.room import Room, find_room
from shared.settings import KEEP_DAYS
from shared.transcripts.records import FOR_EVER_MS

LONGEST_LEASE_MS = 60_000
DAY_S = 86_400

Result = TypeVar("Result")


class Ledger(Sentences):
    """Keeps what all instances know; every method raises LedgerError when the engine does not answer.

    Safe to use from several threads. Each method is done wholly or not at all, and what it has
    returned survives the death of every process. All times are ms since 1970, given by the caller.
    """

    def __init__(self, engine: Engine, keep_days: int = KEEP_DAYS) -> None:
        super().__init__(engine, Keeping(keep_days * DAY_S, engine.expires))
        self._documents = Decoder(Document)
        self._sessions = Decoder(Session)
        self._presences = Decoder(Presence)
        self._leases = Decoder(tuple[str, int])

    def close(self) -> None:
        """Let go of files and connections."""
        self._engine.close()

    def read(self, room: Room, user_id: str = "") -> RoomBook:
        """A room's book as it is now, and in it the presence of a user; empty for a room never heard of."""
        return self._open_book(room, self._load(room, user_id))

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
        which spares a round trip, and counts only if it still is what the ledger says.
        """
        recalled = iter(self._recall(room, user_id, known))

        def attempt() -> tuple[Result] | None:
            seen = next(recalled, None)
            book = self._open_book(room, seen or self._load(room, user_id))
            result = work(book)
            return (result,) if self._save(book, is_fresh=seen is None) else None

        return self._take_turns(attempt)[0]

    def list_sessions(self, room: Room, most: int) -> list[Session]:
        """The room's sessions that are kept, newest first, at most `most`."""
        keys = RoomKeys(room)
        document, older = self._engine.list_cells(keys.tag, [keys.document.key, keys.older])
        newest = self._open_book(room, Seen("", document.get("", b""))).sessions
        return [*newest, *self._sort(older.values())][:most]

    def find_session(self, session_id: str) -> Session | None:
        """The session with that id; None for one that is not kept, or never was."""
        room = find_room(session_id)
        if room is None:
            return None
        keys = RoomKeys(room)
        cells = (keys.document, Cell(keys.older, session_id))
        document, older = self._engine.read(keys.tag, cells)
        if older:
            return self._decode(self._sessions.decode, older)
        newest = self._open_book(room, Seen("", document)).sessions
        return next((session for session in newest if session.id == session_id), None)

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
        keys = RoomKeys(session.room)
        document, of_newest, of_ended = self._engine.list_cells(
            keys.tag, [keys.document.key, keys.people, ended_key(session.id)]
        )
        newest = self._open_book(session.room, Seen("", document.get("", b""))).latest
        people = of_newest if newest and newest.id == session.id else of_ended
        return [
            self._decode(self._presences.decode, raw).show(user_id)
            for user_id, raw in sorted(people.items())
        ]

    def list_due(self, now_ms: int, most: int) -> list[Room]:
        """The rooms of which something is due by now (see `due`), the longest waiting first."""
        found = self._engine.list_scores(None, DUE, -1, now_ms, most)
        return [self._decode(parse_room, name) for name, _ in found]

    def find_next_due(self) -> int | None:
        """The ms at which something of the next room is due; None when nothing is."""
        first = self._engine.list_scores(None, DUE, -1, FOR_EVER_MS, 1)
        return first[0][1] if first else None

    def count_living(self, sdk_app_id: int) -> int:
        """How many tasks of an application hold, or are about to hold, a place of the quota."""
        key = living_key(sdk_app_id)
        return _sum(self._engine.list_scores(str(sdk_app_id), key, 0, FOR_EVER_MS, 99))

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

        def attempt() -> bool | None:
            seen, holder, until_ms = self._read_lease(name)
            if holder != token and now_ms < until_ms <= now_ms + LONGEST_LEASE_MS:
                return False
            return self._write_lease(name, seen, encode((token, now_ms + lease_ms)))

        return self._take_turns(attempt)

    def drop_lease(self, name: str, token: str) -> None:
        """Give a lease back, if `token` still holds it."""

        def attempt() -> bool | None:
            seen, holder, _ = self._read_lease(name)
            return holder != token or self._write_lease(name, seen, b"")

        self._take_turns(attempt)

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

    def _load(self, room: Room, user_id: str) -> Seen:
        keys = RoomKeys(room)
        found = self._engine.read(keys.tag, _list_cells(keys, user_id))
        return Seen(user_id, *found)

    def _recall(self, room: Room, user_id: str, known: RoomBook | None) -> Iterator[Seen]:
        """What was read with `known`, if it serves for the room and the user."""
        if known is None or self._engine.is_exclusive:
            return
        if not user_id:
            yield Seen("", known.seen.document)
        elif (known.room, known.seen.user_id) == (room, user_id):
            yield known.seen

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
        if (document, presence) == (seen.document, seen.presence):
            return is_fresh or self._load(book.room, seen.user_id) == seen
        keys, former = RoomKeys(book.room), self._open_book(book.room, seen)
        writes = list_writes(former, book, self._keeping) if document != seen.document else []
        if presence:
            writes.append(Put(Cell(keys.people, seen.user_id), presence))
            writes.append(Keep(keys.people, self._keeping.find_s(book.latest)))
        found = dict(
            zip(_list_cells(keys, seen.user_id), (seen.document, seen.presence), strict=False)
        )
        living = self._engine.swap(keys.tag, found, writes, keys.living)
        if living is None:
            return False
        book.seen = Seen(seen.user_id, encode_document(book), presence)
        book.living = _sum(living)
        if self._keeping.expires:
            settle(self, self._engine, former, book, self._keeping.keep_s)
        return True

    def _sort(self, bodies: Iterable[bytes]) -> list[Session]:
        """Older sessions, newest first."""
        sessions = (self._decode(self._sessions.decode, body) for body in bodies)
        return sorted(sessions, key=lambda session: session.opened_ms, reverse=True)

    def _read_lease(self, name: str) -> tuple[bytes, str, int]:
        (raw,) = self._engine.read(SHARED, [Cell("leases", name)])
        return raw, *(self._decode(self._leases.decode, raw) if raw else ("", 0))

    def _write_lease(self, name: str, seen: bytes, lease: bytes) -> bool | None:
        cell = Cell("leases", name)
        return self._swap(SHARED, [cell], [seen], [Put(cell, lease)])


def _list_cells(keys: RoomKeys, user_id: str) -> list[Cell]:
    """Where lies what is read of a room: its document, and the user's presence."""
    return [keys.document, *([Cell(keys.people, user_id)] if user_id else [])]


def _encode_presence(book: RoomBook) -> bytes:
    """The bytes of what is known of the user; b"" for nothing."""
    is_known = book.seen.user_id and book.latest and book.presence != Presence()
    return encode(book.presence) if is_known else b""


def _sum(scores: Sequence[tuple[str, int]]) -> int:
    return sum(score for _, score in scores)
