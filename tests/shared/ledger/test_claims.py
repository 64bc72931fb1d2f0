"""Claims: one winner, nothing lost when it dies, and every TaskId stopped."""

from __future__ import annotations

import msgspec
import pytest

from shared.ledger import Attempt, Session, Task, TaskId, claims
from shared.room import Room
from shared.rules.decision import Rule

ROOM = Room(1400000000, "lobby", 1)
RULE = Rule(name="everything else", room=["*"])
T = 1_700_000_000_000
REGION = "ap-singapore"
ATTEMPT = Attempt("x", "cloud", 0, T)


def make_session(**changes: object) -> Session:
    session = Session("s", ROOM, T, T, RULE)
    for name, value in changes.items():
        setattr(session, name, value)
    return session


def claim(
    session: Session, token: str = "a", now_ms: int = T, target: str = "*", *, by_hand: bool = False
) -> tuple[bool, Task]:
    won, task = claims.claim_start(
        session, target, "cloud", trigger="e", token=token, now_ms=now_ms, by_hand=by_hand
    )
    return won, msgspec.structs.replace(task) if won else task


def run(session: Session, task_id: str = "task-1") -> Task:
    _, mine = claim(session)
    assert claims.finish_start(session, mine, task_id, REGION, T) == "running"
    return session.tasks["*"]


def test_first_claim_wins_until_its_lease_is_over() -> None:
    session = make_session()
    assert claim(session)[0]
    assert not claim(session, "b", T + claims.LEASE_MS - 1)[0]
    assert claim(session, "b", T + claims.LEASE_MS)[0]
    assert [attempt.token for attempt in session.tasks["*"].unseen] == ["a"]


def test_clock_set_back_does_not_prolong_a_claim() -> None:
    session = make_session()
    claim(session)
    assert claim(session, "b", T - 3_600_000)[0]


@pytest.mark.parametrize("behind_ms", [1, claims.LEASE_MS])
def test_claim_holds_for_whoever_has_a_clock_that_is_behind(behind_ms: int) -> None:
    session = make_session()
    claim(session)
    assert not claim(session, "b", T - behind_ms)[0]


def test_running_task_is_not_claimed_by_anybody() -> None:
    session = make_session()
    run(session)
    assert not claim(session, "b")[0]
    assert not claim(session, "b", by_hand=True)[0]


@pytest.mark.parametrize("state", ["failed", "stopped", "held"])
def test_only_a_person_begins_again_what_ended(state: str) -> None:
    session = make_session()
    session.tasks["*"] = Task("*", "cloud", state)  # type: ignore[arg-type]  # one of the states
    assert not claim(session)[0]
    assert claim(session, by_hand=True)[0]


def test_person_need_not_wait_unless_a_start_may_have_happened() -> None:
    for unseen in ([], [ATTEMPT]):
        session = make_session()
        session.tasks["*"] = Task("*", "cloud", not_before_ms=T + 5_000, unseen=unseen)
        assert not claim(session)[0]
        assert claim(session, by_hand=True)[0] is not bool(unseen)


def test_person_may_choose_the_service_unless_a_start_may_have_happened() -> None:
    for unseen, service in (([], "cloud"), ([ATTEMPT], "ai")):
        session = make_session()
        session.tasks["*"] = Task("*", "ai", unseen=unseen)
        assert claim(session, by_hand=True)[1].service == service


def test_person_does_not_take_the_place_of_the_event_that_will_come_back() -> None:
    session = make_session()
    session.tasks["*"] = Task("*", "cloud", trigger="101/5/ann")
    assert claim(session, by_hand=True)[1].trigger == "101/5/ann"


def test_closed_session_is_never_claimed() -> None:
    assert not claim(make_session(closed_ms=T))[0]
    assert not claim(make_session(closed_ms=T), by_hand=True)[0]


def test_running_task_settles_the_attempts_of_its_service_only() -> None:
    session = make_session()
    other = Attempt("y", "ai", 0, T)
    session.tasks["*"] = Task("*", "cloud", unseen=[ATTEMPT, other])
    assert run(session).unseen == [other]


def test_lost_claim_leaves_the_task_to_whoever_is_starting_it() -> None:
    session = make_session()
    _, first = claim(session, "a")
    _, second = claim(session, "b", T + claims.LEASE_MS)
    assert claims.finish_start(session, first, "task-1", REGION, T) == "starting"
    assert claims.finish_start(session, second, "task-2", REGION, T) == "running"
    task = session.tasks["*"]
    assert [i.task_id for i in task.leftovers] == ["task-1"]


def test_lost_claim_must_stop_what_it_started_beside_a_running_task() -> None:
    session = make_session()
    _, first = claim(session, "a")
    _, second = claim(session, "b", T + claims.LEASE_MS)
    claims.finish_start(session, second, "task-2", REGION, T)
    assert claims.finish_start(session, first, "task-2", REGION, T) == "running"
    assert claims.finish_start(session, first, "task-1", REGION, T) == "stopping"


def test_room_that_closed_during_the_start_is_for_its_starter_to_stop() -> None:
    session = make_session()
    _, mine = claim(session)
    session.closed_ms = T + 1
    assert claims.begin_stops(session, T + 2) == ([], True)
    assert claims.finish_start(session, mine, "task-1", REGION, T + 3) == "stopping"
    claims.note_ended(session.tasks["*"], ["task-1"], T + 4)
    assert not session.tasks["*"].needs_stop
    assert session.tasks["*"].state == "stopped"


