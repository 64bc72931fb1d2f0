"""Transcripts remembered from one read to the next: only what changed is asked for again."""

from __future__ import annotations

from typing import NamedTuple

from shared.transcripts.document import read_since, write_next
from shared.transcripts.records import SentenceNews, TranscriptHead
from shared.transcripts.source import TranscriptSource

MOST_SENTENCES = 10_000  # of all sessions together: about 15 MB, in an instance that has 128


class Memory(NamedTuple):
    """The sentences of a session by their key, and what a reader who has them asks for next."""

    news: dict[str, SentenceNews]
    next: str


Memories = dict[str, Memory]  # by the id of the session, the one read last at the end


class RememberedTranscripts:
    """A source that reads from `source` only what is not in `memories`, like a reader who polls."""

    def __init__(self, source: TranscriptSource, memories: Memories) -> None:
        self._source = source
        self._heads: dict[str, TranscriptHead] = {}
        self._memories = memories

    def read_transcript_head(self, session_id: str) -> TranscriptHead | None:
        """What is known of the session now."""
        head = self._source.read_transcript_head(session_id)
        self._heads = {session_id: head} if head else {}
        if head is None:
            self._memories.pop(session_id, None)
        return head

    def list_sentence_news(self, session_id: str, since: int) -> list[SentenceNews]:
        """Every sentence whose version is greater than `since`."""
        head = self._heads.get(session_id)
        if since or head is None:
            return self._source.list_sentence_news(session_id, since)
        memory = self._memories.pop(session_id, None)
        known = read_since(memory.next, head) if memory else 0
        new = {each.key: each for each in self._source.list_sentence_news(session_id, known)}
        news = {**memory.news, **new} if memory and known else new
        self._memories[session_id] = Memory(news, write_next(head))
        self._forget_some()
        return list(news.values())

    def _forget_some(self) -> None:
        """Forget those that were read longest ago, when they are too many."""
        total = sum(len(memory.news) for memory in self._memories.values())
        while total > MOST_SENTENCES:
            oldest = next(iter(self._memories))
            total -= len(self._memories.pop(oldest).news)
