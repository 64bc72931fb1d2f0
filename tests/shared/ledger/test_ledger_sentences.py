"""Sentences in the ledger: once each, whatever the order and repetition, the same on every engine."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

from shared.ledger import Ledger
from shared.reading.kept import KeptTranscripts
from shared.room import Room
from shared.transcripts.timeline import build_transcript
from tests.support.ledger_steps import ROOM, T, claim, finish, hear, open_session


def test_sentence_is_kept_once_with_its_translations_in_any_order(ledger: Ledger) -> None:
    session = open_session(ledger)
    assert ledger.keep_sentence(session, hear(1, translated="zh"))
    assert ledger.keep_sentence(session, hear(1))
    assert not ledger.keep_sentence(session, hear(1))
    (kept,) = ledger.list_sentences(session, 0)
    assert kept.said is not None
    assert (kept.said.text, kept.translations["zh"].text) == ("sentence 1", "zh 1")
    assert (kept.version, ledger.read_version(session.id).latest) == (2, 2)


def test_later_event_of_a_sentence_wins(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.keep_sentence(session, hear(1, event_ms=T + 50))
    assert ledger.keep_sentence(session, hear(1, event_ms=T + 60))
    assert not ledger.keep_sentence(session, hear(1, event_ms=T + 40))


def test_reader_gets_what_changed_since_the_last_time(ledger: Ledger) -> None:
    session = open_session(ledger)
    for number in range(3):
        ledger.keep_sentence(session, hear(number))
    version = ledger.read_version(session.id).latest
    assert ledger.list_sentences(session, version) == []
    ledger.keep_sentence(session, hear(1, translated="zh"))
    assert [news.key for news in ledger.list_sentences(session, version)] == [hear(1).key]


def test_shuffled_doubled_and_parallel_callbacks_make_one_transcript(ledger: Ledger) -> None:
    claim(ledger)
    finish(ledger)
    session = open_session(ledger, T)
    callbacks = [hear(number) for number in range(40)]
    callbacks += [hear(number, translated="zh") for number in range(40)]
    callbacks *= 2
    random.Random(1).shuffle(callbacks)  # noqa: S311  repeatable, not secret
    with ThreadPoolExecutor(8) as pool:
        new = sum(pool.map(lambda news: ledger.keep_sentence(session, news), callbacks))
    assert new == ledger.read_version(session.id).latest == 80
    transcripts = KeptTranscripts(ledger, T)
    head = transcripts.read_head(session.id)
    assert head is not None
    assert (head.room_id, head.version, [*head.tasks]) == ("lobby", 80, ["task-t"])
    transcript = build_transcript(head, transcripts.list_news(session.id, 0))
    assert [each.text for each in transcript.sentences] == [f"sentence {n}" for n in range(40)]
    assert {each.translations["zh"] for each in transcript.sentences} == {
        f"zh {n}" for n in range(40)
    }


def test_transcripts_of_two_sessions_are_two(ledger: Ledger) -> None:
    first = open_session(ledger)
    ledger.keep_sentence(first, hear(1))
    other = open_session(ledger, room=Room(ROOM.sdk_app_id, "lobby", 0)._replace(room_id="7"))
    assert (ledger.read_version(other.id).latest, ledger.list_sentences(other, 0)) == (0, [])
    assert KeptTranscripts(ledger, T).read_head("1400000000/1/nowhere/1") is None
    assert KeptTranscripts(ledger, T).read_head("no session at all") is None
