"""What is left of a transcript that was deleted: enough that nothing of it comes back, and no word."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from shared.transcripts.records import SentenceNews

FOR_EVER_MS = 2**53  # of a session that has closed nothing may come any more
KEYS_KEPT = 100  # of the sentences deleted last, about which more may still be told


class Deletion(Struct, frozen=True):
    """What happened until `until_ms` is not kept again, whenever and however often it is told.

    Nor is what is told later of a sentence that was deleted, such as its translation: `keys` are
    those of the last ones. `version` is the one that the deletion made.
    """

    until_ms: int = -1
    version: int = 0
    keys: list[str] = []

    def covers(self, news: SentenceNews) -> bool:
        """Whether the news is of something that was deleted."""
        return news.event_ms <= self.until_ms or news.key in self.keys

    def follow(self, until_ms: int, version: int, keys: Sequence[str]) -> Deletion:
        """One more deletion: of a transcript of that version, with these sentences, the last first."""
        kept = [*keys, *self.keys][:KEYS_KEPT]
        return Deletion(max(until_ms, self.until_ms), version + 1, kept)
