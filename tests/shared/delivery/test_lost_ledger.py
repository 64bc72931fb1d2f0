"""A ledger that was lost, and is empty again, writes nothing emptier over what the archive has."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.ledger import Session, open_ledger
from tests.support.delivering import Delivering, break_after


@pytest.fixture
def archived(delivering: Delivering, tmp_path: Path) -> Session:
    """A session of two sentences in the archive, of which the ledger of now knows nothing."""
    session = delivering.meet(1, 2)
    assert delivering.deliver() == ["transcript.completed"]
    ledger = open_ledger(f"sqlite:///{tmp_path}/another.db")
    ledger.tells = delivering.stage.resources.ledger.tells
    delivering.stage.resources = replace(delivering.stage.resources, ledger=ledger)
    return session


def test_session_that_is_replayed_in_part_keeps_what_the_archive_has_of_it(
    delivering: Delivering, archived: Session
) -> None:
    assert delivering.meet(2, 3).id == archived.id
    assert delivering.deliver() == ["transcript.completed"]
    told = ["sentence 1", "sentence 2", "sentence 3"]
    assert delivering.texts(archived) == delivering.read_texts(archived) == told
    records = delivering.read(archived, "records.json")
    assert delivering.delivery(archived).version >= max(one["version"] for one in records)
    before = [delivering.read(archived, name) for name in ("meta.json", "records.json")]
    delivering.stage.now_ms += 60_000
    assert delivering.deliver() == []
    assert before == [delivering.read(archived, name) for name in ("meta.json", "records.json")]


def test_deleted_sentences_do_not_come_back_from_the_archive(
    delivering: Delivering, archived: Session
) -> None:
    delivering.meet(3)
    delivering.deliver()
    assert delivering.delete()["outcome"] == "deleted"
    delivering.deliver()
    assert delivering.read_texts(archived) is None
    assert delivering.files() == []


@pytest.mark.parametrize("steps", range(1, 7))
def test_delivery_that_broke_off_is_made_anew(delivering: Delivering, steps: int) -> None:
    session = delivering.meet(1, 2)
    delivering.fail = break_after(steps)
    assert delivering.deliver() == ["transcript.not_delivered"]
    delivering.fail = break_after(99)
    delivering.stage.now_ms += 60_000
    assert delivering.deliver() == ["transcript.completed"]
    assert delivering.texts(session) == ["sentence 1", "sentence 2"]
