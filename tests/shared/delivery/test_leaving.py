"""What the archive has leaves the ledger a day later; what is deleted leaves both, and nothing comes back."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from shared.console.commands import delete_transcript
from shared.console.request import RoomRequest
from shared.ledger import Session
from shared.ledger.events import UNSENT, Event
from shared.ledger.outbox import Outbox
from shared.settings import DAY_MS
from shared.transcripts.records import SentenceNews, Words
from tests.support.delivering import HOUR_MS, Delivering, answer, break_after, break_archive
from tests.support.ledger_steps import hear


def count_kept(delivering: Delivering, session: Session) -> int:
    return len(delivering.stage.resources.ledger.list_sentences(session, 0))


def archive(delivering: Delivering, *numbers: int) -> Session:
    """A session that is in the archive alone."""
    session = delivering.meet(*numbers)
    delivering.deliver()
    delivering.stage.now_ms += DAY_MS
    delivering.deliver()
    assert count_kept(delivering, session) == 0
    return session


def test_sentences_leave_the_ledger_a_day_after_the_archive_has_them(
    delivering: Delivering,
) -> None:
    session = delivering.meet(1, 2)
    delivering.deliver()
    delivering.stage.now_ms += DAY_MS - 1
    delivering.deliver()
    assert count_kept(delivering, session) == 2
    delivering.stage.now_ms += 1
    assert delivering.deliver() == []
    assert (count_kept(delivering, session), delivering.is_due()) == (0, False)
    assert delivering.read_texts(session) == ["sentence 1", "sentence 2"]


def test_hours_are_those_of_the_settings(delivering: Delivering) -> None:
    stage = delivering.stage
    settings = replace(stage.resources.settings, ledger_keep_hours=2)
    stage.resources = replace(stage.resources, settings=settings)
    session = delivering.meet(1)
    delivering.deliver()
    stage.now_ms += 2 * HOUR_MS
    delivering.deliver()
    assert count_kept(delivering, session) == 0


def test_nothing_leaves_before_the_archive_has_all_of_it(delivering: Delivering) -> None:
    session = delivering.meet(1)
    delivering.deliver()
    (path,) = (one for one in delivering.files() if one.endswith(".srt"))
    (delivering.folder / path).write_text("damaged", encoding="utf-8")
    delivering.stage.now_ms += DAY_MS
    assert delivering.deliver() == ["transcript.updated"]
    assert count_kept(delivering, session) == 1
    assert "sentence 1" in delivering.read(session, "transcript.srt")
    delivering.stage.now_ms += DAY_MS
    delivering.fail = break_archive
    assert delivering.deliver() == ["transcript.not_delivered"]
    assert count_kept(delivering, session) == 1


def test_sentence_that_is_replayed_later_joins_what_the_archive_alone_has(
    delivering: Delivering,
) -> None:
    session = archive(delivering, 1)
    delivering.say_late(2, session)
    assert delivering.read_texts(session) == ["sentence 1"]
    assert delivering.deliver() == ["transcript.updated"]
    assert (
        delivering.read_texts(session) == delivering.texts(session) == ["sentence 1", "sentence 2"]
    )
    delivering.stage.now_ms += DAY_MS
    assert delivering.deliver() == []
    assert (count_kept(delivering, session), delivering.is_due()) == (0, False)


def test_replay_of_what_the_archive_knows_changes_nothing(delivering: Delivering) -> None:
    session = archive(delivering, 1, 2)
    before = delivering.read(session, "meta.json")
    delivering.say_late(1, session)
    assert delivering.deliver() == []
    delivering.stage.now_ms += DAY_MS
    assert delivering.deliver() == []
    assert delivering.read(session, "meta.json") == before
    assert (count_kept(delivering, session), delivering.is_due()) == (0, False)


def test_nothing_is_written_anew_without_what_the_archive_alone_had(
    delivering: Delivering,
) -> None:
    session = archive(delivering, 1)
    (path,) = (one for one in delivering.files() if one.endswith("records.json"))
    (delivering.folder / path).unlink()
    delivering.say_late(2, session)
    assert delivering.deliver() == ["transcript.not_delivered"]
    assert delivering.texts(session) == ["sentence 1"]
    assert count_kept(delivering, session) == 1


def test_deleted_transcript_leaves_the_archive_and_stays_away(delivering: Delivering) -> None:
    session = delivering.meet(1, 2)
    delivering.deliver()
    assert delivering.delete() == {"outcome": "deleted", "sessions": 1, "sentences": 2}
    assert delivering.read_texts(session) is None
    assert delivering.deliver() == ["archive.deleted"]
    assert delivering.files() == []
    delivering.say_late(1, session)
    delivering.say_late(3, session)
    delivering.stage.now_ms += DAY_MS
    assert (delivering.deliver(), delivering.files(), delivering.is_due()) == ([], [], False)


def test_what_the_archive_alone_has_is_deleted_and_counted(delivering: Delivering) -> None:
    session = archive(delivering, 1, 2)
    assert delivering.delete()["sentences"] == 2
    assert delivering.read_texts(session) is None
    delivering.deliver()
    assert (delivering.files(), delivering.read_texts(session)) == ([], None)


def test_deletion_waits_for_an_archive_that_is_away(delivering: Delivering) -> None:
    delivering.meet(1)
    delivering.deliver()
    delivering.delete()
    delivering.fail = break_archive
    for _ in range(9):
        assert delivering.deliver() == ["transcript.not_delivered"]
        delivering.stage.now_ms += HOUR_MS
    assert delivering.files()
    delivering.fail = answer
    assert delivering.deliver() == ["archive.deleted"]
    assert delivering.files() == []


def test_text_that_is_deleted_while_it_is_delivered_is_deleted_next(delivering: Delivering) -> None:
    session = delivering.meet(1)

    def delete(_method: str, _key: str) -> None:
        delivering.fail = answer
        delivering.delete()

    delivering.fail = delete
    delivering.deliver()
    assert delivering.read_texts(session) is None
    assert delivering.deliver() == ["archive.deleted"]
    assert delivering.files() == []


def test_text_deleted_in_an_open_room_is_not_delivered_and_the_rest_is(
    delivering: Delivering,
) -> None:
    session = delivering.meet(1, closes=False)
    delivering.stage.now_ms += 30_000
    delivering.delete()
    assert delivering.deliver() == ["archive.deleted"]
    after = hear(2, event_ms=delivering.stage.now_ms + 1)
    delivering.stage.resources.ledger.keep_sentence(session, after)
    delivering.close()
    assert delivering.deliver() == ["transcript.completed"]
    assert delivering.texts(session) == ["sentence 2"]


def test_session_that_the_ledger_has_lost_is_read_from_the_archive(delivering: Delivering) -> None:
    session = delivering.meet(1, 2)
    lose_ledger(delivering, session)
    assert delivering.read_texts(session) is None
    session = delivering.meet(1, 2)
    delivering.deliver()
    lose_ledger(delivering, session)
    assert delivering.read_texts(session) == ["sentence 1", "sentence 2"]
    delivering.stage.now_ms += 31 * DAY_MS
    assert delivering.read_texts(session) is None


def test_session_that_the_ledger_has_lost_is_deleted_by_its_id(delivering: Delivering) -> None:
    session = delivering.meet(1, 2)
    delivering.deliver()
    lose_ledger(delivering, session)
    assert delivering.delete()["outcome"] == "unknown"
    elsewhere = session.id.replace("/room/", "/elsewhere/")
    assert delivering.delete(session=elsewhere)["outcome"] == "unknown"
    assert delivering.delete(session=session.id)["outcome"] == "deleted"
    assert delivering.read_texts(session) is None
    assert delivering.deliver() == ["archive.deleted"]
    assert (delivering.files(), delivering.is_due()) == ([], False)


def lose_ledger(delivering: Delivering, session: Session) -> None:
    """The ledger forgets a session, and nobody tells the archive."""
    ledger = delivering.stage.resources.ledger
    while any(ledger.forget_old(2**53)):
        pass
    assert ledger.find_session(session.id) is None


def test_what_is_too_old_leaves_the_archive_before_the_ledger(delivering: Delivering) -> None:
    session = delivering.meet(1, 2)
    delivering.deliver()
    now_ms = delivering.stage.now_ms + 31 * DAY_MS
    delivering.stage.now_ms = now_ms - now_ms % HOUR_MS
    assert delivering.read_texts(session) is None
    delivering.fail = break_archive
    forgotten = ["events.forgotten", "sessions.not_forgotten"]
    assert delivering.deliver() == ["transcript.not_delivered", *forgotten]
    assert delivering.files()
    assert delivering.stage.resources.ledger.find_session(session.id)
    delivering.fail = answer
    (told,) = delivering.sweep()
    assert told.message == "sessions.forgotten"
    assert dict(told.fields) == {"files": 6, "sessions": 1, "sentences": 2, "people": 0, "rooms": 0}
    assert (delivering.files(), delivering.is_due()) == ([], False)
    assert delivering.stage.resources.ledger.find_session(session.id) is None


def test_events_tell_of_each_version_and_of_the_deletion(delivering: Delivering) -> None:
    session = delivering.meet(1)
    delivering.deliver()
    delivering.stage.now_ms += 1
    delivering.say_late(2, session)
    delivering.deliver()
    delivering.stage.now_ms += 1
    delivering.delete()
    delivering.deliver()
    assert delivering.events() == [
        ("transcript.completed", 1),
        ("transcript.updated", 2),
        ("transcript.deleted", 3),
    ]


def test_event_names_what_was_delivered(delivering: Delivering) -> None:
    session = delivering.meet(1, 2, languages="zh")
    delivering.deliver()
    event = read_event(delivering)
    assert (event.session, event.rule, event.version) == (session.id, session.rule.name, 4)
    folder = delivering.files()[0].rpartition("/")[0]
    assert event.facts["keys"] == [
        f"{folder}/{name}" for name in delivering.delivery(session).files
    ]
    assert (event.facts["sentences"], event.facts["speakers"]) == (2, 1)
    assert event.facts["languages"] == ["zh"]


def read_event(delivering: Delivering) -> Event:
    outbox = Outbox(delivering.stage.resources.ledger)
    (entry,) = (outbox.read(name) for name in outbox.list_names(UNSENT, 99))
    assert entry
    return entry.event


@pytest.mark.parametrize("hours", [1, 48])
def test_poll_of_a_finished_transcript_gets_what_changed(
    delivering: Delivering, hours: int
) -> None:
    session = delivering.meet(1, 2)
    delivering.deliver()
    delivering.stage.now_ms += hours * HOUR_MS
    delivering.deliver()
    reader = delivering.reader()
    head = reader.read_head(session.id)
    assert head
    assert head.version == 2
    assert [one.text for one in reader.read(head, 1).sentences] == ["sentence 2"]


def delete_words_of_ann(delivering: Delivering) -> dict[str, object]:
    request = RoomRequest(delivering.stage.room, "ann", "now", {})
    return delete_transcript(request, delivering.stage.resources)[1]


def say_of_li(delivering: Delivering, session: Session) -> None:
    words = Words(session.opened_ms + 3_000, "of li", "li")
    delivering.keep_late(SentenceNews("of li", "task-t", said=words), session)


@pytest.mark.parametrize("days", [0, 1])
def test_what_one_speaker_said_leaves_the_archive_and_what_others_said_stays(
    delivering: Delivering, days: int
) -> None:
    session = delivering.meet(1, 2)
    say_of_li(delivering, session)
    delivering.deliver()
    delivering.stage.now_ms += days * DAY_MS
    delivering.deliver()
    people = delivering.read(session, "meta.json")["people"]
    answer = delete_words_of_ann(delivering)
    assert answer["sentences"] == (0 if days else 2)  # the archive's are not counted
    # What the archive alone has is not read until it is written anew.
    assert delivering.read_texts(session) == (None if days else ["of li"])
    assert delivering.deliver() == ["transcript.updated"]
    assert delivering.texts(session) == delivering.read_texts(session) == ["of li"]
    assert delivering.read(session, "meta.json")["people"] == people
    assert not any(b"sentence 1" in path.read_bytes() for path in delivering.folder.rglob("*.*"))
    delivering.say_late(1, session)
    delivering.deliver()
    assert delivering.texts(session) == ["of li"]
    delivering.stage.now_ms += DAY_MS
    assert (delivering.deliver(), delivering.deliver(), delivering.is_due()) == ([], [], False)
    assert delivering.read_texts(session) == ["of li"]


def test_who_said_nothing_leaves_nothing_and_readers_find_the_rest(delivering: Delivering) -> None:
    session = archive(delivering, 1)
    request = RoomRequest(delivering.stage.room, "eve", "now", {})
    delete_transcript(request, delivering.stage.resources)
    delivering.deliver()
    assert (delivering.read_texts(session), delivering.is_due()) == (["sentence 1"], False)


def test_who_said_nothing_hides_nothing_from_readers_when_a_replay_leaves_the_ledger_too(
    delivering: Delivering,
) -> None:
    session = archive(delivering, 1)
    delivering.say_late(1, session)
    request = RoomRequest(delivering.stage.room, "eve", "now", {})
    delete_transcript(request, delivering.stage.resources)
    delivering.deliver()
    assert (count_kept(delivering, session), delivering.is_due()) == (0, False)
    assert delivering.read_texts(session) == ["sentence 1"]


def test_transcript_of_one_speaker_is_gone_with_what_that_speaker_said(
    delivering: Delivering,
) -> None:
    session = delivering.meet(1, 2)
    delivering.deliver()
    assert delete_words_of_ann(delivering)["sentences"] == 2
    assert delivering.read_texts(session) is None


@pytest.mark.parametrize("steps", range(8))
def test_late_sentence_has_the_same_files_after_a_delivery_that_broke_off(
    delivering: Delivering, steps: int
) -> None:
    session = archive(delivering, 1)
    delivering.say_late(2, session)
    delivering.say_late(1, session)
    delivering.fail = break_after(steps)
    assert delivering.deliver() == ["transcript.not_delivered"]
    delivering.fail = answer
    delivering.stage.now_ms += 60_000
    assert delivering.deliver() == ["transcript.updated"]
    assert (delivering.delivery(session).version, delivering.read(session)["version"]) == (3, 3)


def test_deletion_waits_for_an_archive_that_was_taken_out_of_the_settings(
    delivering: Delivering,
) -> None:
    stage, settings = delivering.stage, delivering.stage.resources.settings
    delivering.meet(1)
    delivering.deliver()
    stage.resources = replace(stage.resources, settings=replace(settings, archive_url=None))
    delivering.delete()
    assert delivering.deliver() == ["transcript.not_delivered"]
    stage.resources = replace(stage.resources, settings=settings)
    stage.now_ms += HOUR_MS
    assert delivering.deliver() == ["archive.deleted"]
    assert delivering.files() == []
