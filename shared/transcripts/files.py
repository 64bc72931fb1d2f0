"""A transcript as a file: WebVTT or SubRip for players, text for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from shared.transcripts.languages import choose_texts
from shared.transcripts.plain import write_clock, write_date, write_plain
from shared.transcripts.records import Sentence, Transcript

WEBVTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# SubRip cannot escape: an invisible character keeps text from being taken for markup or times.
JOINER = "\u2060"
MARKUP = re.compile(r"[<{]|--(?=>)|[0-9]:(?=[0-9]{1,2}[.,][0-9])")
DATE = "%Y-%m-%d %H:%M:%S UTC"
NOTHING_SAID = "Nothing has been said."


def write_webvtt(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """The transcript as WebVTT: one numbered cue a sentence, a line for each language.

    Source: W3C, WebVTT: The Web Video Text Tracks Format.
    """
    cues = _write_cues(transcript, languages, ".", "<v {}>", _escape)
    return "\n".join(("WEBVTT\n", *cues))


def write_srt(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """The transcript as SubRip (.srt): one cue a sentence, beginning with its speaker, a line a language.

    No standard describes SubRip, so only what every player knows is used.
    """
    return "\n".join(_write_cues(transcript, languages, ",", "{}: ", _disarm))


def write_text(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """A heading, then a line for each sentence; further languages stand below it, indented."""
    head = transcript.head
    closed = "still open"
    if head.closed_ms is not None:
        closed = f"closed {write_date(head.closed_ms, DATE)}"
    heading = (
        f"Room {write_plain(head.room_id)}\nOpened {write_date(head.opened_ms, DATE)}, {closed}\n"
    )
    lines = [_write_line(sentence, languages) for sentence in transcript.sentences]
    return "\n".join((heading, *(lines or [NOTHING_SAID]), ""))


def _write_cues(
    transcript: Transcript,
    languages: Sequence[str],
    mark: str,
    speaker: str,
    protect: Callable[[str], str],
) -> Iterator[str]:
    """One cue a sentence: `mark` stands before the ms, `speaker` has {} for who spoke."""
    for number, sentence in enumerate(transcript.sentences, 1):
        start, end = write_clock(sentence.start_ms, mark), write_clock(sentence.end_ms, mark)
        who = speaker.format(protect(sentence.user_id)) if sentence.user_id else ""
        lines = "\n".join(protect(text) for text in choose_texts(sentence, languages))
        yield f"{number}\n{start} --> {end}\n{who}{lines}\n"


def _escape(text: str) -> str:
    return write_plain(text).translate(WEBVTT_ESCAPES)


def _disarm(text: str) -> str:
    return MARKUP.sub(rf"\g<0>{JOINER}", write_plain(text))


def _write_line(sentence: Sentence, languages: Sequence[str]) -> str:
    when = f"[{write_clock(sentence.start_ms)[:-4]}] "
    speaker = f"{write_plain(sentence.user_id)}: " if sentence.user_id else ""
    first, *others = (write_plain(text) for text in choose_texts(sentence, languages))
    return "\n".join((f"{when}{speaker}{first}", *(" " * len(when) + other for other in others)))
