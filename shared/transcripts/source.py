"""Where transcripts come from: what a ledger must do so that they can be read."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from shared.transcripts.records import SentenceNews, TranscriptHead


@runtime_checkable
class TranscriptSource(Protocol):
    """Knows transcripts by their session; both methods raise LedgerError when it does not answer."""

    def read_transcript_head(self, session_id: str) -> TranscriptHead | None:
        """What is known of the session, also before anything was said; None when nothing is kept of it."""

    def list_sentence_news(self, session_id: str, since: int) -> list[SentenceNews]:
        """Every sentence whose version is greater than `since`, in any order.

        Reads no older than the head that was read before: a sentence of that version is in it.
        """
