"""A transcript as text for people: who said what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from shared.transcripts.languages import choose_texts
from shared.transcripts.plain import write_clock, write_plain
from shared.transcripts.records import Sentence, Transcript, TranscriptHead

NOTHING_SAID = "Nothing has been said."


def write_text(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """A heading, then a line for each sentence; further languages stand below it, indented."""
    lines = [_write_line(sentence, languages) for sentence in transcript.sentences]
    return "\n".join((_write_heading(transcript.head), *(lines or [NOTHING_SAID]), ""))


def _write_heading(head: TranscriptHead) -> str:
    opened = f"Room {write_plain(head.room_id)}\nOpened {_write_date(head.opened_ms)}"
    closed = f"closed {_write_date(head.closed_ms)}" if head.closed_ms else "still open"
    return f"{opened}, {closed}\n"


def _write_date(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // 1000, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def _write_line(sentence: Sentence, languages: Sequence[str]) -> str:
    when = f"[{write_clock(sentence.start_ms)[:-4]}] "
    speaker = f"{write_plain(sentence.user_id)}: " if sentence.user_id else ""
    first, *others = (write_plain(text) for text in choose_texts(sentence, languages))
    return "\n".join((f"{when}{speaker}{first}", *(" " * len(when) + other for other in others)))
