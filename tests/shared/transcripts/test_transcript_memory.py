"""Transcripts remembered from one read to the next are those the ledger has."""

from __future__ import annotations

import pytest

from shared.reading import kept
from shared.reading.kept import KeptTranscripts
from shared.transcripts.records import SentenceNews, TaskOrigin
from tests.support.transcript_source import OPENED_MS, SESSION, TASK, MemorySource, hear, list_texts

OTHER = "1400000000/1/class-8/1700000000000"


class CountedSource(MemorySource):
    """Notes the versions since which it was asked for sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []

    def list_news(self, session_id: str, since: int) -> list[SentenceNews]:
        self.asked.append(since)
        return super().list_news(session_id, since)


@pytest.fixture
def source() -> CountedSource:
    source = CountedSource()
    source.open()
    source.say("amy", "One.", 3)
    source.say("ben", "Two.", 5)
    return source


def read(remembered: KeptTranscripts, session_id: str = SESSION, since: int = 0) -> list[str]:
    """What a reader gets."""
    head = remembered.read_head(session_id)
    assert head
    return list_texts(remembered.read(head, since))


def test_only_what_is_new_is_asked_for_again(source: CountedSource) -> None:
    assert read(source) == ["One.", "Two."]
    source.say("amy", "Between them.", 4)
    assert read(source) == ["One.", "Between them.", "Two."]
    assert read(source) == ["One.", "Between them.", "Two."]
    assert source.asked == [0, 2, 3]


def test_sentence_that_changed_is_the_new_one(source: CountedSource) -> None:
    read(source)
    source.add(hear({"UserId": "ben", "RoundId": "ben/5", "Text": "Better."}, at_s=6))
    assert read(source) == ["One.", "Better."]


def test_callback_without_a_text_is_counted_once(source: CountedSource) -> None:
    source.add(hear({"Rounds": []}))
    for _ in range(2):
        head = source.read_head(SESSION)
        assert head
        transcript = source.read(head, 0)
        assert (list_texts(transcript), transcript.unread) == (["One.", "Two."], 1)
    assert source.asked == [0, 3]


def test_reader_who_wants_news_gets_news_alone(source: CountedSource) -> None:
    read(source)
    assert read(source, since=1) == ["Two."]


def test_sentences_that_moved_are_asked_for_again(source: CountedSource) -> None:
    read(source)
    source.change(tasks={TASK: TaskOrigin(OPENED_MS + 1000)})
    assert read(source) == ["One.", "Two."]
    assert source.asked == [0, 0]


def test_what_was_deleted_is_gone(source: CountedSource) -> None:
    read(source)
    source.forget()
    assert source.read_head(SESSION) is None
    source.open()
    assert read(source) == []


def test_transcript_read_longest_ago_is_forgotten_first(
    source: CountedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_SENTENCES", 3)
    source.open(OTHER, "class-8")
    source.say("eve", "Elsewhere.", 1, OTHER)
    read(source), read(source, OTHER), read(source)
    source.say("eve", "Still elsewhere.", 2, OTHER)
    assert read(source, OTHER) == ["Elsewhere.", "Still elsewhere."]
    assert source.asked == [0, 0, 2, 1]
    read(source)
    assert source.asked[-1] == 0
