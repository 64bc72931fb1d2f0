"""What was deleted, or is over, is gone from the ledger and stays gone, the same on every engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.ledger import Ledger, RoomBook, Session
from shared.ledger.engine import Put
from shared.ledger.layout import RoomKeys
from shared.ledger.ledger import Forgotten, Version
from shared.reading.kept import KeptTranscripts, Memories
from shared.room import Room
from shared.transcripts.records import FOR_EVER_MS, KEYS_KEPT
from tests.support.ledger_steps import (
    APP,
    ROOM,
    RULE,
    T,
    another_instance,
    claim,
    close_room,
    finish,
    hear,
    note_person,
    open_session,
)
from tests.support.transcript_source import parse_sentence

UNREADABLE = b'{"TaskId": "task-t", "EventMsTs": %d, "Payload": {"Result": "hidden"}}'


def list_texts(ledger: Ledger, session: Session, since: int = 0) -> list[str]:
    return sorted(news.said.text for news in ledger.list_sentences(session, since) if news.said)


def test_transcript_is_deleted_on_request(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.keep_sentence(session, hear(1))
    ledger.keep_sentence(session, hear(2))
    assert ledger.forget_sentences(session.id, T + 5_000) == 2
    assert ledger.list_sentences(session, 0) == []
    assert ledger.forget_sentences(session.id, T + 5_000) == 0


def test_deleting_one_session_leaves_the_others(ledger: Ledger) -> None:
    first, other = open_session(ledger), open_session(ledger, room=ROOM.twin)
    for session in (first, other):
        ledger.keep_sentence(session, hear(1))
    ledger.forget_sentences(first.id, T + 5_000)
    assert list_texts(ledger, other) == ["sentence 1"]


def test_deleted_sentence_told_again_is_not_kept_and_a_later_one_is(
    ledger: Ledger, ledger_url: str
) -> None:
    session = open_session(ledger)
    ledger.keep_sentence(session, hear(1, event_ms=T + 4_000))
    ledger.forget_sentences(session.id, T + 5_000)
    for late in (hear(1, event_ms=T + 4_000), hear(2, event_ms=T + 5_000)):
        assert not ledger.keep_sentence(session, late)
    assert ledger.keep_sentence(session, hear(3, event_ms=T + 5_001))
    assert list_texts(ledger, session) == ["sentence 3"]
    with another_instance(ledger_url) as again:
        assert not again.keep_sentence(session, hear(1, event_ms=T + 4_000))


def test_what_is_told_later_of_a_deleted_sentence_is_not_kept(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.keep_sentence(session, hear(1, event_ms=T + 4_000))
    ledger.forget_sentences(session.id, T + 5_000)
    ledger.forget_sentences(session.id, T + 5_500)
    assert not ledger.keep_sentence(session, hear(1, translated="zh", event_ms=T + 6_000))
    assert not ledger.keep_sentence(session, hear(1, event_ms=T + 6_000))


def test_last_sentences_are_remembered_without_their_words(ledger: Ledger) -> None:
    session = open_session(ledger)
    for number in range(KEYS_KEPT + 1):
        ledger.keep_sentence(session, hear(number, event_ms=T + number))
    assert ledger.forget_sentences(session.id, T + 5_000) == KEYS_KEPT + 1
    late = [hear(number, event_ms=T + 6_000) for number in (KEYS_KEPT, 1, 0)]
    assert [ledger.keep_sentence(session, news) for news in late] == [False, False, True]


def test_callback_without_text_is_of_the_deleted_time_too(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.forget_sentences(session.id, T)
    assert not ledger.keep_sentence(session, parse_sentence(1403, UNREADABLE % T))
    assert ledger.keep_sentence(session, parse_sentence(1403, UNREADABLE % (T + 1)))


def test_earlier_deletion_takes_nothing_back_from_a_later_one(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.forget_sentences(session.id, FOR_EVER_MS)
    ledger.forget_sentences(session.id, T)
    assert not ledger.keep_sentence(session, hear(1))


def test_version_goes_on_after_a_deletion(ledger: Ledger) -> None:
    session = open_session(ledger)
    assert ledger.read_version(session.id) == Version(0, 0)
    for number in range(3):
        ledger.keep_sentence(session, hear(number))
    ledger.forget_sentences(session.id, T + 5_000)
    assert ledger.read_version(session.id) == Version(4, 4)
    ledger.keep_sentence(session, hear(9))
    assert ledger.read_version(session.id) == Version(5, 4)
    assert list_texts(ledger, session, since=4) == ["sentence 9"]
    ledger.forget_sentences(session.id, T + 12_000)
    assert ledger.read_version(session.id) == Version(6, 6)


def test_nothing_comes_back_while_others_still_tell_of_it(ledger: Ledger) -> None:
    session = open_session(ledger)
    callbacks = [hear(number, event_ms=T + number) for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        kept = [pool.submit(ledger.keep_sentence, session, news) for news in callbacks * 2]
        deleted = pool.submit(ledger.forget_sentences, session.id, T + 5_000)
        assert deleted.result() + len(ledger.list_sentences(session, 0)) <= 60
        for each in kept:
            each.result()
    assert ledger.list_sentences(session, 0) == []


def test_open_room_is_read_on_and_a_closed_one_is_gone(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.keep_sentence(session, hear(1))
    memories: Memories = {}
    transcripts = KeptTranscripts(ledger, T, memories)
    ledger.forget_sentences(session.id, T + 5_000)
    head = transcripts.read_head(session.id)
    assert head is not None
    assert (head.version, head.deleted) == (2, 2)
    assert transcripts.read(head, 0).sentences == []
    close_room(ledger, T + 9_000)
    assert transcripts.read_head(session.id) is None
    assert memories == {}


def test_what_was_said_after_a_deletion_is_read_when_the_room_has_closed(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.forget_sentences(session.id, T + 5_000)
    ledger.keep_sentence(session, hear(6))
    close_room(ledger, T + 9_000)
    transcripts = KeptTranscripts(ledger, T)
    assert transcripts.read_head(session.id) is not None
    assert len(transcripts.list_news(session.id, 0)) == 1


def test_what_is_over_for_too_long_is_not_read_even_before_it_is_deleted(ledger: Ledger) -> None:
    session = open_session(ledger)
    ledger.keep_sentence(session, hear(1))
    assert KeptTranscripts(ledger, T + 10_000).read_head(session.id) is not None
    close_room(ledger, T + 9_000)
    assert KeptTranscripts(ledger, T + 9_000).read_head(session.id) is not None
    assert KeptTranscripts(ledger, T + 9_001).read_head(session.id) is None


def test_nothing_that_is_open_living_due_or_planned_is_ever_forgotten(ledger: Ledger) -> None:
    lives, due, planned = (Room(APP, name, 1) for name in ("lives", "due", "planned"))
    open_session(ledger)
    for room in (lives, due):
        claim(ledger, room=room)
    finish(ledger, room=lives)
    for room in (lives, due):
        ledger.change(room, lambda book: book.close_session(T + 5))

    def plan(book: RoomBook) -> None:
        book.half.plan = RULE

    ledger.change(planned, plan)
    sessions = [ledger.read(room).sessions for room in (ROOM, lives, due)]
    assert ledger.forget_old(FOR_EVER_MS) == Forgotten()
    assert [ledger.read(room).sessions for room in (ROOM, lives, due)] == sessions
    assert ledger.read(planned).half.plan == RULE


@pytest.mark.parametrize("room_id", ["a {b} c", "%7B", "*", "[a-z]?", "会议"])
def test_transcript_of_an_oddly_named_room_is_deleted(ledger: Ledger, room_id: str) -> None:
    session = open_session(ledger, room=Room(APP, room_id, 1))
    ledger.keep_sentence(session, hear(1))
    assert ledger.forget_sentences(session.id, T + 5_000) == 1
    assert ledger.list_sentences(session, 0) == []


def test_session_that_begins_while_the_one_before_is_forgotten_keeps_its_people(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = open_session(ledger)
    note_person(ledger, old, "ann", T, present=True, microphone=True)
    ledger.keep_sentence(old, hear(1))
    close_room(ledger, T + 5)
    drop = ledger.engine.drop  # where somebody else is quicker
    began: list[Session] = []

    def begin_and_drop(tag: str, key: str, most: int) -> int:
        if not began:
            began.append(open_session(ledger, T + 100))
            note_person(ledger, began[0], "zoe", T + 100, present=True, microphone=None)
        return drop(tag, key, most)

    monkeypatch.setattr(ledger.engine, "drop", begin_and_drop)
    assert forget_all(ledger, T + 50) == Forgotten(sessions=1, sentences=1, people=1)
    assert [person.user_id for person in ledger.list_people(began[0])] == ["zoe"]
    assert ledger.list_people(old) == []
    assert ledger.list_sessions(ROOM, 9) == began


def test_tombstone_without_a_document_is_forgotten_once(ledger: Ledger) -> None:
    ledger.change(ROOM, lambda book: book.bury(T))
    keys, engine = RoomKeys(ROOM), ledger.engine  # the document is lost
    with engine.changing():
        engine.swap(keys.tag, {}, [Put(keys.document, b"")])
    assert forget_all(ledger, T + 50) == Forgotten(rooms=1)


def test_tombstone_that_is_newer_stays(ledger: Ledger) -> None:
    ledger.change(ROOM, lambda book: book.bury(T))
    ledger.change(ROOM, lambda book: book.bury(T + 100))
    assert forget_all(ledger, T + 50) == Forgotten()
    assert not ledger.change(ROOM, lambda book: book.drop_tombstone(T + 50))
    assert ledger.read(ROOM).tombstone_ms == T + 100


def test_session_that_is_not_over_after_all_is_not_dropped(ledger: Ledger) -> None:
    session = open_session(ledger)
    assert not ledger.change(ROOM, lambda book: book.drop_session(session.id, T + 50))
    close_room(ledger, T + 60)
    assert not ledger.change(ROOM, lambda book: book.drop_session(session.id, T + 50))
    assert ledger.change(ROOM, lambda book: book.drop_session(session.id, T + 61))


def forget_all(ledger: Ledger, before_ms: int) -> Forgotten:
    """What is deleted until there is nothing more."""
    pieces = list(iter(lambda: ledger.forget_old(before_ms), Forgotten()))
    return Forgotten(*map(sum, zip(*pieces, strict=True))) if pieces else Forgotten()
