"""What a store must be able to do so that a ledger can be kept in it: a few steps on bytes, each atomic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from shared.room import Room

LONGEST_LEASE_MS = 60_000


class Seen(NamedTuple):
    """What was read of a room: its document, and the presence of one user; b"" for what is not there."""

    document: bytes = b""
    user_id: str = ""
    presence: bytes = b""


class Line(NamedTuple):
    """Where a member stands in an index; a `score` of None takes it out."""

    index_name: str
    member: str
    score: int | None


class Ended(NamedTuple):
    """A session that a change closes, and who owns its people after the change."""

    session_id: str
    owner: str


class Older(NamedTuple):
    """A session that leaves its room's document."""

    room: Room
    session_id: str
    body: bytes


class Change(NamedTuple):
    """All that one step writes.

    `document` replaces the room's document; None leaves it, b"" deletes it. `moves` give the people of
    one owner to another, or delete them (""); after that `presence` becomes the user's, None leaves it.
    `older` has the oldest session first. `counts` are added to the application's counters. An engine
    whose records end by themselves keeps the document for `keep_s` seconds (None: for ever), the
    room's people for `people_keep_s` when one is written, and what belongs to sessions that ended,
    or are older, for `ended_keep_s`.
    """

    document: bytes | None = None
    presence: bytes | None = None
    moves: Sequence[tuple[str, str]] = ()
    older: Sequence[Older] = ()
    ended: Sequence[Ended] = ()
    lines: Sequence[Line] = ()
    counts: Mapping[str, int] = {}
    keep_s: int | None = None
    people_keep_s: int = 0
    ended_keep_s: int = 0


class Told(NamedTuple):
    """A sentence as it is kept, and what is kept of an earlier deletion; b"" for what is not there."""

    sentence: bytes
    deletion: bytes


class LastChanges(NamedTuple):
    """The deletion of a transcript (b"": none), and its last sentences: key and version, the last first."""

    deletion: bytes
    sentences: Sequence[tuple[str, int]]


class Engine(Protocol):
    """A store of bytes; every method raises LedgerError when the store does not answer.

    Safe to use from several threads. Each method is done wholly or not at all, and what it has
    returned survives the death of every process. Names are any printable text. People have an owner:
    a room for its newest session, a session once another one is newer.
    """

    place: str  # how errors name the store: no password is in it
    garbage: str  # what errors say when records cannot be read
    expires: bool  # whether records end by themselves; else the ledger lists and deletes them
    is_exclusive: bool  # whether `changing` keeps everybody else out

    def changing(self) -> AbstractContextManager[None]:
        """Around what reads first and then writes: one transaction, if the engine is exclusive."""

    def load(self, room: Room, user_id: str) -> Seen:
        """The document of a room (of both id types), and a user's presence if `user_id` is not ""."""

    def save(self, room: Room, seen: Seen, change: Change) -> Mapping[str, int] | None:
        """Make a change, if the document and the user's presence are still as they were seen.

        Returns the application's counters after it; None when somebody else was quicker. An exclusive
        engine need not compare.
        """

    def load_history(self, room: Room, most: int) -> tuple[bytes, list[bytes]]:
        """A room's document, and at most `most` of the room's older sessions, newest first."""

    def load_people(
        self, room: Room, owners: Sequence[str]
    ) -> tuple[bytes, list[Mapping[str, bytes]]]:
        """A room's document, and for each owner the presence of all its people, by user."""

    def list_index(self, index: str, until: int, most: int) -> list[tuple[str, int]]:
        """The members of an index, of all applications, with scores up to `until`: the lowest first."""

    def read_counters(self, sdk_app_id: int) -> Mapping[str, int]:
        """An application's counters by name; those that never changed are missing."""

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when a slot of the sliding window is given, else the ms to wait; see `rate_limit`."""

    def take_lease(self, name: str, token: str, now_ms: int, lease_ms: int) -> bool:
        """Whether the token now holds the lease: it did, nobody does, or the lease has run out.

        A lease that ends more than LONGEST_LEASE_MS from now counts as run out.
        """

    def drop_lease(self, name: str, token: str) -> None:
        """End a lease that the token holds."""

    def load_sentence(self, session_id: str, key: str) -> Told:
        """A sentence of a session, and the session's deletion."""

    def save_sentence(
        self, session_id: str, key: str, told: Told, sentence: bytes, least: int, keep_s: int
    ) -> bool:
        """Replace a sentence and number it, one above the highest version, or above `least` without any.

        False when sentence or deletion are no longer as they were told.
        """

    def list_sentences(self, session_id: str, since: int) -> list[tuple[int, bytes]]:
        """The sentences of a session with a version above `since`, with it, the lowest first."""

    def read_last_changes(self, session_id: str, most: int) -> LastChanges:
        """The deletion of a session's transcript, and its `most` last sentences."""

    def forget_sentences(
        self, session_id: str, last: LastChanges, deletion: bytes, keep_s: int
    ) -> int | None:
        """Delete a session's sentences, and keep the deletion: how many there were.

        None when deletion or last sentence are no longer as they were read.
        """

    def forget_session(self, session_id: str, owner: str, most: int) -> tuple[int, int]:
        """Delete what is kept of a session outside its document: at most `most` rows at a time.

        Returns how many sentences and how many people were deleted; less than `most` together when
        nothing of the session is left. An engine whose records end by themselves deletes all at once.
        """

    def erase_traces(self) -> bool:
        """Erase what is deleted from wherever it may still be read; False: not while it is being read."""

    def close(self) -> None:
        """Let go of files and connections."""
