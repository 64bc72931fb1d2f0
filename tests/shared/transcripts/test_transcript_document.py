"""The JSON form: what its schema says, and what a poll gets."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from shared.transcripts.files import Document, read_since, write_document
from shared.transcripts.records import TaskOrigin
from tests.support.transcript_source import TASK, MemorySource, make_head, make_transcript, read_all

SCHEMA = Path(__file__).parents[3] / "docs" / "transcript.schema.json"


def test_schema_in_the_docs_is_that_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == msgspec.json.schema(Document)


def test_document_is_whole_and_in_the_schema() -> None:
    transcript = make_transcript(("amy", "a\n<b> \x00 \u202e", 3), ("li", "second", 4), zh="好")
    text = write_document(transcript)
    document = msgspec.json.decode(text, type=Document)
    assert document.sentences == transcript.sentences
    assert (document.room_id, document.closed_ms, document.complete) == ("class-7", None, True)
    assert set(json.loads(text)) == set(
        msgspec.json.schema(Document)["$defs"]["Document"]["required"]
    )


def test_next_leads_to_what_changes_next() -> None:
    source = MemorySource()
    source.open()
    source.say("amy", "one", 3)
    following = json.loads(write_document(read_all(source)))["next"]
    source.say("amy", "two", 5)
    assert read_since(following, source.heads[next(iter(source.heads))]) == 1


@pytest.mark.parametrize("text", ["", "x", "-1", "8", "99999999999999999999", "1.x", "1.", "1.0"])
def test_senseless_since_means_everything(text: str) -> None:
    assert read_since(text, make_head()) == 0


def test_moved_timeline_means_everything() -> None:
    before, after = make_head(), make_head(**{TASK: TaskOrigin(5)})
    before, after = (msgspec.structs.replace(head, version=9) for head in (before, after))
    assert read_since(f"4.{before.layout}", before) == 4
    assert read_since(f"4.{before.layout}", after) == 0
    assert read_since("4", after) == 4
