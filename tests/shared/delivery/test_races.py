"""What else happens between two steps of a delivery: nothing is lost by it, and nothing comes back."""

from __future__ import annotations

from itertools import groupby

import pytest

from shared.delivery import deliverer, transcripts
from shared.ledger import claims
from shared.ledger.deliveries import Deliveries
from shared.ledger.engine import Put
from shared.ledger.layout import UNFINISHED_MS, RoomKeys
from shared.settings import DAY_MS
from tests.support.delivering import (
    CLOSED_MS,
    HOUR_MS,
    Delivering,
    answer,
    break_after,
    break_archive,
)
from tests.support.faked_api import OPENED_MS

SWEEP_MS = 30_000


def test_what_is_asked_for_while_a_deliverer_looks_survives_its_death(
    delivering: Delivering,
) -> None:
    session = delivering.meet(1)
    deliveries = Deliveries(delivering.stage.resources.ledger)
    kept = deliveries.read(session.id)
    delivering.say_late(2, session)
    assert not deliveries.note(session.id, kept, kept.delivery, None)
    assert delivering.deliver() == ["transcript.completed"]
    assert delivering.texts(session) == ["sentence 1", "sentence 2"]


def test_nothing_is_told_of_a_text_that_is_deleted_while_it_is_delivered(
    delivering: Delivering,
) -> None:
    delivering.meet(1)

    def delete(_method: str, _key: str) -> None:
        delivering.fail = answer
        delivering.delete()

    delivering.fail = delete
    assert delivering.deliver() == []
    assert (delivering.files(), delivering.events()) == ([], [])
    assert delivering.deliver() == ["archive.deleted"]
    assert delivering.events() == [("transcript.deleted", 2)]


def test_slow_deliverer_brings_nothing_back_that_another_has_deleted(
    delivering: Delivering,
) -> None:
    session = delivering.meet(1)

    def delete(_method: str, _key: str) -> None:
        delivering.fail = answer
        delivering.delete()
        delivering.stage.now_ms += deliverer.LEASE_MS  # the lease has run out
        assert delivering.deliver() == ["archive.deleted"]

    delivering.fail = delete
    assert delivering.deliver() == []
    assert delivering.files() == []
    assert delivering.read_texts(session) is None


def test_session_at_which_a_deliverer_dies_makes_room_for_others(delivering: Delivering) -> None:
    first = delivering.meet(1)

    def kill(_method: str, _key: str) -> None:
        raise MemoryError

    delivering.fail = kill
    with pytest.raises(MemoryError):
        delivering.deliver()
    delivering.fail = answer
    assert delivering.deliver() == []
    delivering.stage.now_ms += transcripts.AGAIN_MS
    assert delivering.deliver() == ["transcript.completed"]
    assert delivering.texts(first) == ["sentence 1"]


def test_record_that_cannot_be_read_keeps_nobody_else_waiting(delivering: Delivering) -> None:
    stage = delivering.stage
    delivering.meet(1)
    keys = RoomKeys(stage.room)
    stage.room_id = "another"
    other = delivering.meet(2, opened_ms=OPENED_MS + 1)
    engine = stage.resources.ledger.engine
    with engine.changing():
        engine.swap(keys.tag, {}, [Put(keys.document, b"garbage")])
    told = sorted(delivering.deliver())
    assert told == ["transcript.completed", "transcript.not_delivered"]
    assert delivering.texts(other) == ["sentence 2"]


def test_one_run_delivers_all_that_is_due(
    delivering: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliverer, "MOST", 3)
    for number in range(7):
        delivering.meet(1, opened_ms=OPENED_MS + number * HOUR_MS)
    assert delivering.deliver() == ["transcript.completed"] * 7


def test_long_transcripts_are_in_memory_one_after_another(
    delivering: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcripts, "LONG", 1)
    for number in range(8):
        delivering.meet(1, 2, opened_ms=OPENED_MS + number * HOUR_MS)
    delivering.deliver()
    turns = [folder for folder, _ in groupby(key.rpartition("/")[0] for _, key in delivering.asked)]
    assert len(turns) == 8


def test_files_of_a_delivery_that_never_came_to_its_end_are_forgotten_too(
    delivering: Delivering,
) -> None:
    delivering.meet(1)
    delivering.fail = break_after(2)
    assert delivering.deliver() == ["transcript.not_delivered"]
    assert delivering.files()
    go_on_the_hour(delivering)

    def refuse(method: str, key: str) -> None:
        if method == "put":
            break_archive(method, key)

    delivering.fail = refuse
    assert delivering.deliver()[-1] == "sessions.forgotten"
    assert (delivering.files(), delivering.is_due()) == ([], False)


def go_on_the_hour(delivering: Delivering) -> None:
    """More than a month later sessions are forgotten."""
    now_ms = delivering.stage.now_ms + 31 * DAY_MS
    delivering.stage.now_ms = now_ms - now_ms % HOUR_MS


def test_session_that_ends_while_others_are_forgotten_leaves_no_files(
    delivering: Delivering,
) -> None:
    stage = delivering.stage
    unfinished = delivering.end_unfinished()
    stage.now_ms = CLOSED_MS + UNFINISHED_MS
    assert delivering.deliver() == ["transcript.completed"]
    stage.room_id = "another"
    delivering.meet(1, opened_ms=CLOSED_MS)
    assert delivering.deliver() == ["transcript.completed"]
    stage.now_ms += DAY_MS
    delivering.deliver()  # what was to leave the ledger has left
    go_on_the_hour(delivering)

    def end(method: str, _key: str) -> None:
        if method == "delete":
            delivering.fail = answer
            stage.room_id = "room"
            stage.change(
                unfinished,
                lambda session: claims.note_ended(session.tasks["*"], ["task-1"], stage.now_ms),
            )

    delivering.fail = end
    delivering.deliver()
    assert delivering.files() == []


@pytest.mark.parametrize("since", [0, 1])
def test_reader_finds_in_the_archive_what_leaves_the_ledger_meanwhile(
    delivering: Delivering, since: int
) -> None:
    session = delivering.meet(1, 2)
    delivering.deliver()
    delivering.stage.now_ms += DAY_MS
    reader = delivering.reader()
    head = reader.read_head(session.id)
    assert head
    delivering.deliver()
    found = reader.name_speakers(reader.read(head, since), anew=False)
    assert [one.text for one in found.sentences] == ["sentence 1", "sentence 2"][since:]
