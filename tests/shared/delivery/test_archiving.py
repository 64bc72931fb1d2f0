"""A transcript goes to the archive when its session has closed, and again whenever it changes."""

from __future__ import annotations

import hashlib
import json

import msgspec
import pytest
import webvtt

from shared.ledger import Session
from shared.ledger.layout import QUIET_MS, UNFINISHED_MS
from shared.ledger.names import set_names
from shared.settings import DAY_MS
from shared.transcripts.files import Document
from tests.support.delivering import (
    CLOSED_MS,
    HOUR_MS,
    Delivering,
    answer,
    break_after,
    break_archive,
)
from tests.support.faked_api import OPENED_MS, STARTED
from tests.support.ledger_steps import hear

FILES = ["meta.json", "records.json"] + [
    f"transcript.{form}" for form in ("json", "srt", "txt", "vtt")
]


def list_names(delivering: Delivering) -> list[str]:
    return [path.rpartition("/")[2] for path in delivering.files()]


def test_closed_session_is_archived_once_its_text_is_quiet(delivering: Delivering) -> None:
    session = delivering.meet(1, 2)
    delivering.stage.now_ms -= 1
    assert delivering.deliver() == []
    delivering.stage.now_ms += 1
    (told,) = delivering.sweep()
    assert (told.message, told.outcome) == ("transcript.completed", "archived")
    assert list_names(delivering) == FILES
    assert delivering.texts(session) == ["sentence 1", "sentence 2"]
    assert delivering.files()[0].startswith("2023/11/14/1400000000/room/")
    assert delivering.deliver() == []


def test_open_session_is_not_archived(delivering: Delivering) -> None:
    delivering.meet(1, closes=False)
    delivering.stage.now_ms += DAY_MS
    assert (delivering.deliver(), delivering.files()) == ([], [])


def test_session_whose_task_nobody_knows_to_be_over_is_archived_after_a_while(
    delivering: Delivering,
) -> None:
    stage = delivering.stage
    assert delivering.end_unfinished().is_unfinished
    stage.now_ms = CLOSED_MS + UNFINISHED_MS - 1
    assert delivering.deliver() == []
    stage.now_ms += 1
    assert delivering.deliver() == ["transcript.completed"]
    assert delivering.read(stage.session(), "meta.json")["tasks"][0]["state"] == "stopping"


def test_each_language_has_a_file_of_its_own(delivering: Delivering) -> None:
    session = delivering.meet(1, 2, languages="zh ar")
    delivering.deliver()
    assert {"transcript.ar.vtt", "transcript.zh.vtt"} < {*list_names(delivering)}
    found = webvtt.WebVTT.from_string(delivering.read(session, "transcript.zh.vtt"))
    assert [cue.text for cue in found.captions] == ["zh 1", "zh 2"]


def test_meta_tells_of_the_session_and_proves_every_other_file(delivering: Delivering) -> None:
    session = delivering.meet(1, 2, languages="zh")
    delivering.deliver()
    meta = delivering.read(session, "meta.json")
    assert (meta["session"], meta["room_id"], meta["rule"]) == (
        session.id,
        "room",
        session.rule.name,
    )
    assert (meta["opened"], meta["closed"]) == ("2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z")
    assert (meta["sentences"], meta["speakers"], meta["languages"]) == (2, ["ann"], ["zh"])
    folder = delivering.folder / delivering.files()[0].rpartition("/")[0]
    assert {one["name"] for one in meta["files"]} == {*list_names(delivering)} - {"meta.json"}
    for file in meta["files"]:
        raw = (folder / file["name"]).read_bytes()
        assert (len(raw), hashlib.sha256(raw).hexdigest()) == (file["bytes"], file["sha256"])


def test_late_sentence_makes_a_later_version(delivering: Delivering) -> None:
    session = delivering.meet(1)
    delivering.deliver()
    delivering.say_late(2, session)
    assert delivering.deliver() == ["transcript.updated"]
    assert delivering.texts(session) == ["sentence 1", "sentence 2"]
    assert delivering.delivery(session).version == 2


def test_late_callback_of_a_closed_session_asks_for_its_delivery(delivering: Delivering) -> None:
    """The whole way: TRTC tells, the ledger keeps, the deliverer writes."""
    stage = delivering.stage
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DeleteCloudTranscription", STARTED)
    stage.create()
    stage.event(102, CLOSED_MS)
    stage.now_ms = CLOSED_MS + UNFINISHED_MS
    assert delivering.deliver() == ["transcript.completed"]
    stage.say(1403, "task-1", CLOSED_MS - 1_000, "the last word")
    stage.now_ms += QUIET_MS
    assert delivering.deliver() == ["transcript.updated"]
    assert delivering.texts(stage.session()) == ["the last word"]


