"""One record that only newer code can read: it is left alone and told of, and all else goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import responses
from msgspec.structs import replace

from shared.archive.keys import find_folder
from shared.console.checks import check_deployment
from shared.delivery.telling import tell
from shared.errors import NewerError
from shared.fleet.report import report_fleet
from shared.fleet.streams import count_streams
from shared.ledger.deliveries import Deliveries
from shared.ledger.engine import Cell, Put
from shared.ledger.events import outbox_cell, post, unsent_key
from shared.ledger.layout import RoomKeys, delivered_cell
from shared.ledger.names import set_names
from shared.ledger.outbox import Outbox
from shared.reconciling.reconcile import reconcile
from shared.room import Room
from tests.support.delivering import CLOSED_MS, HOUR_MS, Delivering
from tests.support.event_endpoints import answering, find_endpoint, read_event_settings, write_event
from tests.support.faked_api import OPENED_MS, STARTED, Stage, make_stage
from tests.support.instance import SDK_APP_ID
from tests.support.scripted_server import run_server

STRANGE = b'2 {"all":"new"}'
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def stage(api: responses.RequestsMock, ledger_url: str) -> Stage:
    stage = make_stage(api, ledger_url)
    stage.room_id = "strange"
    return stage


@pytest.fixture
def delivering(stage: Stage, tmp_path: Path) -> Delivering:
    """The stage and its archive."""
    settings = replace(stage.resources.settings, archive_url=f"file://{tmp_path}/archive")
    stage.resources = replace(stage.resources, settings=settings)
    return Delivering(stage, tmp_path / "archive")


def make_strange(stage: Stage, cell: Cell | None = None) -> None:
    """Let newer code have written the room's document, or that cell."""
    engine, keys = stage.resources.ledger.engine, RoomKeys(stage.room)
    with engine.changing():
        engine.swap(keys.tag, {}, [Put(cell or keys.document, STRANGE)])


def read_raw(stage: Stage) -> bytes:
    keys = RoomKeys(Room(SDK_APP_ID, "strange", 1))
    return stage.resources.ledger.engine.read(keys.tag, [keys.document])[0]


def test_no_task_is_started_beside_the_newer_ones(stage: Stage) -> None:
    make_strange(stage)
    outcome = stage.create()
    assert (outcome.http_status, stage.asked()) == (503, [])
    assert "finish the deploy of that version" in str(outcome.fields["reason"])
    assert read_raw(stage) == STRANGE


@pytest.mark.parametrize("cold_start", [True, False])
def test_drainer_starts_what_is_due_elsewhere(
    api: responses.RequestsMock, ledger_url: str, cold_start: bool
) -> None:
    stage = make_stage(api, ledger_url, cold_start=cold_start)
    refusal = {"Response": {"Error": {"Code": "InternalError"}, "RequestId": "r"}}
    stage.answer("CreateCloudTranscription", refusal, refusal, STARTED)
    for room_id in ("strange", "other"):
        stage.room_id = room_id
        stage.create()
    stage.room_id = "strange"
    make_strange(stage)
    stage.now_ms += HOUR_MS
    said = stage.drain()
    assert (said.count("callback.failed"), said.count("transcription.started")) == (1, 1)
    assert count_streams(SDK_APP_ID, stage.resources.ledger) == (0, 0)
    assert read_raw(stage) == STRANGE


