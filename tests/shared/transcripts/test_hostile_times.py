"""Whatever times lie in a ledger, every file of the transcript can be written, with cues in the session."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pysubs2
import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st

from shared.links import sign_link
from shared.transcripts.records import SentenceNews, TaskOrigin, TranscriptHead, Words
from shared.transcripts.timeline import LONGEST_SESSION_MS, build_transcript, place_words
from tests.support.transcript_server import read_once
from tests.support.transcript_source import LINK_KEY, OPENED_MS, SESSION, TASK, MemorySource

LATE_MS = 2 * 60_000  # how long after the end of a session its last words may stand
HOSTILE_MS = [
    *(-(2**53), -1, 0, 1, 2**53, 2**62, 253_402_300_800_000, 8_640_000_000_000_001),
    *(OPENED_MS // 1000, OPENED_MS * 1000, OPENED_MS - 86_400_000, OPENED_MS + 86_400_000),
]
TIMES = (
    st.sampled_from(HOSTILE_MS)
    | st.integers(-(2**53), 2**53)
    | st.integers(0, 10**7).map(lambda ms: OPENED_MS + ms)
)
WORDS = st.builds(Words, TIMES, st.just("Good morning."), st.just("ann"), TIMES, TIMES)
HEADS = st.builds(
    lambda opened, closed, started: TranscriptHead(
        SESSION, "class-7", opened, closed, 1, {TASK: TaskOrigin(started)}
    ),
    TIMES,
    st.none() | TIMES,
    st.none() | TIMES,
)


@pytest.fixture(autouse=True)
def link_key(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TRANSCRIPT_LINK_KEY", LINK_KEY)


def read(head: TranscriptHead, words: list[Words], form: str) -> Any:
    """The answer of read_transcript for a ledger that holds just this."""
    source = MemorySource()
    source.heads[SESSION] = head
    source.news[SESSION] = {
        str(i): SentenceNews(f"{i:024x}", TASK, each, version=1) for i, each in enumerate(words)
    }
    path = f"/{sign_link(LINK_KEY, SESSION, int(time.time()) + 60)}{form}"
    return read_once(source, {"httpMethod": "GET", "path": path, "headers": {}, "queryString": {}})


def find_end_ms(head: TranscriptHead) -> int:
    """When the last cue of a session must be over."""
    closed_ms = LONGEST_SESSION_MS if head.closed_ms is None else head.closed_ms - head.opened_ms
    return max(0, min(closed_ms, LONGEST_SESSION_MS)) + LATE_MS


@given(HEADS, st.lists(WORDS, min_size=1, max_size=4))
def test_every_cue_is_in_its_session(head: TranscriptHead, words: list[Words]) -> None:
    news = [SentenceNews(f"{i}", TASK, each) for i, each in enumerate(words)]
    for sentence in build_transcript(head, news).sentences:
        assert 0 <= sentence.start_ms < sentence.end_ms <= find_end_ms(head)


@given(HEADS, st.lists(WORDS, min_size=1, max_size=4))
def test_every_file_can_be_written_and_read(head: TranscriptHead, words: list[Words]) -> None:
    answers = {form: read(head, words, f".{form}") for form in ("vtt", "srt", "txt", "json")}
    answers["page"] = read(head, words, "")
    assert {answer["statusCode"] for answer in answers.values()} == {200}
    assert len(webvtt.from_string(answers["vtt"]["body"]).captions) == len(words)
    assert len(list(pysubs2.SSAFile.from_string(answers["srt"]["body"], format_="srt"))) == len(
        words
    )
    srt = webvtt.from_buffer(io.BytesIO(answers["srt"]["body"].encode()), format="srt")
    assert len(srt.captions) == len(words)
    assert len(json.loads(answers["json"]["body"])["sentences"]) == len(words)


def test_sentence_of_hours_is_not_believed() -> None:
    words = Words(OPENED_MS + 9000, "x" * 20, "", OPENED_MS - 7_200_000, OPENED_MS + 9000)
    assert place_words(words, None, OPENED_MS) == (7800, 9000)
    speech = Words(OPENED_MS + 300_000, "x", "", OPENED_MS + 1000, OPENED_MS + 299_000)
    assert place_words(speech, None, OPENED_MS) == (1000, 299_000)


def test_last_words_may_be_told_when_the_room_has_closed() -> None:
    words = Words(OPENED_MS + 9500, "x", "", OPENED_MS + 8000, OPENED_MS + 9400)
    assert place_words(words, None, OPENED_MS, OPENED_MS + 9000) == (8000, 9400)
    a_day_ahead = Words(OPENED_MS + 86_400_000, "x" * 10)
    start_ms, end_ms = place_words(a_day_ahead, None, OPENED_MS, OPENED_MS + 9000)
    assert 9000 <= start_ms < end_ms <= 9000 + 60_000


@pytest.mark.parametrize("opened_ms", HOSTILE_MS)
def test_names_of_files_have_a_date_of_the_calendar(opened_ms: int) -> None:
    head = TranscriptHead(SESSION, "class-7", opened_ms, None, 1)
    name = read(head, [Words(OPENED_MS, "x")], ".txt")["headers"]["Content-Disposition"]
    year = int(name.partition("class-7-")[2][:4])
    assert 1970 <= year <= 9999
