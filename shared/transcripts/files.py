"""A transcript as a file: WebVTT or SubRip for players, text for people.

In all of them one line is one line: text is made harmless, and nothing legible is taken away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone

from shared.transcripts.languages import choose_texts
from shared.transcripts.records import Sentence, Transcript

WEBVTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# SubRip cannot escape: an invisible character keeps text from being taken for markup or times.
JOINER = "\u2060"
MARKUP = re.compile(r"[<{]|--(?=>)|[0-9]:(?=[0-9]{1,2}[.,][0-9])")
DATE = "%Y-%m-%d %H:%M:%S UTC"
NOTHING_SAID = "Nothing has been said."
BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]+")
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
PDF, PDI = "\u202c", "\u2069"
EMBEDDINGS, ISOLATES = "\u202a\u202b\u202d\u202e", "\u2066\u2067\u2068"
DIRECTIONS = re.compile(f"[{EMBEDDINGS}{ISOLATES}{PDF}{PDI}]")
LAST_MS = 253_402_300_799_999  # of the year 9999, with which the calendar ends
NOTHING = "…"  # for a text in which nothing can be read: a cue without text is none to some players


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


def write_plain(text: str) -> str:
    """`text` in one line without control characters, and what it turns around turned back at its end."""
    if text.isprintable():  # as nearly every text: no control, no direction, no break
        return text.strip() or NOTHING
    line = CONTROLS.sub("\ufffd", BREAKS.sub(" ", text)).strip()
    return close_directions(line) or NOTHING


def close_directions(text: str) -> str:
    """`text` followed by what ends its open bidirectional embeddings, overrides and isolates.

    Source: Unicode Standard Annex 9, explicit directional formatting.
    """
    still_open: list[str] = []
    for match in DIRECTIONS.finditer(text):
        _apply(match[0], still_open)
    return text + "".join(reversed(still_open))


def _apply(mark: str, still_open: list[str]) -> None:
    """Note what would end an opening mark; a closing mark ends what it may."""
    if mark in EMBEDDINGS:
        still_open.append(PDF)
    elif mark in ISOLATES:
        still_open.append(PDI)
    elif mark == PDI and PDI in still_open:
        while still_open.pop() != PDI:
            pass  # an isolate takes the embeddings inside it along
    elif mark == PDF and still_open[-1:] == [PDF]:
        still_open.pop()


def write_clock(ms: int, mark: str = ".") -> str:
    """`ms` as 00:01:02.500; the hours grow beyond two digits when they must."""
    seconds, rest_ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest_ms:03}"


def write_date(ms: int, form: str) -> str:
    """`ms` since 1970, in UTC and in a form of strftime; what is in no calendar is the nearest that is."""
    seconds = max(0, min(ms, LAST_MS)) // 1000
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(form)
