"""A room's book: what an event makes of its sessions, and of who is there: pure.

Event time decides, never arrival: TRTC promises no order and repeats itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from msgspec import Struct

from shared.errors import LedgerError
from shared.ledger.document import Document, Session
from shared.ledger.engine import Cell
from shared.ledger.opting_out import OptOuts, leave_out, list_opted_out
from shared.room import STRING_ROOM, Room
from shared.rules.decision import Rule
from shared.stored import Form, Stored

Opening = Literal["opened", "open", "newer", "stale", "gone"]
Closing = Literal["closed", "already_closed", "stale", "unknown"]

SESSIONS_LOADED = 2  # the newest one, and the one before it, whose stragglers still arrive
SECOND_MS = 1000


def compare_times(event_ms: int, than_ms: int, *, precise: bool) -> int:
    """-1, 0 or 1: an event known only to the second is neither before nor after that second."""
    if not precise:
        event_ms, than_ms = event_ms // SECOND_MS, than_ms // SECOND_MS
    return (event_ms > than_ms) - (event_ms < than_ms)


class Person(Struct):
    """An anchor seen in a session, with the ms of the newest event about them, and about their microphone."""

    user_id: str
    present: bool
    microphone: bool
    event_ms: int
    microphone_ms: int = 0


class Found(NamedTuple):
    """A session, if it is kept, the key of its people, and what was read of the cells that say so."""

    session: Session | None
    people: str
    seen: Mapping[Cell, bytes]


class Sessions(NamedTuple):
    """Sessions by their ids, which are the newest of their rooms, and what was read."""

    known: Mapping[str, Session]
    newest: set[str]
    seen: Mapping[Cell, bytes]


class Presence(Stored):
    """Whether somebody is there and whether their microphone is on, each with its newest event's ms.

    Most events tell only of one of the two, so each has a time of its own.
    """

    present: bool = False
    microphone: bool = False
    event_ms: int = 0
    microphone_ms: int = 0

    def show(self, user_id: str) -> Person:
        """The person as the ledger tells of them: who is away has no microphone."""
        has_microphone = self.present and self.microphone
        return Person(user_id, self.present, has_microphone, self.event_ms, self.microphone_ms)


PRESENCES = Form(Presence)


class RoomBook:
    """One room in its document, which it shares with the room of the other id type, its twin.

    The ledger loads it, lets one of these methods work on it, and saves the document as one step.
    `presence` is what is known of one user in the newest session, if the ledger was told which.
    `living` is how many tasks of the application live after the change that saved this book; None
    for a book that no change has saved. `half` is what the document holds of this room alone. `seen`
    is the ledger's own: what the cells held when they were read, or saved last. `opt_outs` are those of
    the application.
    """

    def __init__(self, room: Room, document: Document) -> None:
        self.room, self.document = room, document
        self.half = document[room.room_id_type]
        self.sessions = self.half.sessions  # newest first
        self.presence = Presence()
        self.living: int | None = None
        self.seen: Mapping[Cell, bytes] = {}
        self.opt_outs: OptOuts = {}

    @property
    def twin(self) -> RoomBook:
        """The book of the other id type over the same document."""
        book = RoomBook(self.room.twin, self.document)
        book.seen, book.opt_outs = self.seen, self.opt_outs
        return book

    @property
    def tombstone_ms(self) -> int:
        """When the room was last closed without a session, in ms since 1970; 0: never.

        A string room's tombstone counts for the numeric room, too: TRTC has sent a numeric room's 102
        with a string id.
        """
        return max(self.half.tombstone_ms, self.document[STRING_ROOM].tombstone_ms)

    @property
    def latest(self) -> Session | None:
        """The newest session, open or closed."""
        return self.sessions[0] if self.sessions else None

    @property
    def open_now(self) -> Session | None:
        """The open session."""
        return self.latest if self.latest and self.latest.closed_ms is None else None

    @property
    def unfinished(self) -> list[Session]:
        """The closed sessions of which something lives on, may live, or is being started."""
        closed = (session for session in self.sessions if session.closed_ms is not None)
        return [session for session in closed if session.is_unfinished]

    @property
    def all_opt_outs(self) -> OptOuts:
        """The opt-outs that count in the room: its own, and those of the application."""
        own, others = self.half.opt_outs, self.opt_outs
        return {one: max(own.get(one, -1), others.get(one, -1)) for one in {*own, *others}}

    def leave_out(self) -> None:
        """Let the open session hear nobody who has opted out: see `opting_out.leave_out`."""
        if self.open_now:
            leave_out(self.open_now, list_opted_out(self.all_opt_outs))

    def get(self, session_id: str) -> Session:
        """A session that was here before; LedgerError when it is no longer among the newest."""
        for session in self.sessions:
            if session.id == session_id:
                return session
        raise LedgerError("a session has disappeared from the ledger")

    def open_session(
        self, event_ms: int, rule: Rule, *, precise: bool = True, creates: bool = True
    ) -> tuple[Opening, Session | None]:
        """Open a session for an event that shows the room alive, or find the one it belongs to.

        `creates` for 101, not for somebody's presence. opened: a new session, with the plan's
        rule if there is one, and the plan is used up. open: it belongs to the open session.
        newer: the room was created again although we never heard of its end. stale: of an
        earlier life than the open session. gone: the room has closed since.
        """
        latest = session = self.latest
        if session is None or session.closed_ms is not None:
            closed_ms = max(self.tombstone_ms, (latest.closed_ms or 0) if latest else 0)
            if compare_times(event_ms, closed_ms, precise=precise) <= 0:
                return "gone", latest
            return "opened", self._begin(event_ms, rule)
        if not creates:
            before_ms = max([self.tombstone_ms, *(s.closed_ms or 0 for s in self.sessions[1:])])
            is_later = compare_times(event_ms, before_ms, precise=precise) > 0
            return "open" if is_later else "stale", session
        order = compare_times(event_ms, session.dated_ms, precise=precise)
        return "stale" if order < 0 else "newer" if order else "open", session

    def reopen_session(self, session_id: str, event_ms: int, rule: Rule) -> Session | None:
        """Close a session whose end was lost, just before `event_ms`, and open the next one.

        None when the session closed, or was dated anew, meanwhile.
        """
        session = self.open_now
        if session is None or session.id != session_id or session.dated_ms >= event_ms:
            return None
        session.closed_ms = event_ms - 1
        return self._begin(event_ms, rule)

    def redate_session(self, session_id: str, event_ms: int) -> Session | None:
        """Date the open session anew: the room was announced again, and it is the same meeting.

        None when the session closed meanwhile.
        """
        session = self.open_now
        if session is None or session.id != session_id:
            return None
        session.dated_ms = max(session.dated_ms, event_ms)
        return session

    def close_session(self, event_ms: int, *, precise: bool = True) -> Closing:
        """Close the newest session if a 102 is about it.

        stale: the 102 is about an earlier life. unknown: about one we never saw.
        """
        session = self.latest
        if session is None:
            return "unknown"
        closings = [known.closed_ms for known in self.sessions if known.closed_ms is not None]
        if any(compare_times(event_ms, ms, precise=precise) == 0 for ms in closings):
            return "already_closed"
        if session.closed_ms is not None:
            order = compare_times(event_ms, session.closed_ms, precise=precise)
            return "stale" if order < 0 else "unknown"
        if compare_times(event_ms, session.dated_ms, precise=precise) < 0:
            return "stale"
        last_ms = event_ms if precise else event_ms + SECOND_MS - 1
        session.closed_ms = max(last_ms, session.dated_ms)
        return "closed"

    def bury(self, event_ms: int) -> None:
        """Remember a 102 of a life we never saw: its 101 may still be on the way."""
        self.half.tombstone_ms = max(self.half.tombstone_ms, event_ms)

    def note_presence(
        self, event_ms: int, *, present: bool, microphone: bool | None, precise: bool = True
    ) -> None:
        """Remember what an event says of the user, in any order; None leaves the microphone as it was."""
        known = self.presence
        if compare_times(event_ms, known.event_ms, precise=precise) >= 0:
            known.present, known.event_ms = present, event_ms
        is_newer = compare_times(event_ms, known.microphone_ms, precise=precise) >= 0
        if microphone is not None and is_newer:
            known.microphone, known.microphone_ms = microphone, event_ms

    def drop_session(self, session_id: str, before_ms: int) -> bool:
        """Take a session out of the document, if it was over before then; whether it is not there now."""
        for session in [one for one in self.sessions if one.id == session_id]:
            if session.is_kept(before_ms) or session.is_unfinished:
                return False
            self.sessions.remove(session)
        return True

    def drop_tombstone(self, before_ms: int) -> bool:
        """Forget when the room was last closed without a session, if before then; whether nothing is left."""
        if self.half.tombstone_ms < before_ms:
            self.half.tombstone_ms = 0
        return not self.half.tombstone_ms

    def _begin(self, event_ms: int, rule: Rule) -> Session:
        rule, self.half.plan = self.half.plan or rule, None
        self.presence = Presence()  # nobody has been seen in it yet
        sdk_app_id, room_id, room_id_type = self.room
        session_id = f"{sdk_app_id}/{room_id_type}/{room_id}/{event_ms}"
        session = Session(session_id, self.room, event_ms, event_ms, rule)
        self.sessions.insert(0, session)
        if self.half.opt_outs or self.opt_outs:
            self.leave_out()
        return session
