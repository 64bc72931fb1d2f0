"""What every engine of the ledger does, in the same way: SQLite and Redis are tested against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

from shared.ledger.document import Person, Session
from shared.ledger.sessions import RoomBook
from shared.room import Room
from shared.transcripts.records import SentenceNews

LONGEST_LEASE_MS = 60_000

Result = TypeVar("Result")


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


class Ledger(Protocol):
    """Keeps what all instances know; every method raises LedgerError when the engine does not answer.

    Safe to use from several threads. Each method is done wholly or not at all, and what it has
    returned survives the death of every process. All times are ms since 1970, given by the caller.
    """

    def read(self, room: Room) -> RoomBook:
        """A room's book as it is now; an empty one for a room never heard of."""

    def change(self, room: Room, work: Callable[[RoomBook], Result]) -> Result:
        """Let `work` change a room's book as if nobody else did meanwhile.

        `work` must be pure but for the book: it runs again when somebody else was quicker.
        Afterwards `list_due` and `count_living` know what the book now says.
        """

    def list_sessions(self, room: Room, most: int) -> list[Session]:
        """The room's sessions, newest first, at most `most`."""

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

    def list_people(self, session: Session) -> list[Person]:
        """Everybody seen in a session, by name."""

    def list_due(self, now_ms: int, most: int) -> list[Room]:
        """The rooms whose next look (see `agenda`) has come, the longest waiting first."""

    def find_next_due(self) -> int | None:
        """The ms at which the next room must be looked at; None when none must."""

    def count_living(self, sdk_app_id: int) -> int:
        """How many tasks of an application hold, or are about to hold, a place of the quota."""

    def take_slot(self, name: str, per_s: int, now_ms: int) -> int:
        """0 when one more call of that name may go out now, else the ms after which to ask again.

        At most `per_s` are given in any 1,000 ms, to all callers together.
        """

    def take_lease(self, name: str, token: str, now_ms: int, lease_ms: int) -> bool:
        """Whether `token` now holds the lease of that name, new, renewed, or because it had run out.

        `lease_ms` is at most 60,000; a lease that ends further ahead than that was written by a
        wrong clock, and counts as run out.
        """

    def drop_lease(self, name: str, token: str) -> None:
        """Give a lease back, if `token` still holds it."""

    def find_session(self, session_id: str) -> Session | None:
        """The session with that id; None for one that is not kept, or never was."""

    def keep_sentence(self, session: Session, news: SentenceNews) -> bool:
        """Merge what a callback told of a sentence into what is known of it; whether it was new.

        The order in which callbacks come, and how often, makes no difference. What was deleted is
        not kept again.
        """

    def read_version(self, session: Session) -> Version:
        """How often anything in the session's transcript has changed so far."""

    def list_sentences(self, session: Session, since: int) -> list[SentenceNews]:
        """What is known of each sentence that changed after version `since`."""

    def forget_sentences(self, session: Session, until_ms: int) -> int:
        """Delete what was said in a session, for good; how many sentences there were.

        What happened until `until_ms` is not kept again (see `Deletion`). `erase_traces` comes after it.
        """

    def forget_old(self, before_ms: int) -> Forgotten:
        """Delete some of what was over before then: closed sessions with people and sentences, tombstones.

        To be asked again until nothing was deleted: each time is short; then `erase_traces`. What is
        open, lives or is due stays. An engine whose records end by themselves has nothing to delete.
        """

    def erase_traces(self) -> bool:
        """Erase what is deleted from wherever the engine still holds it; False: not while it is read."""

    def close(self) -> None:
        """Let go of files and connections."""
