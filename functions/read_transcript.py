"""Read what was said in a room: live, as a page for people, or as VTT, SRT, JSON or text."""

from __future__ import annotations

from functools import lru_cache

from shared.errors import NotSharedError
from shared.ledger import Ledger, open_ledger
from shared.reading.answer import answer_reader
from shared.reading.kept import KeptTranscripts, Memories, ReadObject
from shared.scf import Json, now_ms
from shared.settings import Settings


def main_handler(event: object, context: object) -> Json:
    """The read link in the path names the session; SCF logs return values, so its log topic is off."""
    return answer_reader(event, context, open_transcripts)


def open_transcripts(settings: Settings) -> KeptTranscripts:
    """What is in the ledger that trtc_callback writes to."""
    if not settings.ledger_is_shared:
        raise NotSharedError(
            "LEDGER_URL: reading transcripts needs a ledger that all instances share"
        )
    ledger = open_ledger(settings.ledger_url, settings.transcript_keep_days, settings.ledger_name)
    since_ms, memories = settings.kept_since_ms(now_ms()), find_memories(ledger)
    return KeptTranscripts(ledger, since_ms, memories, find_reader(settings))


def find_reader(settings: Settings) -> ReadObject:
    """What reads an object of the archive; nothing of it is imported, or connected, before."""

    def read(key: str) -> bytes | None:
        from shared.archive.archive import open_archive

        url = settings.archive_url
        return open_archive(url, settings.ca).get(key) if url else None

    return read


@lru_cache(maxsize=1)
def find_memories(_ledger: Ledger) -> Memories:
    """What was read from a ledger, for as long as this instance is warm."""
    return {}
