"""A room's next life whose first events come before the end of the last one is told."""

from __future__ import annotations

from msgspec.structs import replace

from shared.rules.file import parse_rules
from tests.support.faked_api import OPENED_MS, RULES, Stage, error

CREATE, STOP = "CreateCloudTranscription", "DeleteCloudTranscription"
STOPPED = {"Response": {"RequestId": "r-6"}}


def started(number: int) -> dict[str, dict[str, str]]:
    return {"Response": {"TaskId": f"task-{number}", "RequestId": "r-1"}}


def test_speaker_of_the_next_life_is_heard_although_its_102_came_late(stage: Stage) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, started(1), started(2), started(3))
    stage.answer(STOP, STOPPED)
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(104, OPENED_MS + 5, "ann")
    stage.event(103, OPENED_MS + 20, "bob")
    stage.event(102, OPENED_MS + 6)
    stage.event(101, OPENED_MS + 19, "bob")
    new, old = stage.resources.ledger.read(stage.room).sessions
    assert (old.closed_ms, [task.state for task in old.tasks.values()]) == (
        OPENED_MS + 6,
        ["stopped", "stopped"],
    )
    assert (new.closed_ms, list(new.tasks), new.tasks["bob"].state) == (None, ["bob"], "running")


def test_speaker_of_the_next_life_is_heard_although_its_102_was_lost(stage: Stage) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, started(1), error("RequestLimitExceeded"), started(3))
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(104, OPENED_MS + 5, "ann")
    stage.tell(1402, "task-1", OPENED_MS + 6, leave_code=99)
    stage.event(103, OPENED_MS + 20, "bob")
    stage.event(101, OPENED_MS + 19, "bob")
    session = stage.session()
    assert (session.opened_ms, session.tasks["bob"].state) == (OPENED_MS + 19, "running")


def test_who_left_with_the_old_life_is_not_carried_over(stage: Stage) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, started(1))
    stage.answer(STOP, STOPPED)
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(102, OPENED_MS + 6)
    assert stage.session().closed_ms == OPENED_MS + 6


def test_stops_of_the_old_life_are_repeated_once_however_many_are_carried_over(
    stage: Stage,
) -> None:
    stage.room_id = "speakers-1"
    stage.answer(CREATE, *[started(number) for number in range(1, 6)])
    stage.answer(STOP, error("InternalError"))
    stage.event(103, OPENED_MS + 1, "ann")
    for name in ("bob", "eve"):
        stage.event(103, OPENED_MS + 20, name)
    stage.event(102, OPENED_MS + 6)
    before = stage.asked()
    assert before.count(STOP) == 3
    stage.event(101, OPENED_MS + 19, "bob")
    assert stage.asked()[len(before) :] == [STOP, STOP, STOP, CREATE, CREATE]
    assert list(stage.session().tasks) == ["bob", "eve"]


def test_of_people_who_are_carried_over_only_what_they_start_is_told(stage: Stage) -> None:
    rules = RULES.replace('room = "*"', 'room = "*"\nstart_on = "audio_started"')
    stage.resources = replace(stage.resources, rules=parse_rules(rules))
    stage.event(103, OPENED_MS + 1, "ann")
    stage.event(103, OPENED_MS + 20, "bob")
    stage.event(102, OPENED_MS + 6)
    assert stage.all(101, OPENED_MS + 19, "bob") == ["room.noted"]
