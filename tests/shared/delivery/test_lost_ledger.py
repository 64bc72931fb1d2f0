"""A ledger that was lost, and is empty again, writes nothing emptier over what the archive has."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.ledger import Session, open_ledger
from tests.support.delivering import Delivering, break_after
from tests.support.faked_api import OPENED_MS, STARTED


@pytest.fixture
def archived(delivering: Delivering, tmp_path: Path) -> Session:
    """A session of two sentences in the archive, of which the ledger of now knows nothing."""
    session = delivering.meet(1, 2)
    assert delivering.deliver() == ["transcript.completed"]
    lose_ledger(delivering, tmp_path)
    return session


def lose_ledger(delivering: Delivering, folder: Path) -> None:
    ledger = open_ledger(f"sqlite:///{folder}/another.db")
    ledger.tells = delivering.stage.resources.ledger.tells
    delivering.stage.resources = replace(delivering.stage.resources, ledger=ledger)


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


def test_each_change_of_what_the_archive_has_is_a_higher_version(
    delivering: Delivering, archived: Session
) -> None:
    """Receivers, and readers who ask for changes, tell the newer text by it."""
    versions = [delivering.read(archived, "meta.json")["version"]]
    delivering.meet(3)
    delivering.deliver()
    versions.append(delivering.delivery(archived).version)
    delivering.say_late(4, archived)
    delivering.deliver()
    versions.append(delivering.delivery(archived).version)
    assert versions == [2, 3, 4]
    assert [version for _, version in delivering.events()] == [3, 4]


def test_people_are_those_of_both_ledgers(delivering: Delivering, tmp_path: Path) -> None:
    delivering.stage.answer("CreateCloudTranscription", STARTED)
    delivering.stage.answer("DeleteCloudTranscription", STARTED)
    delivering.meet(1, closes=False)
    delivering.stage.event(103, OPENED_MS + 1, "ann")
    delivering.close()
    delivering.deliver()
    lose_ledger(delivering, tmp_path)
    session = delivering.meet(2, closes=False)
    delivering.stage.event(103, OPENED_MS + 2, "ben")
    delivering.close()
    delivering.deliver()
    assert delivering.read(session, "meta.json")["people"] == ["ann", "ben"]


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