def test_task_that_turns_out_to_have_begun_at_another_time_moves_what_was_archived(
    delivering: Delivering,
) -> None:
    stage = delivering.stage
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DeleteCloudTranscription", STARTED)
    stage.create()
    stage.say(1403, "task-1", OPENED_MS + 9_000, StartTimeMs=1_000, EndTimeMs=3_000)
    stage.event(102, CLOSED_MS)
    stage.now_ms = CLOSED_MS + UNFINISHED_MS
    delivering.deliver()
    before = delivering.read(stage.session())["sentences"][0]["start_ms"]

    def begin_later(session: Session) -> None:
        session.tasks["*"].task_ids[0].started_ms += 5_000

    stage.change(stage.session(), begin_later)
    assert delivering.deliver() == ["transcript.updated"]
    assert delivering.read(stage.session())["sentences"][0]["start_ms"] == before + 5_000


def test_session_in_which_nothing_was_said_is_archived_if_something_was_to_hear_it(
    delivering: Delivering,
) -> None:
    stage = delivering.stage
    delivering.meet()
    assert (delivering.deliver(), delivering.files()) == ([], [])
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DeleteCloudTranscription", STARTED)
    stage.event(101, CLOSED_MS + 1, "ann")
    stage.event(102, CLOSED_MS + 60_000)
    stage.now_ms += UNFINISHED_MS
    assert delivering.deliver() == ["transcript.completed"]
    assert delivering.texts(stage.session()) == []


@pytest.mark.parametrize("method", ["put", "list"])
def test_archive_that_is_away_loses_nothing_and_is_said_early(
    delivering: Delivering, method: str
) -> None:
    session = delivering.meet(1)
    delivering.fail = break_archive
    (told,) = delivering.sweep()
    assert (told.message, told.level) == ("transcript.not_delivered", "warning")
    assert told.fields["reason"] == "the bucket is away"
    for _ in range(7 * 24):
        delivering.stage.now_ms += HOUR_MS
        (told,) = delivering.sweep()
        assert (told.level, told.fields["waited_ms"]) == (
            "error",
            delivering.stage.now_ms - CLOSED_MS,
        )
    delivering.fail = answer
    delivering.stage.now_ms += HOUR_MS
    assert delivering.deliver() == ["transcript.completed"]
    assert delivering.texts(session) == ["sentence 1"]


def test_archive_that_is_away_is_not_asked_about_every_session(delivering: Delivering) -> None:
    for number in range(30):
        delivering.meet(1, opened_ms=OPENED_MS + number * HOUR_MS)
    delivering.fail = break_archive
    assert 3 <= len(delivering.deliver()) < 30
    asked = len(delivering.asked)
    assert asked < 30


def test_crash_between_any_two_steps_is_made_good_by_the_next_sweep(
    delivering: Delivering,
) -> None:
    session = delivering.meet(1, 2)
    delivering.deliver()
    whole = {path: (delivering.folder / path).read_bytes() for path in delivering.files()}
    steps = len(delivering.asked)
    for number in range(steps):
        again = delivering.meet(1, 2, opened_ms=OPENED_MS + (number + 1) * HOUR_MS)
        delivering.fail = break_after(number)
        delivering.deliver()
        delivering.fail = answer
        delivering.stage.now_ms += 60_000
        assert delivering.deliver() == ["transcript.completed"]
        assert delivering.texts(again) == ["sentence 1", "sentence 2"]
    assert whole == {path: (delivering.folder / path).read_bytes() for path in whole}
    assert delivering.texts(session) == ["sentence 1", "sentence 2"]


def test_document_in_the_archive_is_the_one_that_readers_know(delivering: Delivering) -> None:
    session = delivering.meet(1, 2, languages="zh")
    reader = delivering.reader()
    head = reader.read_head(session.id)
    assert head
    delivering.deliver()
    document = msgspec.convert(delivering.read(session), Document)
    assert document.sentences == reader.read(head, 0).sentences
    assert document.next == f"{head.version}.{head.layout}"


