"""Opting out where it is close: TRTC's callbacks come between a stop or a start and its answer."""

from __future__ import annotations

import pytest

from shared.console.people import set_people
from shared.ledger import RoomBook
from shared.ledger.opting_out import is_refused, set_opt_outs
from shared.lifecycle.drainer import drain
from shared.settings import DAY_MS
from shared.transcripts.records import FOR_EVER_MS, SentenceNews, Words
from tests.support.faked_api import OPENED_MS, STARTED, Stage, error
from tests.support.instance import SDK_APP_ID

CREATE, DELETE = "CreateCloudTranscription", "DeleteCloudTranscription"
SECOND = {"Response": {"TaskId": "task-2", "RequestId": "r-3"}}
STOPPED = {"Response": {"RequestId": "r-4"}}
ANN = [{"UserId": "ann"}]


def opt_out(stage: Stage) -> None:
    event = {"user_id": "ann", "opted_out": True, "room_id": stage.room_id, "room_id_type": 1}
    _, answer = set_people({**event, "sdk_app_id": SDK_APP_ID}, stage.resources)
    assert answer["opted_out"] == 1


def list_left_out(stage: Stage) -> list[object]:
    """Whom each start has left out."""
    starts = [place for place, action in enumerate(stage.asked()) if action == CREATE]
    return [stage.body(place)["TranscriptionParam"].get("UnSubscribeList") for place in starts]


def test_end_that_is_told_before_the_stop_is_answered_starts_the_next_once(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, SECOND)
    stage.answer_while(
        DELETE, lambda: stage.tell(1402, "task-1", OPENED_MS + 9, leave_code=0), STOPPED
    )
    stage.create()
    opt_out(stage)
    assert (list_left_out(stage), stage.asked().count(DELETE)) == ([None, ANN], 1)
    assert (stage.task().state, stage.task().task_id) == ("running", "task-2")
    assert stage.drain() == []


def test_task_that_is_told_of_before_its_start_is_answered_is_not_replaced_again(
    stage: Stage,
) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DELETE, STOPPED)
    stage.create()
    stage.answer_while(
        CREATE, lambda: stage.tell(1401, "task-2", OPENED_MS + 9, bot=stage.bot()), SECOND
    )
    opt_out(stage)
    assert (list_left_out(stage), stage.asked().count(DELETE)) == ([None, ANN], 1)
    assert (stage.task().state, stage.task().task_id) == ("running", "task-2")
    assert stage.drain() == []


def test_start_that_was_under_way_is_stopped_by_its_starter(stage: Stage) -> None:
    stage.answer_while(CREATE, lambda: opt_out(stage), STARTED, SECOND)
    stage.answer(DELETE, STOPPED)
    assert stage.create().message == "transcription.stopped"
    assert stage.drain() == ["transcription.started", "transcription.replaced"]
    assert (list_left_out(stage), stage.asked().count(DELETE)) == ([None, ANN], 1)


def test_task_that_nobody_saw_begin_is_replaced(stage: Stage) -> None:
    opt_out(stage)
    stage.answer(CREATE, SECOND)
    stage.answer(DELETE, STOPPED)
    told = stage.tell(1401, "task-1", OPENED_MS + 9, bot=stage.bot())
    assert [one.message for one in told] == ["task.found", "transcription.stopped"]
    assert stage.drain() == ["transcription.started", "transcription.replaced"]
    assert list_left_out(stage) == [ANN]


def test_what_a_person_has_stopped_is_not_begun_again(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer(DELETE, STOPPED)
    stage.create()
    stage.stop()
    opt_out(stage)
    assert (stage.drain(), stage.asked().count(CREATE)) == ([], 1)


def test_stop_that_fails_is_tried_less_and_less_often(stage: Stage) -> None:
    stage.answer(CREATE, STARTED, SECOND)
    stage.answer(DELETE, error("InternalError"))
    stage.create()
    opt_out(stage)
    list(drain(stage.resources))
    assert stage.asked().count(DELETE) <= 9
    assert stage.asked().count(CREATE) == 1


@pytest.mark.parametrize(("told", "kept"), [("ann", False), ("bob", True), ("", False)])
def test_who_spoke_decides_and_what_names_nobody_is_refused(
    stage: Stage, told: str, kept: bool
) -> None:
    stage.answer(CREATE, STARTED)
    stage.create()
    news = SentenceNews("key", "task-1", said=Words(OPENED_MS, "text", told))
    assert is_refused(news, stage.session(), {"ann": FOR_EVER_MS}) is not kept
    assert is_refused(news, stage.session(), {"ann": OPENED_MS - 1}) is False


def test_opt_out_that_ended_long_ago_is_forgotten() -> None:
    known = set_opt_outs({}, {"ann": True, "bob": True}, OPENED_MS, 0)
    known = set_opt_outs(known, {"ann": False}, OPENED_MS, 0)
    assert known == {"ann": OPENED_MS, "bob": FOR_EVER_MS}
    assert set_opt_outs(known, {}, OPENED_MS + DAY_MS, OPENED_MS + 1) == {"bob": FOR_EVER_MS}


def test_opt_out_of_a_room_stays_while_nothing_else_is_known_of_it(stage: Stage) -> None:
    opt_out(stage)

    def read(book: RoomBook) -> dict[str, int]:
        return book.half.opt_outs

    assert stage.resources.ledger.change(stage.room, read) == {"ann": FOR_EVER_MS}
