"""A transcript as SubRip (.srt): no standard describes it, so only what every player knows is used."""

from __future__ import annotations

import re
from collections.abc import Sequence

from shared.transcripts.languages import choose_texts
from shared.transcripts.plain import write_clock, write_plain
from shared.transcripts.records import Sentence, Transcript

# There is no way to escape: an invisible character keeps text from being taken for markup or times.
JOINER = "\u2060"
MARKUP = re.compile(r"[<{]|--(?=>)|[0-9]:(?=[0-9]{1,2}[.,][0-9])")


def write_srt(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """One cue a sentence, beginning with its speaker; a line for each language."""
    return "\n".join(
        _write_cue(number, sentence, languages)
        for number, sentence in enumerate(transcript.sentences, 1)
    )


def _write_cue(number: int, sentence: Sentence, languages: Sequence[str]) -> str:
    times = f"{write_clock(sentence.start_ms, ',')} --> {write_clock(sentence.end_ms, ',')}"
    speaker = f"{_disarm(sentence.user_id)}: " if sentence.user_id else ""
    lines = "\n".join(_disarm(text) for text in choose_texts(sentence, languages))
    return f"{number}\n{times}\n{speaker}{lines}\n"


def _disarm(text: str) -> str:
    return MARKUP.sub(rf"\g<0>{JOINER}", write_plain(text))
