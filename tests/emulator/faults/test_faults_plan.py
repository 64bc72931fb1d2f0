"""Which faults strike what, and how often."""

from typing import Any

import pytest

from local.cloud.faults.documents import parse_fault
from local.cloud.faults.plan import Plan, Planned

ACTIONS = frozenset({"StartAITranscription", "CreateCloudTranscription", "StopAITranscription"})


class Planning:
    """A plan, and what it tells."""

    def __init__(self) -> None:
        self.told: list[dict[str, object]] = []
        self.now_ms = 1_000
        self.plan = Plan(self.told.append, lambda: self.now_ms)

    def add(self, **said: Any) -> Planned:
        return self.plan.add(parse_fault(said, ACTIONS))

    def call(self, action: str = "StopAITranscription", room_id: str | None = "r") -> list[str]:
        return [fault.what for fault in self.plan.strike_call(action, room_id)]

    def call_back(self, event_type: int = 101, room_id: str = "r") -> list[str]:
        return [fault.what for fault in self.plan.strike_callback(event_type, room_id)]


@pytest.fixture
def planning() -> Planning:
    return Planning()


def test_nothing_strikes_without_a_fault(planning: Planning) -> None:
    assert (planning.call(), planning.call_back(), planning.told) == ([], [], [])


def test_fault_strikes_always_unless_told_otherwise(planning: Planning) -> None:
    planned = planning.add(where="api", what="hang")
    assert [planning.call() for _ in range(3)] == [["hang"]] * 3
    assert planned.describe()["struck"] == 3


def test_skip_lets_the_first_pass_and_times_ends_it(planning: Planning) -> None:
    planning.add(where="api", what="hang", skip=2, times=1)
    assert [planning.call() for _ in range(5)] == [[], [], ["hang"], [], []]


def test_every_second_one_is_struck_from_the_first(planning: Planning) -> None:
    planning.add(where="api", what="hang", skip=1, every=2, times=2)
    assert [bool(planning.plan.strike_call("StartAITranscription", "r")) for _ in range(7)] == [
        *(False, True, False, True, False, False, False)
    ]


def test_functions_are_struck_by_name(planning: Planning) -> None:
    planning.add(where="function", what="slow", ms=5, function="roomscribe-*")
    assert [fault.what for fault in planning.plan.strike_function("roomscribe-a")] == ["slow"]
    assert planning.plan.strike_function("other") == []


def test_one_seed_is_one_sequence_and_another_is_another(planning: Planning) -> None:
    def strike(seed: int) -> list[bool]:
        planning.plan.clear()
        planning.add(where="api", what="hang", rate=0.3, seed=seed)
        return [bool(planning.call()) for _ in range(200)]

    first = strike(7)
    assert first == strike(7) != strike(8)
    assert 30 < sum(first) < 90


def test_what_a_fault_is_not_about_does_not_advance_its_sequence(planning: Planning) -> None:
    planning.add(where="api", what="hang", skip=1, actions=["StartAITranscription"], room="class-*")
    planning.call("StopAITranscription", "class-1")
    planning.call("StartAITranscription", "lobby")
    planning.call("StartAITranscription", None)
    assert planning.call("StartAITranscription", "class-1") == []
    assert planning.call("StartAITranscription", "class-1") == ["hang"]


def test_latencies_add_up_and_of_the_rest_the_first_strikes(planning: Planning) -> None:
    planning.add(where="api", what="latency", ms=1)
    planning.add(where="api", what="drop")
    unhappened = planning.add(where="api", what="hang")
    planning.add(where="api", what="latency", ms=2)
    assert planning.call() == ["latency", "drop", "latency"]
    assert unhappened.describe()["struck"] == 0


def test_code_without_actions_is_about_those_that_have_it(planning: Planning) -> None:
    planning.add(where="api", what="error", code="FailedOperation.TaskNotExist")
    assert planning.call("StopAITranscription") == ["error"]
    assert planning.call("DeleteCloudTranscription") == []
    assert planning.call("CreateCloudTranscription") == []


def test_quota_is_about_starts(planning: Planning) -> None:
    planning.add(where="api", what="quota")
    assert planning.call("StopAITranscription") == []
    assert planning.call("CreateCloudTranscription") == ["quota"]


def test_lost_callback_meets_nothing_more(planning: Planning) -> None:
    planning.add(where="callback", what="duplicate", events=[101])
    planning.add(where="callback", what="lose", events=[101, 102])
    planning.add(where="callback", what="delay", ms=1)
    assert planning.call_back(101) == ["duplicate", "lose"]
    assert planning.call_back(102) == ["lose"]
    assert planning.call_back(103) == ["delay"]


def test_machines_are_struck_at_their_step(planning: Planning) -> None:
    planning.add(where="instance", step="event", events=[101])
    planning.add(where="redis", step="event")
    planning.add(where="instance", step="effect", actions=["StartAITranscription"])
    plan = planning.plan
    assert [type(fault).__name__ for fault in plan.strike_event(101, "r")] == [
        "InstanceFault",
        "RedisFault",
    ]
    assert len(plan.strike_event(102, "r")) == 1
    assert plan.strike_step("call", "StartAITranscription", "r") == []
    assert len(plan.strike_step("effect", "StartAITranscription", None)) == 1


def test_tasks_are_struck_by_service(planning: Planning) -> None:
    planning.add(where="task", service="ai", leave_code=99)
    assert planning.plan.strike_task("cloud", "t", "r") == []
    (fault,) = planning.plan.strike_task("ai", "t", "r")
    assert fault.leave_code == 99


def test_every_strike_is_told(planning: Planning) -> None:
    planning.add(where="api", what="hang")
    planning.add(where="callback", what="lose")
    planning.call("StopAITranscription", None)
    planning.call_back(102, "r")
    assert planning.told == [
        {"fault": 1, "where": "api", "what": "hang", "action": "StopAITranscription"},
        {"fault": 2, "where": "callback", "what": "lose", "event_type": 102, "room_id": "r"},
    ]


def test_removed_fault_strikes_no_more(planning: Planning) -> None:
    planned = planning.add(where="api", what="hang")
    assert planning.plan.remove(planned.number) is planned
    assert planning.plan.remove(planned.number) is None
    assert planning.call() == []
