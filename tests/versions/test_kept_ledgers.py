"""The ledgers that releases left behind are read, and gone on with, by whatever this code is.

A release that stores something new adds it to tests/support/kept_ledger.py and writes its own file with
`python -m tests.versions RELEASE`; the files of earlier releases stay as they are, and are read for ever.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import responses

from shared.console.describe import describe_room
from shared.console.request import RoomRequest
from shared.delivery.deliverer import deliver
from shared.ledger import Ledger, RoomBook, Session, heads, open_ledger
from shared.ledger.deliveries import Deliveries
from shared.ledger.events import DEAD, UNSENT
from shared.ledger.fleet import read_fleet
from shared.ledger.meetings import Place, walk_meetings
from shared.ledger.names import read_names
from shared.ledger.outbox import Outbox
from shared.reading.meetings import find_state
from shared.room import Room
from shared.traffic import read_traffic
from shared.transcripts.records import FOR_EVER_MS
from tests.support.faked_api import ENDED, Stage, make_stage
from tests.support.kept_ledger import END_MS, RULE, TASKS, find_room
from tests.support.ledger_steps import APP, ROOM, T, hear
from tests.support.stored_cells import write_store

KEPT = sorted(Path(__file__).parent.glob("ledger-*.json"))
DONE = {"Response": {"RequestId": "r-2"}}
STATES = {
    "lobby": "live",
    "77": "waiting",
    "failed": "failed",
    "waiting": "waiting",
    "held": "held",
    "starting": "waiting",
    "speakers": "live",
    "delivered": "delivered",
    "deleted": "closed",
    "one speaker deleted": "closed",
    "only closed": "closed",
    "thrice": "not_transcribed",
}


@pytest.fixture(params=KEPT, ids=lambda path: path.stem)
def kept(request: pytest.FixtureRequest, ledger_url: str) -> Ledger:
    """The ledger of a release, in each engine in turn."""
    found = json.loads(request.param.read_text(encoding="utf-8"))
    write_store(ledger_url, found["store"], found["schema"])
    return open_ledger(ledger_url)


@pytest.fixture
def stage(kept: Ledger, api: responses.RequestsMock, ledger_url: str) -> Stage:
    """The same with an API that starts and stops whatever it is asked for."""
    stage = make_stage(api, ledger_url)
    for action in ("DescribeCloudTranscription", "DescribeAITranscription"):
        stage.answer(action, ENDED)
    for action in ("DeleteCloudTranscription", "StopAITranscription"):
        stage.answer(action, DONE)
    stage.now_ms = END_MS
    return stage


def find(ledger: Ledger, room: Room) -> Session:
    return ledger.read(room).sessions[0]


def list_texts(ledger: Ledger, room: Room) -> list[str]:
    said = ledger.list_sentences(find(ledger, room), 0)
    return sorted(one.said.text for one in said if one.said)


def test_there_is_one_of_the_first_release() -> None:
    assert "ledger-1.0.0" in [path.stem for path in KEPT]


def test_every_meeting_is_in_its_state(kept: Ledger) -> None:
    found = list(walk_meetings(kept, APP, Place(FOR_EVER_MS), 0, 50))
    states = {}
    for _, session, delivery in found:
        assert session
        states[session.room.room_id] = find_state(session, delivery)
    assert (states, len(found)) == (STATES, len(STATES) + 2)


def test_who_was_there_and_what_was_said_is_told(kept: Ledger) -> None:
    people = {
        one.user_id: (one.present, one.microphone) for one in kept.list_people(find(kept, ROOM))
    }
    assert people == {"ann": (True, True), "bob": (False, False)}
    assert list_texts(kept, ROOM) == ["sentence 1", "sentence 2", "sentence 3"]
    said = {one.key: one for one in kept.list_sentences(find(kept, ROOM), 0)}
    assert said[hear(2).key].translations["zh"].text == "zh 2"
    assert [one.opaque for one in said.values() if one.opaque] == ["{}"]
    thrice = kept.list_sessions(find_room("thrice"), 9)
    assert [[one.user_id for one in kept.list_people(each)] for each in thrice] == [
        ["p2"],
        ["p1"],
        ["p0"],
    ]


def test_what_was_deleted_does_not_come_back(kept: Ledger) -> None:
    for name in ("deleted", "one speaker deleted"):
        session = find(kept, find_room(name))
        assert list_texts(kept, find_room(name)) == []
        assert not kept.keep_sentence(session, hear(1))
    assert kept.keep_sentence(find(kept, ROOM), hear(9))


def test_plan_tombstone_opt_outs_and_names_are_known(kept: Ledger) -> None:
    before = kept.read(find_room("before"))
    assert before.half.plan == RULE
    assert before.all_opt_outs == {"eve": FOR_EVER_MS, "mallory": FOR_EVER_MS, "back": T}
    assert kept.read(find_room("77")).tombstone_ms == T
    assert kept.read(find_room("77")).twin.open_now
    names = {user: known.name for user, known in read_names(kept, APP, ["ann", "gone"]).items()}
    assert names == {"ann": "Ann"}


def test_tasks_are_what_they_were(kept: Ledger) -> None:
    tasks = {name: find(kept, find_room(name)).tasks["*"] for name in TASKS}
    assert {name: task.state for name, task in tasks.items()} == {
        "failed": "failed",
        "waiting": "due",
        "held": "held",
        "starting": "starting",
        "speakers": "stopping",
    }
    (trouble,) = tasks["failed"].troubles
    assert (trouble.times, trouble.last_ms, trouble.request_id) == (2, T + 1, "request-2")
    assert [one.token for one in tasks["starting"].unseen] == ["lost"]
    speakers = find(kept, find_room("speakers"))
    assert speakers.find_rule("ann").parameters("cloud")["language"] == "bigmodel-zh"
    assert (speakers.opted_out, speakers.splits) == (["mallory"], True)
    assert tasks["speakers"].alive[0].without == ["eve"]
    running = find(kept, ROOM).tasks["*"]
    assert (running.hearing.silent_since_ms, running.task_ids[0].timing.first_text_ms) == (
        T + 30_000,
        T + 900,
    )


def test_counters_leases_and_deliveries_are_known(kept: Ledger) -> None:
    assert kept.count_living(APP) == 4
    assert read_fleet(kept.engine, APP, 9).marks == {
        "failed/FailedOperation.Busy": 1,
        "waiting/FailedOperation.QuotaExceeded": 1,
        "held/": 1,
        "silent/": 1,
    }
    assert not kept.take_lease("drain", "another", T, 9_000)
    assert read_traffic(kept, APP, T).refusals == {"stale": 2}
    delivery = Deliveries(kept).read(find(kept, find_room("delivered")).id).delivery
    assert (delivery.version, delivery.speakers, delivery.languages) == (2, ["ann"], ["en"])


def test_outbox_has_what_waits_and_what_is_dead(kept: Ledger) -> None:
    outbox = Outbox(kept)
    dead, waiting = (
        [entry for name in outbox.list_names(index, 99) if (entry := outbox.read(name))]
        for index in (DEAD, UNSENT)
    )
    assert [send.last for entry in dead for send in entry.sends.values()] == ["503"]
    assert {entry.event.type for entry in (*dead, *waiting)} == {
        "transcription.started",
        "transcription.failed",
        "transcript.completed",
        "room.silent",
    }


def test_every_room_is_described(stage: Stage) -> None:
    for name in STATES:
        room = Room(APP, name, 0) if name == "77" else find_room(name)
        _, told = describe_room(RoomRequest(room, None, "now", {}), stage.resources)
        assert told["sessions"][0]["session"].startswith(f"{APP}/{room.room_id_type}/{name}/")


def test_sweep_goes_on_and_a_room_closes(stage: Stage) -> None:
    ledger = stage.resources.ledger
    answers = [{"Response": {"TaskId": f"new-{n}", "RequestId": "r"}} for n in range(9)]
    stage.answer("CreateCloudTranscription", *answers)
    stage.answer("StartAITranscription", *answers)
    stage.now_ms = END_MS + 60_000
    stage.drain()
    for name in ("failed", "waiting", "starting"):
        assert find(ledger, find_room(name)).tasks["*"].state == "running", name
    for name in ("lobby", "failed"):
        stage.room_id = name
        stage.event(102, END_MS + 1)
        session = find(ledger, find_room(name))
        assert (session.closed_ms, session.is_unfinished) == (END_MS + 1, False)
    stage.now_ms += 600_000
    outcomes: list[Any] = [one for _, found in deliver(stage.resources) for one in found]
    assert {one.message for one in outcomes} >= {"transcript.completed"}
    assert heads.find_state(find(ledger, ROOM)) == "ended"


def test_what_is_over_for_long_is_forgotten(kept: Ledger) -> None:
    while any(kept.forget_old(T + 90 * 86_400_000)):
        pass
    found = walk_meetings(kept, APP, Place(FOR_EVER_MS), 0, 50)
    states = [find_state(session, delivery) for _, session, delivery in found if session]
    assert {*states} == {"live", "failed", "waiting", "held"}


def test_room_that_was_planned_begins_with_its_plan(kept: Ledger) -> None:
    def begin(book: RoomBook) -> Session | None:
        return book.open_session(END_MS, RULE)[1]

    assert kept.change(find_room("before"), begin)
    assert kept.read(find_room("before")).half.plan is None
