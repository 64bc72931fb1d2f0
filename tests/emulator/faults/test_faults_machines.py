"""Instances that are killed and Redis that is restarted, at the step that was asked for."""

import time
from dataclasses import replace
from typing import Any

import pytest

from local.cloud.clock import ManualClock
from tests.support.emulator import CONFIG, RunningCloud, running_cloud


class Machines:
    """Notes what it is told to do, and how many tasks there were then."""

    def __init__(self) -> None:
        self.done: list[tuple[str, object, int]] = []
        self.cloud: RunningCloud | None = None

    def kill_instances(self, function: str | None) -> None:
        self.done.append(("kill", function, self._count_tasks()))

    async def restart_redis(self, ms: int) -> None:
        self.done.append(("restart", ms, self._count_tasks()))

    def _count_tasks(self) -> int:
        feed = self.cloud.cloud.feed.recent() if self.cloud else []
        return sum(entry["kind"] == "task.started" for entry in feed)


def run_with_machines(machines: Machines, **options: Any) -> Any:
    """An emulator that has something to kill and to restart."""
    return running_cloud(
        replace(CONFIG, preparing_ms=0, idle_ms=0),
        clock=ManualClock(),
        kill_instances=machines.kill_instances,
        restart_redis=machines.restart_redis,
        **options,
    )


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"where": "instance", "what": "kill"}, "no function instances"),
        ({"where": "redis", "what": "restart"}, "no Redis"),
    ],
)
def test_what_is_not_there_cannot_be_struck(fault: dict[str, object], sentence: str) -> None:
    with running_cloud() as cloud:
        answer = cloud.http.post("/_local/faults", json=fault)
        assert answer.status_code == 409
        assert sentence in answer.json()["error"]
        assert cloud.list_faults() == []


def test_now_is_at_once_and_once() -> None:
    machines = Machines()
    with run_with_machines(machines) as cloud:
        kill = cloud.add_fault(where="instance", what="kill", function="trtc_callback")
        restart = cloud.add_fault(where="redis", what="restart", ms=2000)
        cloud.start_cloud()
    assert machines.done == [("kill", "trtc_callback", 0), ("restart", 2000, 0)]
    assert (kill["struck"], restart["struck"]) == (1, 1)


@pytest.mark.parametrize(("step", "tasks"), [("call", 0), ("effect", 1)])
def test_call_is_struck_before_or_after_its_effect(step: str, tasks: int) -> None:
    machines = Machines()
    with run_with_machines(machines) as cloud:
        machines.cloud = cloud
        cloud.add_fault(
            where="instance", what="kill", step=step, actions=["CreateCloudTranscription"]
        )
        cloud.start_ai("1", "a")
        task_id = cloud.start_cloud()["TaskId"]
        assert cloud.describe_cloud(task_id)["Status"] == "InProgress"
    assert machines.done == [("kill", None, 1 + tasks)]


def test_event_is_struck_once_the_webhook_has_it() -> None:
    machines = Machines()
    with run_with_machines(machines, callbacks=True) as cloud:
        cloud.add_fault(where="instance", what="kill", step="event", events=[101], times=1)
        cloud.add_fault(where="redis", what="restart", step="event", events=[102])
        cloud.create("r")
        cloud.create("s")
        cloud.take_callbacks()
        assert [what for what, *_ in machines.done] == ["kill"]
        cloud.act("r", "dismiss")
        cloud.take_callbacks()
        assert [what for what, *_ in machines.done] == ["kill", "restart"]


def test_kill_may_wait_a_little_for_the_instance_to_be_at_it() -> None:
    machines = Machines()
    with run_with_machines(machines) as cloud:
        cloud.add_fault(where="instance", what="kill", step="effect", ms=30)
        cloud.start_cloud()
        deadline_s = time.monotonic() + 10
        while not machines.done:
            assert time.monotonic() < deadline_s
    assert machines.done[0][0] == "kill"


def test_kill_that_still_waits_is_forgotten_at_the_end() -> None:
    machines = Machines()
    with run_with_machines(machines) as cloud:
        cloud.add_fault(where="instance", what="kill", ms=60_000)
    assert machines.done == []