def test_sentence_that_comes_while_its_session_is_delivered_is_delivered_next(
    delivering: Delivering,
) -> None:
    session = delivering.meet(1)

    def say(_method: str, _key: str) -> None:
        delivering.fail = answer
        delivering.stage.resources.ledger.keep_sentence(session, hear(2))

    delivering.fail = say
    delivering.deliver()
    assert delivering.deliver() == ["transcript.updated"]
    assert delivering.texts(session) == ["sentence 1", "sentence 2"]


def test_without_an_archive_the_ledger_notes_what_is_complete(delivering: Delivering) -> None:
    stage = delivering.stage
    stage.resources = msgspec.structs.replace(
        stage.resources,
        settings=msgspec.structs.replace(stage.resources.settings, archive_url=None),
    )
    session = delivering.meet(1, languages="zh")
    (told,) = delivering.sweep()
    assert (told.message, told.outcome) == ("transcript.completed", "noted")
    assert delivering.events() == [("transcript.completed", 2)]
    delivery = delivering.delivery(session)
    assert (delivery.sentences, delivery.languages, delivery.files) == (1, ["zh"], [])
    stage.now_ms += 30 * HOUR_MS
    assert (delivering.deliver(), delivering.is_due()) == ([], False)
    assert delivering.read_texts(session) == ["sentence 1"]


def test_what_is_logged_and_told_has_no_word_that_was_said(delivering: Delivering) -> None:
    delivering.meet(1)
    told = json.dumps([[one.message, dict(one.fields)] for one in delivering.sweep()])
    assert "sentence 1" not in told
    assert delivering.events() == [("transcript.completed", 1)]


def test_name_of_a_language_that_is_no_file_s_makes_no_file(delivering: Delivering) -> None:
    session = delivering.meet(1, languages="zh")
    delivering.keep_late(hear(1, translated="../../etc", event_ms=OPENED_MS), session)
    delivering.deliver()
    assert not any(".." in path or "etc" in path for path in delivering.files())


def call(delivering: Delivering, **names: str) -> None:
    """The application tells what its users are called; "": nothing any more."""
    stage = delivering.stage
    set_names(stage.resources.ledger, stage.room.sdk_app_id, names, stage.now_ms)


def test_files_have_the_names_of_their_time(delivering: Delivering) -> None:
    call(delivering, ann="Ann Lee")
    session = delivering.meet(1)
    delivering.deliver()
    call(delivering, ann="Doctor Lee")
    delivering.say_late(2, session)
    delivering.deliver()
    assert delivering.read(session)["names"] == {"ann": "Ann Lee"}
    assert "Ann Lee: sentence 2" in delivering.read(session, "transcript.txt")
    assert "Doctor" not in "".join(map(str, delivering.read(session, "meta.json").values()))


@pytest.mark.parametrize("days", [0, 2])
def test_forgotten_name_leaves_the_files(delivering: Delivering, days: int) -> None:
    call(delivering, ann="Ann Lee")
    session = delivering.meet(1)
    delivering.deliver()
    delivering.stage.now_ms += days * DAY_MS
    delivering.deliver()
    call(delivering, ann="")
    assert delivering.deliver() == ["transcript.updated"]
    files = [path.read_bytes() for path in delivering.folder.rglob("*.*")]
    assert not any(b"Ann Lee" in file for file in files)
    assert delivering.read_texts(session) == ["sentence 1"]


def test_transcript_that_was_noted_without_an_archive_is_written_once_there_is_one(
    delivering: Delivering,
) -> None:
    stage = delivering.stage
    with_archive = stage.resources
    settings = msgspec.structs.replace(with_archive.settings, archive_url=None)
    stage.resources = msgspec.structs.replace(with_archive, settings=settings)
    session = delivering.meet(1)
    delivering.deliver()
    stage.resources = with_archive
    delivering.say_late(1, session)
    assert delivering.deliver() == ["transcript.updated"]
    assert delivering.texts(session) == ["sentence 1"]


def test_reader_who_knows_a_name_is_told_that_the_files_have_forgotten_it(
    delivering: Delivering,
) -> None:
    call(delivering, ann="Ann Lee")
    session = delivering.meet(1)
    delivering.deliver()
    delivering.stage.now_ms += DAY_MS
    delivering.deliver()
    call(delivering, ann="")
    delivering.stage.now_ms += 1
    assert delivering.deliver() == ["transcript.updated"]
    reader = delivering.reader()
    head = reader.read_head(session.id)
    assert head
    assert reader.name_speakers(reader.read(head, 1), anew=True).names == {"ann": None}