def test_rooms_in_trouble_elsewhere_are_told_of(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = {"Response": {"Error": {"Code": "InternalError"}, "RequestId": "r"}}
    stage.answer("CreateCloudTranscription", refusal)
    report_fleet(stage.resources)
    for room_id in ("strange", "other"):
        stage.room_id = room_id
        stage.create()
    stage.room_id = "strange"
    make_strange(stage)
    stage.now_ms += HOUR_MS // 10
    report_fleet(stage.resources)
    told = [line for line in capsys.readouterr().out.splitlines() if "room.untranscribed" in line]
    assert [json.loads(line)["room_id"] for line in told] == ["other"]


def test_reconciling_goes_on_with_the_other_rooms(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    make_strange(stage)
    rooms = [{"room_id": room_id, "room_id_type": 1} for room_id in ("strange", "other")]
    _, told = reconcile({"rooms": rooms}, stage.resources)
    assert [one["outcome"] for one in told["rooms"]] == ["skipped", "started"]
    assert "a newer version of Roomscribe" in told["rooms"][0]["reason"]
    assert read_raw(stage) == STRANGE


def meet_twice(delivering: Delivering) -> None:
    """A meeting in the room that becomes strange, and one in another."""
    for room_id in ("strange", "other"):
        delivering.stage.room_id = room_id
        delivering.meet(1)


def test_deliverer_and_forgetting_go_on(delivering: Delivering) -> None:
    stage = delivering.stage
    meet_twice(delivering)
    assert delivering.deliver() == ["transcript.completed"] * 2
    files = delivering.files()
    stage.room_id = "other"
    delivering.say_late(2, stage.session())
    stage.room_id = "strange"
    delivering.stage.resources.ledger.ask_delivery(stage.session().id, stage.now_ms)
    folder = find_folder(stage.session().id)
    make_strange(stage)
    stage.now_ms += 1
    assert sorted(delivering.deliver()) == ["transcript.not_delivered", "transcript.updated"]
    stage.now_ms = (stage.now_ms // HOUR_MS + 1) * HOUR_MS + 400 * DAY_MS
    assert "sessions.forgotten" in delivering.deliver()
    assert delivering.files() == [name for name in files if name.startswith(folder)]
    assert read_raw(stage) == STRANGE


def test_name_is_forgotten_also_where_nobody_can_tell_whether_it_stands(
    delivering: Delivering,
) -> None:
    stage = delivering.stage
    meet_twice(delivering)
    delivering.deliver()
    ledger, deliveries = stage.resources.ledger, Deliveries(stage.resources.ledger)
    stage.room_id = "strange"
    session_id = stage.session().id
    make_strange(stage, delivered_cell(session_id))
    set_names(ledger, SDK_APP_ID, {"ann": "Ann"}, OPENED_MS)
    set_names(ledger, SDK_APP_ID, {"ann": ""}, OPENED_MS)
    while deliveries.forget_names(CLOSED_MS, 9):
        pass
    assert session_id in deliveries.list_due(CLOSED_MS, 9)
    assert len(deliveries.list_due(CLOSED_MS, 9)) == 2


def test_event_of_an_unknown_kind_waits_and_the_others_are_told(stage: Stage) -> None:
    with run_server(answering("200 OK")) as server:
        settings = read_event_settings(server.url)
        stage.resources = replace(stage.resources, settings=settings)
        key, ledger = find_endpoint(settings).key, stage.resources.ledger
        stage.answer("CreateCloudTranscription", STARTED)
        stage.create()
        for number in (1, 2):
            with ledger.engine.changing():
                ledger.engine.swap(str(SDK_APP_ID), {}, post(write_event(number), [key]))
        make_strange(stage, outbox_cell(f"{SDK_APP_ID}/msg_1"))
        stage.now_ms += 9
        assert [one.message for one in tell(stage.resources)] == ["event.deferred", "event.sent"]
        outbox = Outbox(ledger)
        assert outbox.list_names(unsent_key(key), 9) == [f"{SDK_APP_ID}/msg_1"]
        stage.now_ms += 400 * DAY_MS
        assert "events.forgotten" not in [one.message for one in tell(stage.resources)]
        with pytest.raises(NewerError):
            outbox.read(f"{SDK_APP_ID}/msg_1")


def test_doctor_fails_with_what_to_do(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DescribeCloudTranscription", STARTED)
    stage.create()
    _, before = check_deployment({}, stage.resources)
    assert before["findings"][0]["level"] == "ok" or "maxmemory" in str(before["findings"][0])
    make_strange(stage)
    _, told = check_deployment({}, stage.resources)
    finding = told["findings"][0]
    assert (finding["level"], finding["check"]) == ("FAIL", "ledger")
    assert finding["remedy"] == "finish the deploy of that version, or put its package back"
