"""The JSON form: what its schema says, and what a poll gets."""

from __future__ import annotations

import json

import msgspec
import pytest

from shared.transcripts.files import Document, knows_names, read_since, write_document, write_next
from shared.transcripts.records import TaskOrigin
from tests.support.transcript_source import TASK, MemorySource, make_head, make_transcript, read_all


def test_document_is_whole_and_in_the_schema() -> None:
    transcript = make_transcript(("amy", "a\n<b> \x00 \u202e", 3), ("li", "second", 4), zh="好")
    text = write_document(transcript)
    document = msgspec.json.decode(text, type=Document)
    assert document.sentences == transcript.sentences
    assert (document.room_id, document.closed_ms, document.complete) == ("class-7", None, True)
    required = msgspec.json.schema(Document)["$defs"]["Document"]["required"]
    assert set(json.loads(text)) == {*required, "state"}


def test_document_of_an_earlier_release_has_no_state() -> None:
    written = json.loads(write_document(make_transcript(("amy", "one", 3))))
    assert written.pop("state") == "live"
    assert not msgspec.json.decode(json.dumps(written), type=Document).state


def test_next_leads_to_what_changes_next() -> None:
    source = MemorySource()
    source.open()
    source.say("amy", "one", 3)
    following = json.loads(write_document(read_all(source)))["next"]
    source.say("amy", "two", 5)
    assert read_since(following, source.heads[next(iter(source.heads))]) == 1


def test_names_are_in_the_schema_and_unknown_to_older_readers() -> None:
    named = msgspec.structs.replace(
        make_transcript(("amy", "one", 3)), names={"amy": "Amy", "li": None}
    )
    text = write_document(named)
    assert msgspec.json.decode(text, type=Document).names == named.names

    class Older(msgspec.Struct):
        sentences: list[object]
        next: str

    assert len(msgspec.json.decode(text, type=Older).sentences) == 1


@pytest.mark.parametrize(
    ("since", "version", "known"),
    [
        ("4.{}.7", 4, True),
        ("4.{}.6", 4, False),
        ("4.{}", 4, False),
        ("4", 4, False),
        ("4.{}.x", 0, False),
    ],
)
def test_next_tells_which_names_a_reader_knows(since: str, version: int, known: bool) -> None:
    head = msgspec.structs.replace(make_head(), version=9, names_version=7)
    text = since.format(head.layout)
    assert (read_since(text, head), knows_names(text, head)) == (version, known)
    assert write_next(head) == f"9.{head.layout}.7"


def test_next_is_as_ever_where_nobody_has_a_name() -> None:
    head = msgspec.structs.replace(make_head(), version=9)
    assert write_next(head) == f"9.{head.layout}"
    assert all(knows_names(text, head) for text in (write_next(head), "9"))


@pytest.mark.parametrize("text", ["", "x", "-1", "8", "99999999999999999999", "1.x", "1.", "1.0"])
def test_senseless_since_means_everything(text: str) -> None:
    assert read_since(text, make_head()) == 0


def test_moved_timeline_means_everything() -> None:
    before, after = make_head(), make_head(**{TASK: TaskOrigin(5)})
    before, after = (msgspec.structs.replace(head, version=9) for head in (before, after))
    assert read_since(f"4.{before.layout}", before) == 4
    assert read_since(f"4.{before.layout}", after) == 0
    assert read_since("4", after) == 4
