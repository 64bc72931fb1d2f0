"""Read what was said in a room: live, as a page for people, or as VTT, SRT, JSON or text."""

from __future__ import annotations

from functools import lru_cache

from shared.errors import NotSharedError
from shared.ledger import KeptTranscripts, Ledger, open_ledger
from shared.scf import Json
from shared.settings import Settings
from shared.transcripts.memory import RememberedTranscripts
from shared.transcripts.serving import answer_reader
from shared.transcripts.source import TranscriptSource


def main_handler(event: object, context: object) -> Json:
    """The read link in the path names the session; SCF logs return values, so its log topic is off."""
    return answer_reader(event, context, open_source)


def open_source(settings: Settings) -> TranscriptSource:
    """The ledger that trtc_callback writes to."""
    if not settings.ledger_is_shared:
        raise NotSharedError(
            "LEDGER_URL: reading transcripts needs a ledger that all instances share"
        )
    ledger = open_ledger(settings.ledger_url)
    return remember(ledger)  # type: ignore[arg-type]  # mypy does not see that a protocol has a hash


@lru_cache(maxsize=1)
def remember(ledger: Ledger) -> RememberedTranscripts:
    """The transcripts of a ledger, remembered for as long as this instance is warm."""
    return RememberedTranscripts(KeptTranscripts(ledger))
