"""A transcript as text for people: who said what, and when."""

from __future__ import annotations

from collections.abc import Sequence

from shared.transcripts.languages import choose_texts
from shared.transcripts.plain import write_clock, write_date, write_plain
from shared.transcripts.records import Sentence, Transcript, TranscriptHead

DATE = "%Y-%m-%d %H:%M:%S UTC"
NOTHING_SAID = "Nothing has been said."


def write_text(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """A heading, then a line for each sentence; further languages stand below it, indented."""
    lines = [_write_line(sentence, languages) for sentence in transcript.sentences]
    return "\n".join((_write_heading(transcript.head), *(lines or [NOTHING_SAID]), ""))


def _write_heading(head: TranscriptHead) -> str:
    opened = f"Room {write_plain(head.room_id)}\nOpened {write_date(head.opened_ms, DATE)}"
    closed = (
        "still open" if head.closed_ms is None else f"closed {write_date(head.closed_ms, DATE)}"
    )
    return f"{opened}, {closed}\n"


def _write_line(sentence: Sentence, languages: Sequence[str]) -> str:
    when = f"[{write_clock(sentence.start_ms)[:-4]}] "
    speaker = f"{write_plain(sentence.user_id)}: " if sentence.user_id else ""
    first, *others = (write_plain(text) for text in choose_texts(sentence, languages))
    return "\n".join((f"{when}{speaker}{first}", *(" " * len(when) + other for other in others)))
