"""A transcript as WebVTT. Source: W3C, WebVTT: The Web Video Text Tracks Format."""

from __future__ import annotations

from collections.abc import Sequence

from shared.transcripts.languages import choose_texts
from shared.transcripts.plain import write_clock, write_plain
from shared.transcripts.records import Sentence, Transcript

ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write_webvtt(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """One numbered cue a sentence; a line for each language."""
    cues = (
        _write_cue(number, sentence, languages)
        for number, sentence in enumerate(transcript.sentences, 1)
    )
    return "\n".join(("WEBVTT\n", *cues))


def _write_cue(number: int, sentence: Sentence, languages: Sequence[str]) -> str:
    times = f"{write_clock(sentence.start_ms)} --> {write_clock(sentence.end_ms)}"
    voice = f"<v {_escape(sentence.user_id)}>" if sentence.user_id else ""
    lines = "\n".join(_escape(text) for text in choose_texts(sentence, languages))
    return f"{number}\n{times}\n{voice}{lines}\n"


def _escape(text: str) -> str:
    return write_plain(text).translate(ESCAPES)