def test_starter_that_died_leaves_a_start_to_be_asked_about() -> None:
    session = make_session()
    claim(session)
    session.closed_ms = T + 1
    (task,), starting = claims.begin_stops(session, T + claims.LEASE_MS)
    assert (task.state, [a.token for a in task.unseen], starting) == ("stopping", ["a"], False)
    claims.settle_attempts(task, ["a"], [TaskId("task-1", "ai", REGION)])
    claims.note_ended(task, [], T)
    assert task.needs_stop
    claims.note_ended(task, ["task-1"], T)
    assert not task.needs_stop
    assert task.state == "stopped"


def test_open_session_is_never_stopped_by_an_event() -> None:
    session = make_session()
    run(session)
    assert claims.begin_stops(session, T) == ([], False)
    assert session.tasks["*"].state == "running"


def test_due_start_is_cancelled_and_an_unsure_one_is_not_forgotten() -> None:
    session = make_session(closed_ms=T)
    session.tasks = {"a": Task("a", "cloud"), "b": Task("b", "cloud", unseen=[ATTEMPT])}
    stops, _ = claims.begin_stops(session, T)
    assert [task.target for task in stops] == ["b"]
    assert session.tasks["a"].state == "stopped"


def test_every_task_id_is_stopped_until_each_is_over() -> None:
    session = make_session()
    task = run(session)
    task.task_ids.append(TaskId("task-0", "cloud", REGION))
    session.closed_ms = T + 1
    assert claims.begin_stops(session, T) == ([task], False)
    claims.note_ended(task, ["task-1"], T)
    assert task.needs_stop
    assert claims.begin_stops(session, T) == ([task], False)
    claims.note_ended(task, ["task-0"], T)
    assert not task.needs_stop
    assert claims.begin_stops(session, T) == ([], False)


def test_held_session_starts_nothing_until_the_hold_is_lifted() -> None:
    session = make_session()
    task = run(session)
    assert claims.hold_session(session, T, "amy") == [task]
    claims.note_ended(task, ["task-1"], T)
    assert task.state == "held"
    assert not claim(session)[0]
    assert claim(session, target="ann")[1].state == "held"
    claims.lift_hold(session, T)
    assert claim(session)[0]
    assert claim(session, target="ann")[0]


def test_claim_held_meanwhile_is_for_its_starter_to_stop() -> None:
    session = make_session()
    _, mine = claim(session)
    (task,) = claims.hold_session(session, T, "amy")
    assert [attempt.token for attempt in task.unseen] == ["a"]
    assert claims.finish_start(session, mine, "task-1", REGION, T) == "stopping"
    assert [i.task_id for i in task.leftovers] == ["task-1"]
    assert task.unseen == []


@pytest.mark.parametrize("happened", [True, False])
def test_claim_held_meanwhile_keeps_what_its_starter_cannot_know(happened: bool) -> None:
    session = make_session()
    _, mine = claim(session)
    claims.hold_session(session, T, "amy")
    claims.release_start(session, mine, "due", "x", T, may_have_happened=happened)
    task = session.tasks["*"]
    assert (task.state, bool(task.unseen)) == ("held", happened)


def test_what_could_not_be_stopped_runs_on_when_the_hold_is_lifted() -> None:
    session = make_session()
    task = run(session)
    claims.hold_session(session, T, "amy")
    claims.lift_hold(session, T)
    assert (task.state, task.task_id) == ("running", "task-1")


def test_task_the_api_ended_is_due_again_unless_held() -> None:
    session = make_session()
    task = run(session)
    claims.note_ended(task, ["task-1"], T)
    assert task.state == "due"
    assert claim(session, "b")[0]
    held = make_session()
    run(held)
    claims.hold_session(held, T, "amy")
    claims.note_ended(held.tasks["*"], ["task-1"], T)
    assert held.tasks["*"].state == "held"


def test_task_id_that_lives_takes_the_place_of_the_one_that_ended() -> None:
    session = make_session()
    task = run(session)
    task.task_ids.append(TaskId("task-2", "cloud", REGION))
    claims.note_ended(task, ["task-1"], T)
    assert not claim(session, "b")[0]
    assert (task.state, task.task_id, task.leftovers) == ("running", "task-2", [])


def test_released_claim_is_due_or_failed_and_a_lost_one_changes_nothing() -> None:
    session = make_session()
    _, mine = claim(session)
    claims.release_start(
        session, mine, "due", "Throttled", T, not_before_ms=T + 5, may_have_happened=True
    )
    task = session.tasks["*"]
    assert (task.state, task.error_code, task.not_before_ms) == ("due", "Throttled", T + 5)
    assert [attempt.token for attempt in task.unseen] == ["a"]
    claims.release_start(session, mine, "failed", "Refused", T, may_have_happened=True)
    assert task.state == "due"


def test_service_is_switched_by_the_holder_of_the_claim_only() -> None:
    session = make_session()
    _, mine = claim(session)
    task = claims.switch_service(session, mine, "ai", "FailedOperation", "r1", T)
    assert task
    assert (task.service, task.pending) == ("ai", Attempt("a", "ai", 0, T))
    mine.token = "another"
    assert claims.switch_service(session, mine, "cloud", "FailedOperation", "r1", T) is None


@pytest.mark.parametrize("change", ["hold", "close"])
def test_service_is_not_switched_after_a_hold_or_a_close(change: str) -> None:
    session = make_session()
    _, mine = claim(session)
    if change == "hold":
        claims.hold_session(session, T, "amy")
    else:
        session.closed_ms = T
    assert claims.switch_service(session, mine, "ai", "FailedOperation", "r1", T) is None


def test_session_is_unfinished_while_anything_may_live() -> None:
    session = make_session()
    assert not session.is_unfinished
    claim(session)
    assert session.is_unfinished
    session.tasks["*"] = Task("*", "cloud", "failed", unseen=[ATTEMPT])
    assert session.is_unfinished
    session.tasks["*"] = Task("*", "cloud", "due")
    assert not session.is_unfinished
