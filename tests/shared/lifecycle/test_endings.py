"""Why a task ended, in words, for every code and every other way to end."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from shared.console.commands import start_room
from shared.console.request import RoomRequest
from shared.lifecycle.endings import LEAVE_CODES, read_leave_code
from shared.rules.file import parse_rules
from tests.support.faked_api import LIVES, OPENED_MS, RULES, STARTED, Stage, error

CREATE, START_AI = "CreateCloudTranscription", "StartAITranscription"
STOP, STOP_AI = "DeleteCloudTranscription", "StopAITranscription"
STOPPED = {"Response": {"RequestId": "r-6"}}
SECOND = {"Response": {"TaskId": "task-2", "RequestId": "r-2"}}
THIRD = {"Response": {"TaskId": "task-3", "RequestId": "r-3"}}
WORDS = {
    ("ai", 0): "stopped through the API",
    ("ai", 1): "the bot was removed by a user",
    ("ai", 2): "the room was dismissed by a user",
    ("ai", 3): "the bot was removed by the server",
    ("ai", 4): "the room was dismissed by the server",
    ("ai", 98): "internal error",
    ("ai", 99): "nobody spoke or was there for max_idle_s",
    ("ai", 100): "the room timed out",
    ("ai", 101): "another bot of the same UserId entered",
    ("ai", 7): "LeaveCode 7, which no document explains",
    ("ai", None): "no reason was given",
}
WORDS |= {("cloud", code): words for (_, code), words in WORDS.items()}
WORDS["cloud", 0] = "stopped"
WORDS["cloud", 1] = "the bot was removed, or the room dismissed"
RETURNING = {("ai", 3), ("ai", 101), ("cloud", 1), ("cloud", 3), ("cloud", 101)}


def run(stage: Stage, service: str = "cloud") -> None:
    stage.room_id = "ai-1" if service == "ai" else "room"
    stage.answer(START_AI if service == "ai" else CREATE, STARTED)
    stage.answer("DescribeCloudTranscription", LIVES)
    stage.answer("DescribeAITranscription", LIVES)
    stage.answer(STOP_AI if service == "ai" else STOP, STOPPED)
    stage.create()


@pytest.mark.parametrize(("service", "code"), WORDS)
def test_every_code_is_explained_in_the_log_and_by_describe_room(
    stage: Stage, service: str, code: int | None
) -> None:
    run(stage, service)
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(104, OPENED_MS + 2, "ann")
    event_type = 902 if service == "ai" else 1402
    (told,) = stage.tell(event_type, "task-1", OPENED_MS + 9, leave_code=code)
    (task,) = stage.describe()["tasks"]
    words = WORDS[service, code]
    assert told.fields["reason"] == task["task_ids"][0]["reason"] == words
    if task["state"] in ("stopped", "held"):
        assert task["reason"] == words
    else:  # taken out by the server, or by a newer bot: it comes back
        assert (service, code) in RETURNING
        assert task["state"] == "due"


def test_every_documented_code_is_tried() -> None:
    assert {(s, c) for s in ("ai", "cloud") for c in LEAVE_CODES} <= {*WORDS}
    assert all(read_leave_code(*each).words == words for each, words in WORDS.items())


def test_closed_room_says_so_whatever_trtc_tells_of_our_own_stop(stage: Stage) -> None:
    run(stage)
    stage.event(102, OPENED_MS + 5)
    stage.tell(1402, "task-1", OPENED_MS + 6, leave_code=0)
    assert stage.describe()["tasks"][0]["reason"] == "the room closed"


def test_end_before_the_room_closed_is_not_covered_by_the_closing(stage: Stage) -> None:
    run(stage)
    stage.tell(1402, "task-1", OPENED_MS + 5, leave_code=99)
    stage.event(102, OPENED_MS + 6)
    assert stage.describe()["tasks"][0]["reason"] == WORDS["cloud", 99]


def test_refused_start_names_the_error(stage: Stage) -> None:
    stage.answer(CREATE, error("FailedOperation.NotAbility"))
    stage.create()
    (task,) = stage.describe()["tasks"]
    assert task["reason"] == "the API refused the start: FailedOperation.NotAbility"


def test_start_that_never_came_about_says_what_it_waited_for(stage: Stage) -> None:
    stage.answer(CREATE, error("RequestLimitExceeded"))
    stage.create()
    stage.event(102, OPENED_MS + 5)
    (task,) = stage.describe()["tasks"]
    expected = "the room closed before it had started, because of RequestLimitExceeded"
    assert task["reason"] == expected


def test_start_that_failed_after_its_answer_says_so(stage: Stage) -> None:
    run(stage)
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(104, OPENED_MS + 2, "ann")
    stage.tell(1401, "task-1", OPENED_MS + 9, failed=True)
    assert stage.describe()["tasks"][0]["reason"] == "the task did not start"


def test_task_that_is_gone_says_who_says_so(stage: Stage) -> None:
    stage.answer(CREATE, STARTED)
    stage.answer("DescribeCloudTranscription", error("ResourceNotFound"))
    stage.create()
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(104, OPENED_MS + 2, "ann")
    stage.now_ms += 120_000
    assert stage.drain() == ["task.gone"]
    assert stage.describe()["tasks"][0]["reason"] == "the API says that it is over"


def test_room_that_a_person_stopped_says_how_to_begin_again(stage: Stage) -> None:
    run(stage)
    told = stage.stop()
    expected = "stopped by hand: start_transcription begins it again"
    assert told["tasks"][0]["reason"] == expected
    stage.tell(1402, "task-1", OPENED_MS + 6, leave_code=0)
    assert stage.describe()["tasks"][0]["reason"] == expected


def test_running_task_has_no_reason_to_be_over(stage: Stage) -> None:
    run(stage)
    assert "reason" not in stage.describe()["tasks"][0]


def leave_unwanted(stage: Stage) -> None:
    """Ann's task waits for its next start when somebody asks for a task of bob's alone."""
    speakers = 'scope = "user"\nspeakers = [{user = "bob", service = "cloud"}, {user = "ann"}]\n'
    rules = parse_rules(RULES.replace('scope = "user"\n', speakers))
    stage.resources, stage.room_id = replace(stage.resources, rules=rules), "speakers-1"
    stage.answer(CREATE, STARTED, error("RequestLimitExceeded"), *[SECOND, THIRD])
    stage.answer("DescribeCloudTranscription", LIVES)
    stage.event(103, OPENED_MS + 1, "ann")
    stage.tell(1402, "task-1", OPENED_MS + 5_000, leave_code=98)
    start_room(RoomRequest(stage.room, "bob", "now", {"service": "none"}), stage.resources)
    states = {task.target: task.state for task in stage.session().tasks.values()}
    assert (states, stage.asked().count(CREATE)) == ({"ann": "due", "bob": "running"}, 3)
    stage.now_ms += 10_000


def test_end_that_is_told_again_starts_nothing_that_the_rule_no_longer_wants(stage: Stage) -> None:
    leave_unwanted(stage)
    told = stage.tell(1402, "task-1", OPENED_MS + 5_000, leave_code=98)
    assert [one.message for one in told] == ["task.ended", "transcription.not_wanted"]
    assert stage.asked().count(CREATE) == 3


def test_drainer_does_not_come_back_to_what_the_rule_no_longer_wants(stage: Stage) -> None:
    leave_unwanted(stage)
    assert stage.drain() == ["transcription.not_wanted"]
