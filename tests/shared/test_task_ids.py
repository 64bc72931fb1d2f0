"""TaskIds as the real service has them: a leading minus, plus signs, up to 110 characters; large rooms."""

from __future__ import annotations

import json

import pytest
import responses

from local.replay.rebuild import rebuild_callback
from shared import log
from shared.callbacks import parse_event
from shared.errors import CallbackError
from shared.room import names_numeric_room
from shared.scf import begin_invocation
from tests.support.faked_api import LIVES, OPENED_MS, make_stage
from tests.support.instance import CONTEXT, SDK_APP_ID

TASK_IDS = {
    "2.0": "-m" + "0Q+hV3nqs/ioEv=wsQ" * 4 + "pB.",
    "2.0, plus first": "+--" + "aZ" * 33 + ".",
    "1.0": "v2_20250424_" + "0123456789abcdef|{}:*%" * 4 + "end-of-id.",
}


@pytest.mark.parametrize("task_id", TASK_IDS.values(), ids=TASK_IDS.keys())
def test_task_of_any_name_is_started_heard_told_of_and_stopped(
    faked_http: None, ledger_url: str, task_id: str
) -> None:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        stage = make_stage(api, ledger_url)
        started = {"Response": {"TaskId": task_id, "RequestId": "r"}}
        for action in ("CreateCloudTranscription", "DeleteCloudTranscription"):
            stage.answer(action, started)
        stage.answer("DescribeCloudTranscription", LIVES)
        stage.create()
        assert stage.task().task_id == task_id
        stage.tell(1401, task_id, OPENED_MS + 1000, bot=stage.bot())
        stage.say(1403, task_id, OPENED_MS + 2000)
        assert stage.texts() == ["good morning"]
        shown = stage.describe()["tasks"][0]
        assert (shown["task_id"], shown["status_now"]) == (task_id, "running")
        assert stage.resources.ledger.count_living(SDK_APP_ID) == 1
        assert stage.event(102, OPENED_MS + 3000).message == "transcription.stopped"
        assert stage.body()["TaskId"] == task_id
        assert stage.resources.ledger.count_living(SDK_APP_ID) == 0


@pytest.mark.parametrize("task_id", TASK_IDS.values(), ids=TASK_IDS.keys())
def test_log_line_brings_the_task_id_back(task_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.begin_logging(begin_invocation(CONTEXT), "INFO")
    log.bind_room(SDK_APP_ID, "room", 1)
    log.write("task.noted", event_type=1401, event_ms=OPENED_MS, task_id=task_id)
    event = rebuild_callback(json.loads(capsys.readouterr().out))
    assert event
    task = parse_event(SDK_APP_ID, event).task
    assert task
    assert task.task_id == task_id


@pytest.mark.parametrize(
    ("room_id", "is_one"), [(1, True), (2**31, True), (4294967294, True), (4294967295, False)]
)
def test_numbers_of_rooms_end_where_the_api_says(room_id: int, is_one: bool) -> None:
    info = {"RoomId": room_id, "EventMsTs": OPENED_MS, "UserId": "ann"}
    event = {"EventType": 101, "CallbackTs": OPENED_MS, "EventInfo": info}
    assert names_numeric_room(str(room_id)) == is_one
    if is_one:
        assert parse_event(SDK_APP_ID, event).room.room_id == str(room_id)
    else:
        with pytest.raises(CallbackError):
            parse_event(SDK_APP_ID, event)
