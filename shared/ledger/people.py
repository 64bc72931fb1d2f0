"""What events about somebody add up to, in whatever order they arrive: pure, for every engine."""

from __future__ import annotations

from msgspec import Struct

from shared.ledger.document import Person
from shared.ledger.event_times import compare_times


class Presence(Struct):
    """Whether somebody is there and whether their microphone is on, each with its newest event's ms.

    Most events tell only of one of the two, so each has a time of its own.
    """

    present: bool = False
    microphone: bool = False
    event_ms: int = 0
    microphone_ms: int = 0

    def note(
        self, event_ms: int, *, present: bool, microphone: bool | None, precise: bool
    ) -> Presence:
        """The presence after one more event; None leaves the microphone as it was."""
        noted = Presence(self.present, self.microphone, self.event_ms, self.microphone_ms)
        if compare_times(event_ms, self.event_ms, precise=precise) >= 0:
            noted.present, noted.event_ms = present, event_ms
        is_newer = compare_times(event_ms, self.microphone_ms, precise=precise) >= 0
        if microphone is not None and is_newer:
            noted.microphone, noted.microphone_ms = microphone, event_ms
        return noted

    def show(self, user_id: str) -> Person:
        """The person as the ledger tells of them: who is away has no microphone."""
        has_microphone = self.present and self.microphone
        return Person(user_id, self.present, has_microphone, self.event_ms, self.microphone_ms)
