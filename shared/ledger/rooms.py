"""The rooms of a ledger: their sessions and people, what is due, and who may do it."""

from __future__ import annotations

import random
import select
import time
from collections.abc import Callable, Sequence
from itertools import count
from typing import TypeVar

from shared.errors import LedgerError, NewerError, UnreadableError
from shared.ledger.document import DOCUMENTS, EMPTY, SESSIONS, Session, find_room
from shared.ledger.engine import Cell, Engine, Keep, Put, Write
from shared.ledger.events import list_events, post
from shared.ledger.layout import DUE, SHARED, RoomKeys, ended_key, list_writes, parse_room
from shared.ledger.opting_out import OPT_OUTS
from shared.ledger.sessions import PRESENCES, Found, Person, Presence, RoomBook, Sessions
from shared.room import Room
from shared.stored import Form
from shared.transcripts.records import FOR_EVER_MS

LONGEST_LEASE_MS = 60_000
STATES = 99  # more than a task has
PATIENCE_S = 0.7  # no third turn begins later; an answer that takes 0.5 s is the last
LONGEST_PAUSE_S = 0.004
LEASES = Form(tuple[str, int])

Raw = TypeVar("Raw")
Result = TypeVar("Result")


class RoomLedger:
    """Keeps what all instances know of rooms in the store of an engine; `Ledger` says more.

    `tells` are the keys of the event endpoints, for which changes write into the outbox, too.
    """

    def __init__(self, engine: Engine, keep_s: int, *, tells: Sequence[str] = ()) -> None:
        self.engine, self._keep_s, self.tells = engine, keep_s, tells
        self.take_slot, self.erase_traces = engine.take_slot, engine.erase_traces

    def close(self) -> None:
        """Let go of files and connections."""
        self.engine.close()

    def read(self, room: Room, user_id: str = "") -> RoomBook:
        """A room's book as it is now, and in it the presence of a user; empty for a room never heard of."""
        keys = RoomKeys(room, user_id)
        return self._open_book(room, keys.cells, self.engine.read(keys.tag, keys.cells))

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
        keys = RoomKeys(room, user_id)
        recalled: list[list[bytes]] = []
        if known and not self.engine.is_exclusive and known.seen.keys() >= {*keys.cells}:
            recalled.append([known.seen[cell] for cell in keys.cells])

        def attempt() -> tuple[Result] | None:
            is_fresh = not recalled
            seen = self.engine.read(keys.tag, keys.cells) if is_fresh else recalled.pop()
            book = self._open_book(room, keys.cells, seen)
            try:
                result = work(book)
            except Exception:
                if is_fresh:
                    raise
                return None  # a stale book may be the reason
            return (result,) if self._save(book, keys, is_fresh=is_fresh) else None

        return self._take_turns(attempt)[0]

    def list_sessions(self, room: Room, most: int) -> list[Session]:
        """The room's sessions that are kept, newest first, at most `most`."""
        keys = RoomKeys(room)
        document, older = self.engine.list_cells(keys.tag, [keys.document.key, keys.older])
        newest = self._open_book(room, [keys.document], [document.get("", b"")]).sessions
        sessions = [self.decode(SESSIONS.decode, raw) for raw in older.values()]
        sessions.sort(key=lambda session: session.opened_ms, reverse=True)
        return [*newest, *sessions][:most]

    def find_session(self, session_id: str) -> Session | None:
        """The session with that id; None for one that is not kept, or never was."""
        return self.read_session(session_id).session

    def read_session(self, session_id: str, more: Sequence[Cell] = ()) -> Found:
        """The session with that id, and `more` cells of its application, in one reading."""
        known, newest, seen = self.read_sessions([session_id], more)
        room = find_room(session_id)
        is_newest = room is not None and session_id in newest
        people = RoomKeys(room).people if room and is_newest else ended_key(session_id)
        return Found(known.get(session_id), people, seen)

    def read_sessions(self, session_ids: Sequence[str], more: Sequence[Cell] = ()) -> Sessions:
        """Those sessions of one application that are kept, and `more` of its cells, in one reading."""
        rooms = {name: room for name in session_ids if (room := find_room(name))}
        if not rooms:
            return Sessions({}, set(), {})
        keys = {name: RoomKeys(room) for name, room in rooms.items()}
        documents = dict.fromkeys(one.document for one in keys.values())
        older = [Cell(one.older, name) for name, one in keys.items()]
        cells = (*documents, *older, *more)
        tag = next(iter(keys.values())).tag
        seen = dict(zip(cells, self.engine.read(tag, cells), strict=True))
        opened = [self.decode(DOCUMENTS.decode, seen[cell] or EMPTY) for cell in documents]
        halves = [half for document in opened for half in document if half.sessions]
        known = {one.id: one for half in halves for one in half.sessions}
        known |= {
            name: self.decode(SESSIONS.decode, seen[cell])
            for name, cell in zip(keys, older, strict=True)
            if seen[cell]
        }
        asked = {name: known[name] for name in keys if name in known}
        return Sessions(asked, {half.sessions[0].id for half in halves}, seen)

    def list_people(self, session: Session) -> list[Person]:
        """Everybody seen in a session, by name."""
        keys = RoomKeys(session.room)
        document, of_newest, of_ended = self.engine.list_cells(
            keys.tag, [keys.document.key, keys.people, ended_key(session.id)]
        )
        newest = self._open_book(session.room, [keys.document], [document.get("", b"")]).latest
        people = of_newest if newest and newest.id == session.id else of_ended
        return [
            self.decode(PRESENCES.decode, raw).show(user_id)
            for user_id, raw in sorted(people.items())
        ]

    def list_due(self, now_ms: int, most: int) -> list[Room]:
        """The rooms of which something is due by now (see `due`), the longest waiting first."""
        found = self.engine.list_scores(None, DUE, -1, now_ms, most)
        return [self.decode(parse_room, name) for name, _ in found]

    def find_next_due(self) -> int | None:
        """The ms at which something of the next room is due; None when nothing is."""
        first = self.engine.list_scores(None, DUE, -1, FOR_EVER_MS, 1)
        return first[0][1] if first else None

    def count_living(self, sdk_app_id: int) -> int:
        """How many tasks of an application hold, or are about to hold, a place of the quota."""
        keys = RoomKeys(Room(sdk_app_id, "", 0))
        living = self.engine.list_scores(keys.tag, keys.living, 0, FOR_EVER_MS, STATES)
        return sum(number for _, number in living)

    def take_lease(self, name: str, token: str, now_ms: int, lease_ms: int) -> bool:
        """Whether `token` now holds the lease of that name, new, renewed, or because it had run out.

        `lease_ms` is at most 60,000; a lease that ends further ahead than that was written by a
        wrong clock, and counts as run out.
        """
        cell = Cell("leases", name)

        def take(seen: list[bytes]) -> tuple[bool, list[Write]]:
            holder, until_ms = self._open_lease(seen[0])
            if holder != token and now_ms < until_ms <= now_ms + LONGEST_LEASE_MS:
                return False, []
            return True, [Put(cell, LEASES.encode((token, now_ms + lease_ms)))]

        return self.exchange(SHARED, [cell], take)

    def drop_lease(self, name: str, token: str) -> None:
        """Give a lease back, if `token` still holds it."""
        cell = Cell("leases", name)

        def drop(seen: list[bytes]) -> tuple[None, list[Write]]:
            return None, [Put(cell, b"")] if self._open_lease(seen[0])[0] == token else []

        self.exchange(SHARED, [cell], drop)

    def _open_lease(self, raw: bytes) -> tuple[str, int]:
        """Who holds a lease, and until when."""
        return self.decode(LEASES.decode, raw) if raw else ("", 0)

    def _open_book(self, room: Room, cells: Sequence[Cell], seen: Sequence[bytes]) -> RoomBook:
        """The book in what the cells of a document, and perhaps of opt-outs and of a presence, hold."""
        book = RoomBook(room, self.decode(DOCUMENTS.decode, seen[0] or EMPTY))
        if seen[1:] and seen[1]:
            book.opt_outs = self.decode(OPT_OUTS.decode, seen[1])
        if seen[2:] and seen[2]:
            book.presence = self.decode(PRESENCES.decode, seen[2])
        if book.half.opt_outs or book.opt_outs:
            book.leave_out()
        book.seen = dict(zip(cells, seen, strict=True))
        return book

    def _save(self, book: RoomBook, keys: RoomKeys, *, is_fresh: bool) -> bool:
        """Save what became of a book; False when somebody else was quicker.

        `is_fresh`: it was loaded just now; only another one is compared when there is nothing to save.
        """
        seen = [*book.seen.values()]
        is_known = book.latest and book.presence != Presence()
        presence = [PRESENCES.encode(book.presence) if is_known else b"" for _ in keys.cells[2:]]
        if book.half.opt_outs or book.opt_outs:
            book.leave_out()
        document = DOCUMENTS.encode(book.document)
        writes: list[Write] = []
        if document == (seen[0] or EMPTY):
            # A person's event reads and compares the document, and that is all.
            if presence == seen[2:]:
                return is_fresh or self.engine.read(keys.tag, keys.cells) == seen
            saved = seen[0]
        else:
            former = DOCUMENTS.decode(seen[0] or EMPTY)
            for id_type, half in enumerate(book.document):
                if half != former[id_type]:
                    room = Room(book.room.sdk_app_id, book.room.room_id, id_type)
                    writes += list_writes(room, former[id_type], half)
                    events = list_events(former[id_type], half) if self.tells else ()
                    writes += (write for event in events for write in post(event, self.tells))
            document = DOCUMENTS.encode(book.document)  # sessions that are too many have left it
            saved = b"" if document == EMPTY else document
            # First: a Redis out of memory refuses the first write of a script only.
            writes.insert(0, Put(keys.document, saved))
        if any(presence):
            writes += [Put(keys.cells[2], presence[0]), Keep(keys.people, self._keep_s)]
        living = self.engine.swap(keys.tag, book.seen, writes, keys.living)
        if living is None:
            return False
        book.seen = dict(zip(keys.cells, [saved, seen[1], *presence], strict=True))
        book.living = sum(number for _, number in living)
        return True

    def exchange(
        self,
        tag: str,
        cells: Sequence[Cell],
        work: Callable[[list[bytes]], tuple[Result, list[Write]]],
    ) -> Result:
        """What `work` makes of what cells hold; its writes are made as if nobody else wrote meanwhile."""

        def attempt() -> tuple[Result] | None:
            seen = self.engine.read(tag, cells)
            result, writes = work(seen)
            found = dict(zip(cells, seen, strict=True))
            is_done = not writes or self.engine.swap(tag, found, writes) is not None
            return (result,) if is_done else None

        return self._take_turns(attempt)[0]

    def _take_turns(self, attempt: Callable[[], Result | None]) -> Result:
        """The result of an attempt, made again while it has none because somebody else was quicker.

        It is made twice at least: whoever was kept waiting in the first has the second. It is others that
        are waited for, so this is real time, also where `time.sleep` follows a clock moved by hand.
        """
        deadline_s = time.monotonic() + PATIENCE_S
        for turn in count():
            with self.engine.changing():
                result = attempt()
            if result is not None:
                return result
            if turn and time.monotonic() > deadline_s:
                break
            if turn > 1:
                select.select([], [], [], random.uniform(0, LONGEST_PAUSE_S))  # noqa: S311  spreads rivals
        raise LedgerError(f"LEDGER_URL: {self.engine.place}: too many change the same room at once")

    def decode(self, decode: Callable[[Raw], Result], raw: Raw) -> Result:
        """What `decode` makes of a record, such as a Form's; raises UnreadableError."""
        try:
            return decode(raw)
        except NewerError:
            raise NewerError(self.engine.place) from None
        except ValueError:
            raise UnreadableError(
                f"LEDGER_URL: {self.engine.place} {self.engine.garbage}"
            ) from None
