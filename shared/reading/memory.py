"""Transcripts remembered from one read to the next: only what changed is asked for, and placed, again."""

from __future__ import annotations

from typing import NamedTuple

from shared.reading.kept import KeptTranscripts
from shared.transcripts.document import read_since, write_next
from shared.transcripts.records import Sentence, Transcript, TranscriptHead
from shared.transcripts.timeline import arrange_sentences, build_transcript, place_news

MOST_SENTENCES = 10_000  # of all sessions together: about 15 MB, in an instance that has 128


class Memory(NamedTuple):
    """All that was known of a session, by the keys of its news, and what a reader who has it asks next.

    None stands where a callback was kept in which no text was found.
    """

    places: dict[str, Sentence | None]
    next: str


Memories = dict[str, Memory]  # by the id of the session, the one read last at the end


class RememberedTranscripts:
    """Reads from `source` only what is not in `memories`, like a reader who polls."""

    def __init__(self, source: KeptTranscripts, memories: Memories) -> None:
        self._source = source
        self._memories = memories

    def read_head(self, session_id: str) -> TranscriptHead | None:
        """What is known of the session now; None when nothing is kept of it."""
        head = self._source.read_transcript_head(session_id)
        if head is None:
            self._memories.pop(session_id, None)
        return head

    def read(self, head: TranscriptHead, since: int) -> Transcript:
        """The transcript with that head; only what changed in it since a version, if that is not 0."""
        session_id = head.session_id
        if since:
            return build_transcript(head, self._source.list_sentence_news(session_id, since))
        memory = self._memories.pop(session_id, None)
        known = read_since(memory.next, head) if memory else 0
        news = self._source.list_sentence_news(session_id, known)
        places = memory.places if memory and known else {}
        places |= {each.key: place_news(head, each) for each in news}
        self._memories[session_id] = Memory(places, write_next(head))
        self._forget_some()
        return arrange_sentences(head, places.values())

    def _forget_some(self) -> None:
        """Forget those that were read longest ago, when they are too many."""
        total = sum(len(memory.places) for memory in self._memories.values())
        while total > MOST_SENTENCES:
            oldest = next(iter(self._memories))
            total -= len(self._memories.pop(oldest).places)
