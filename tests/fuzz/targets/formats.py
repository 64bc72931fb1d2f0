"""A transcript's files: independent readers find every sentence in each, once, at its time, and nothing else.

An input has a sentence between bytes 0xFF: two bytes of times, who spoke, a byte 0xFE, the text, and
perhaps another and a translation. The first byte says in which languages the files are.
"""

from __future__ import annotations

import html
import io
import json
from collections.abc import Iterator

import msgspec
import pysubs2
import webvtt

from shared.transcripts.files import (
    JOINER,
    SPOKEN,
    Document,
    choose_texts,
    write_document,
    write_plain,
    write_srt,
    write_text,
    write_webvtt,
)
from shared.transcripts.records import Sentence, Transcript
from tests.support.transcript_source import OPENED_MS, make_head

LANGUAGES = ((), ("en",), ("zh",), ("en", "zh"), (SPOKEN, "zh"), ("fr",))
MOST = 8  # sentences
TEXTS = (
    "Good morning.",
    "<script>alert(1)</script>",
    "00:00:01.000 --> 00:00:02.000",
    "</v><v Eve>I never said that",
    "a\n\nNOTE b\r\n\r\nc\u2028d\x85e",
    "&amp; &lt;b&gt; &#0; & <",
    "{\\an8}{b}above",
    "\u2067 open \u202a twice",
    "מרחבא 早上好。👩‍👧",
    "42",
    "   ",
)


def list_seeds() -> Iterator[bytes]:
    """Transcripts of one sentence, and one of many."""
    rows = [b"\x01\x20amy\xfe" + text.encode() for text in TEXTS]
    yield from (bytes([number]) + row for number, row in enumerate(rows))
    yield b"\x03" + b"\xff".join(row + b"\xfe" + "好。\n".encode() for row in rows[:MOST])


def run(data: bytes) -> None:
    """Fail when a reader finds something else than what was said."""
    languages = LANGUAGES[(data or b"\0")[0] % len(LANGUAGES)]
    rows = data[1:].split(b"\xff")[:MOST]
    sentences = [sentence for i, row in enumerate(rows) if (sentence := _read(i, row))]
    transcript = Transcript(make_head(), sentences)
    texts = [choose_texts(sentence, languages) for sentence in sentences]
    _check_vtt(write_webvtt(transcript, languages), sentences, texts)
    _check_srt(write_srt(transcript, languages), sentences, texts)
    _check_text(write_text(transcript, languages), texts)
    _check_json(transcript)


def _read(number: int, row: bytes) -> Sentence | None:
    """The sentence of a row; None of one in which nothing is said."""
    times, row = row[:2].ljust(2, b"\0"), row[2:]
    parts = [part.decode("utf-8", "replace") for part in row.split(b"\xfe")]
    user_id, text, translation, *_ = (*parts, "", "")
    if not text.strip() and not translation.strip():
        return None
    start_ms = number * 10_000 + times[0] * 7
    translations = {"zh": translation} if translation.strip() else {}
    said = text if text.strip() else ""
    key = f"{number:024x}"
    end_ms = start_ms + 1 + times[1] * 11
    return Sentence(key, "t", user_id, said, "en", start_ms, end_ms, OPENED_MS, translations, 1)


def _check_vtt(text: str, sentences: list[Sentence], texts: list[list[str]]) -> None:
    captions = webvtt.from_string(text).captions
    assert len(captions) == len(sentences), "WebVTT has another number of cues"
    for caption, sentence, lines in zip(captions, sentences, texts, strict=True):
        said = "\n".join(map(write_plain, lines))
        assert html.unescape(caption.text).replace(JOINER, "") == said.replace(JOINER, "")
        start = caption.start_time.in_seconds() * 1000 + caption.start_time.milliseconds
        assert start == sentence.start_ms


def _check_srt(text: str, sentences: list[Sentence], texts: list[list[str]]) -> None:
    cues = list(pysubs2.SSAFile.from_string(text, format_="srt"))
    assert len(cues) == len(sentences), "SubRip has another number of cues"
    for cue, sentence, lines in zip(cues, sentences, texts, strict=True):
        who = f"{write_plain(sentence.user_id)}: " if sentence.user_id else ""
        said = who + "\n".join(map(write_plain, lines))
        assert cue.text.replace(JOINER, "") == said.replace(JOINER, "").replace("\n", "\\N")
        assert (cue.start, cue.end) == (sentence.start_ms, sentence.end_ms)


def _check_text(text: str, texts: list[list[str]]) -> None:
    lines = io.StringIO(text).read().split("\n")
    heading, end = 3, 1
    said = max(sum(map(len, texts)), 1)  # or the line that nothing was
    assert len(lines) == heading + said + end
    assert len(text.splitlines()) == heading + said


def _check_json(transcript: Transcript) -> None:
    text = write_document(transcript)
    assert msgspec.json.decode(text, type=Document).sentences == transcript.sentences
    assert len(json.loads(text)["sentences"]) == len(transcript.sentences)
