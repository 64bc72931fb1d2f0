"""What the state of a meeting is, to its operator and to its readers, whatever its tasks may be."""

from __future__ import annotations

from typing import get_args

import pytest

from shared.ledger import Session, Task, TaskId, heads
from shared.ledger.deliveries import Delivery
from shared.ledger.task import TaskState
from shared.reading.meetings import State, find_state
from shared.rules.decision import Rule, Speaker
from tests.support.ledger_steps import ROOM, RULE, T

NOTHING = Rule(name="private", room=["*"], service="none")
ONE_SPEAKER = Rule(name="class", room=["*"], service="none", speakers=[Speaker(["t*"], "cloud")])
RAN = TaskId("task-1", "cloud", "ap-singapore")


def make_session(
    *states: TaskState,
    ran: bool = False,
    rule: Rule = RULE,
    closed: bool = False,
    held: bool = False,
    error_code: str = "",
) -> Session:
    """A session with a task in each of these states; `ran`: they have a TaskId."""
    ids = [RAN] if ran else []
    tasks = {
        f"{i}": Task(f"{i}", "cloud", one, task_ids=ids, error_code=error_code)
        for i, one in enumerate(states)
    }
    closed_ms = T + 60_000 if closed else None
    return Session("id", ROOM, T, T, rule, closed_ms=closed_ms, held=held, tasks=tasks)


@pytest.mark.parametrize(
    ("session", "state"),
    [
        (make_session("running"), "live"),
        (make_session("failed", "due", "held", "running"), "live"),
        (make_session("due"), "waiting"),
        (make_session("starting", "failed"), "waiting"),
        (make_session("stopped", ran=True), "waiting"),
        (make_session("stopping", ran=True), "waiting"),
        (make_session(), "waiting"),
        (make_session(rule=ONE_SPEAKER), "waiting"),
        (make_session(rule=NOTHING), "not_transcribed"),
        (make_session("failed"), "failed"),
        (make_session("failed", "stopped"), "failed"),
        (make_session("held"), "held"),
        (make_session("stopped", held=True), "held"),
        (make_session("running", rule=NOTHING), "live"),  # somebody started it by hand
    ],
)
def test_open_meeting(session: Session, state: State) -> None:
    assert find_state(session, Delivery()) == state


@pytest.mark.parametrize(
    ("session", "delivery", "state"),
    [
        (make_session("stopped", ran=True, closed=True), Delivery(), "closed"),
        (make_session("running", ran=True, closed=True), Delivery(), "closed"),
        (make_session("stopped", ran=True, closed=True), Delivery(version=3, at_ms=1), "delivered"),
        (
            make_session("stopped", ran=True, closed=True),
            Delivery(version=3, deleted=2, at_ms=1),
            "delivered",
        ),
        (make_session("stopped", ran=True, closed=True), Delivery(deleted=3), "deleted"),
        (make_session("failed", closed=True), Delivery(), "failed"),
        (make_session("failed", ran=True, closed=True), Delivery(), "closed"),
        (make_session("stopped", closed=True), Delivery(), "not_transcribed"),
        (make_session(closed=True), Delivery(), "not_transcribed"),
        (make_session(rule=NOTHING, closed=True), Delivery(), "not_transcribed"),
        (make_session("stopped", held=True, ran=True, closed=True), Delivery(), "closed"),
    ],
)
def test_meeting_that_is_over(session: Session, delivery: Delivery, state: State) -> None:
    assert find_state(session, delivery) == state


@pytest.mark.parametrize(
    ("session", "state"),
    [
        (make_session("running"), "live"),
        (make_session("running", "due", error_code="TaskQuota"), "live"),
        (make_session("due"), "live"),  # for as long as a start takes
        (make_session("due", "failed"), "live"),
        (make_session("due", error_code="TaskQuota"), "waiting"),
        (make_session("starting", error_code="ApiTimeout"), "waiting"),
        (make_session("due", "failed", error_code="ApiTimeout"), "waiting"),
        (make_session("failed", error_code="InvalidParameter.UserSig"), "failed"),
        (make_session("held"), "held"),
        (make_session("due", held=True, error_code="TaskQuota"), "held"),
        (make_session(), "live"),
        (make_session("stopped", ran=True), "live"),
        (make_session(rule=ONE_SPEAKER), "live"),
        (make_session(rule=NOTHING), "not_transcribed"),
        (make_session("stopped", ran=True, closed=True), "ended"),
        (make_session("failed", ran=True, closed=True), "ended"),
        (make_session("failed", closed=True), "failed"),
        (make_session("stopped", held=True, closed=True), "not_transcribed"),
        (make_session(rule=NOTHING, closed=True), "not_transcribed"),
    ],
)
def test_what_a_reader_is_told(session: Session, state: str) -> None:
    assert heads.find_state(session) == state


def test_every_state_has_words_on_the_page() -> None:
    from shared.reading.pages import FOLDER

    words = (FOLDER / "meeting_rows.js").read_text()
    form = (FOLDER / "meetings.html").read_text()
    for state in get_args(State):
        assert f"  {state}: " in words
        assert f'<option value="{state}">' in form
