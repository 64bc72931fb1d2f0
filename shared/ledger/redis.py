"""The ledger in Redis: shared by all instances, on one server or behind a cluster's proxy.

A change reads a room's book, works on it, and writes it only if nobody else has since: two round
trips, and two more each time somebody was quicker. TTLs are garbage collection, never logic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from shared.errors import LedgerError
from shared.ledger import redis_sentences
from shared.ledger.contract import LONGEST_LEASE_MS, Forgotten, Version
from shared.ledger.document import Person, Session
from shared.ledger.people import Presence
from shared.ledger.rate_limit import WINDOW_MS
from shared.ledger.redis_book import (
    OLDER_KEPT,
    Page,
    Stored,
    date_closed,
    find_kept_s,
    load_commands,
    load_page,
    load_sessions,
    save_command,
)
from shared.ledger.redis_keys import (
    AGENDA,
    parse_room,
    room_key,
    session_key,
    session_keys,
    shared_key,
)
from shared.ledger.redis_scripts import DROP_LEASE, SAVE_PRESENCE, TAKE_LEASE, TAKE_SLOT
from shared.ledger.redis_server import Server, script
from shared.ledger.retry import take_turns
from shared.ledger.sessions import SESSIONS_LOADED, RoomBook
from shared.room import Room, find_room
from shared.settings import KEEP_DAYS
from shared.transcripts.deletion import Deletion
from shared.transcripts.records import SentenceNews

PATIENCE_S = 0.7  # no third turn begins later; an answer that takes 0.5 s is the last
LONGEST_PAUSE_S = 0.004
SLOTS_KEPT_S = 60
LEASE_KEPT_S = 86_400
DAY_S = 86_400
STRUCTS = (Stored, Session, Presence, SentenceNews, Deletion)  # all that is read from Redis

Result = TypeVar("Result")


class RedisLedger:
    """Keeps the ledger's contract in a Redis database; see `contract`. It connects when first asked.

    What is over ends by itself, `keep_days` later.
    """

    def __init__(self, url: str, keep_days: int = KEEP_DAYS) -> None:
        # Learned here: msgspec 0.22 crashes when two threads learn a type at the same moment.
        for struct in STRUCTS:
            msgspec.json.Decoder(struct)
        self._server = Server(url)
        self._keep_s = keep_days * DAY_S

    def close(self) -> None:
        """Let go of every connection."""
        self._server.close()

    def read(self, room: Room) -> RoomBook:
        """A room's book as it is now; an empty one for a room never heard of."""
        return self._load(room).book

    def change(self, room: Room, work: Callable[[RoomBook], Result]) -> Result:
        """Let `work` change a room's book as if nobody else did meanwhile."""
        for _ in take_turns(PATIENCE_S, LONGEST_PAUSE_S):
            page = self._load(room)
            result = work(page.book)
            if not page.is_changed or self._save(page):
                return result
        raise self._crowded()

    def list_sessions(self, room: Room, most: int) -> list[Session]:
        """The room's sessions, newest first, at most `most` and those that are still kept."""
        raw, older = self._server.ask(
            ("GET", room_key(room, "book")),
            ("LRANGE", room_key(room, "older"), 0, max(most - SESSIONS_LOADED, 1) - 1),
            atomic=True,
        )
        with self._decoding():
            sessions = load_sessions(raw)
            sessions += [msgspec.json.decode(session, type=Session) for session in older]
        return sessions[:most]

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
        """Remember what the newest event about somebody says; None leaves the microphone as it was."""
        key, kept_s = session_key(session, "people"), find_kept_s(session, self._keep_s)
        for _ in take_turns(PATIENCE_S, LONGEST_PAUSE_S):
            (raw,) = self._server.ask(("HGET", key, user_id))
            with self._decoding():
                known = msgspec.json.decode(raw, type=Presence) if raw else Presence()
            noted = known.note(event_ms, present=present, microphone=microphone, precise=precise)
            if noted == known:
                return
            args = (user_id, raw or b"", msgspec.json.encode(noted), kept_s)
            (saved,) = self._server.ask(script(SAVE_PRESENCE, key, args=args))
            if saved:
                return
        raise self._crowded()

    def list_people(self, session: Session) -> list[Person]:
        """Everybody seen in a session, by name."""
        (people,) = self._server.ask(("HGETALL", session_key(session, "people")))
        with self._decoding():
            return [
                msgspec.json.decode(raw, type=Presence).show(user_id.decode())
                for user_id, raw in sorted(people.items())
            ]

    def find_session(self, session_id: str) -> Session | None:
        """The session with that id; None for one that is not kept, or never was."""
        room = find_room(session_id)
        if room is None:
            return None
        # Whoever reads along asks often, and nearly always for one of the newest.
        for most in (SESSIONS_LOADED, SESSIONS_LOADED + OLDER_KEPT):
            for session in self.list_sessions(room, most):
                if session.id == session_id:
                    return session
        return None

    def keep_sentence(self, session: Session, news: SentenceNews) -> bool:
        """Merge what a callback told of a sentence into what is known of it; whether it was new."""
        kept_s = find_kept_s(session, self._keep_s)
        for _ in take_turns(PATIENCE_S, LONGEST_PAUSE_S):
            with self._decoding():
                kept = redis_sentences.keep(self._server, session, news, kept_s)
            if kept is not None:
                return kept
        raise self._crowded()

    def read_version(self, session: Session) -> Version:
        """How often anything in the session's transcript has changed so far."""
        with self._decoding():
            return redis_sentences.read_version(self._server, session)

    def list_sentences(self, session: Session, since: int) -> list[SentenceNews]:
        """What is known of each sentence that changed after version `since`."""
        with self._decoding():
            return redis_sentences.list_since(self._server, session, since)

    def forget_sentences(self, session: Session, until_ms: int) -> int:
        """Delete what was said in a session; how many sentences there were."""
        kept_s = find_kept_s(session, self._keep_s)
        for _ in take_turns(PATIENCE_S, LONGEST_PAUSE_S):
            with self._decoding():
                count = redis_sentences.forget(self._server, session, until_ms, kept_s)
            if count is not None:
                return count
        raise self._crowded()

    def forget_old(self, before_ms: int) -> Forgotten:  # noqa: ARG002  the contract's
        """Nothing: whatever is over has been given its time when it was written."""
        return Forgotten()

    def erase_traces(self) -> bool:
        """Nothing is left to erase: what is deleted is gone from the memory at once."""
        return True

    def list_due(self, now_ms: int, most: int) -> list[Room]:
        """The rooms whose next look has come, the longest waiting first."""
        (members,) = self._server.ask(
            ("ZRANGEBYSCORE", AGENDA, "-inf", now_ms, "LIMIT", 0, most),
        )
        with self._decoding():
            return [parse_room(member.decode()) for member in members]

    def find_next_due(self) -> int | None:
        """The ms at which the next room must be looked at; None when none must."""
        (first,) = self._server.ask(("ZRANGE", AGENDA, 0, 0, "WITHSCORES"))
        return int(first[1]) if first else None

    def count_living(self, sdk_app_id: int) -> int:
        """How many tasks of an application hold, or are about to hold, a place of the quota."""
        (count,) = self._server.ask(("SCARD", shared_key("living", sdk_app_id)))
        return int(count)

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when one more call of that name may go out now, else the ms after which to ask again."""
        args = (per_s, now_ms, WINDOW_MS, SLOTS_KEPT_S)
        (wait_ms,) = self._server.ask(script(TAKE_SLOT, shared_key("slots", name), args=args))
        return int(wait_ms)

    def take_lease(self, name: str, token: str, now_ms: int, lease_ms: int) -> bool:
        """Whether `token` now holds the lease of that name, new, renewed, or because it had run out."""
        args = (token, now_ms, now_ms + lease_ms, LONGEST_LEASE_MS, LEASE_KEPT_S)
        (taken,) = self._server.ask(script(TAKE_LEASE, shared_key("lease", name), args=args))
        return bool(taken)

    def drop_lease(self, name: str, token: str) -> None:
        """Give a lease back, if `token` still holds it."""
        self._server.ask(script(DROP_LEASE, shared_key("lease", name), args=(token,)))

    def _load(self, room: Room) -> Page:
        replies = self._server.ask(*load_commands(room))
        with self._decoding():
            return load_page(room, *replies)

    def _save(self, page: Page) -> bool:
        (is_saved,) = self._server.ask(save_command(page, self._keep_s))
        if is_saved:
            self._server.ask(*date_closed(page, self._keep_s))
            if len(page.book.sessions) > SESSIONS_LOADED:
                self._forget_oldest(page.book.room)
        return bool(is_saved)

    def _forget_oldest(self, room: Room) -> None:
        """Delete the sessions that are too many, with all that belongs to them."""
        older = room_key(room, "older")
        (raws,) = self._server.ask(("LRANGE", older, OLDER_KEPT, -1))
        for raw in raws:
            with self._decoding():
                session = msgspec.json.decode(raw, type=Session)
            deleting = (("DEL", key) for key in session_keys(session))
            self._server.ask(*deleting, ("LREM", older, -1, raw))

    def _crowded(self) -> LedgerError:
        return LedgerError(
            f"LEDGER_URL: Redis at {self._server.place}: too many change the same room at once"
        )

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except (msgspec.MsgspecError, ValueError):
            raise LedgerError(
                f"LEDGER_URL: Redis at {self._server.place} holds another program's data under "
                "roomscribe:*; name another database"
            ) from None
