"""The timeline of a transcript: places sentences in ms since the session opened."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from shared.transcripts.records import (
    UNKNOWN_MS,
    Sentence,
    SentenceNews,
    TaskOrigin,
    Transcript,
    TranscriptHead,
    Words,
)

NO_ORIGIN = TaskOrigin()
# TRTC tells of a sentence when it is over. No document says since when StartTimeMs counts: since the
# start of the task, it is assumed, and believed as long as it agrees that far with the event's time.
AGREEMENT_MS = 60_000
WALL_CLOCK_MS = 10**12  # a time this great can only be one since 1970
LONGEST_GUESS_MS = 10_000
LONGEST_SENTENCE_MS = 600_000  # a start and an end further apart are not believed
LONGEST_SESSION_MS = 366 * 86_400_000  # nor is a time beyond that, in a session that is still open
SHORTEST_MS, MS_PER_CHARACTER = 500, 60


def build_transcript(head: TranscriptHead, news: Iterable[SentenceNews]) -> Transcript:
    """The transcript that the news make; of the news alone that changed, when given only those."""
    return arrange_sentences(head, [place_news(head, each) for each in news])


def arrange_sentences(head: TranscriptHead, places: Collection[Sentence | None]) -> Transcript:
    """The transcript of sentences in any order; None stands for a callback in which no text was found.

    Sentences that began together always come in the same order.
    """
    sentences = sorted(
        filter(None, places), key=lambda each: (each.start_ms, each.end_ms, each.key)
    )
    return Transcript(head, sentences, len(places) - len(sentences))


def place_news(head: TranscriptHead, news: SentenceNews) -> Sentence | None:
    """The sentence in some news; None when no text was found in them."""
    if news.opaque:
        return None
    origin = head.tasks.get(news.task_id, NO_ORIGIN)
    words = news.said or min(news.translations.values())
    start_ms, end_ms = place_words(words, origin.started_ms, head.opened_ms, head.closed_ms)
    return Sentence(
        key=news.key,
        task_id=news.task_id,
        user_id=words.user_id,
        text=news.said.text if news.said else "",
        language=(news.said.language or origin.language) if news.said else "",
        start_ms=start_ms,
        end_ms=end_ms,
        event_ms=words.event_ms,
        translations={language: each.text for language, each in news.translations.items()},
        version=news.version,
    )


def place_words(
    words: Words, task_started_ms: int | None, opened_ms: int, closed_ms: int | None = None
) -> tuple[int, int]:
    """Start and end in ms since the session opened; by the event's time when nothing better is known.

    Whatever the times say, the place is in the session, or as little after its end as TRTC takes to tell.
    """
    last_ms = LONGEST_SESSION_MS if closed_ms is None else closed_ms - opened_ms + AGREEMENT_MS
    told_ms = max(0, min(words.event_ms - opened_ms, last_ms, LONGEST_SESSION_MS))
    length_ms = _measure(words)
    start_ms = told_ms - length_ms
    counts_from_ms = 0 if words.start_ms >= WALL_CLOCK_MS else task_started_ms
    if words.start_ms != UNKNOWN_MS and counts_from_ms is not None:
        believed_ms = counts_from_ms + words.start_ms - opened_ms
        if abs(believed_ms + length_ms - told_ms) <= AGREEMENT_MS:
            start_ms = believed_ms
    end_ms = max(start_ms + length_ms, 1)
    return max(0, min(start_ms, end_ms - 1)), end_ms


def _measure(words: Words) -> int:
    """The duration of a sentence in ms, as TRTC gave it, or estimated from the length of its text."""
    if UNKNOWN_MS < words.start_ms < words.end_ms <= words.start_ms + LONGEST_SENTENCE_MS:
        return words.end_ms - words.start_ms
    return max(SHORTEST_MS, min(len(words.text) * MS_PER_CHARACTER, LONGEST_GUESS_MS))
