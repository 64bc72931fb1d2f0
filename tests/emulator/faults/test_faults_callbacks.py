"""Faults of callbacks: lost, repeated, late, in another order."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from local.cloud.clock import ManualClock
from tests.support.emulator import RunningCloud, answer_ok, running_cloud


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(clock=ManualClock(), callbacks=True) as running:
        yield running


def plan(cloud: RunningCloud, what: str, *events: int, **more: Any) -> None:
    cloud.add_fault(where="callback", what=what, events=list(events), **more)


def read_arrived(cloud: RunningCloud) -> list[int]:
    """The event types in the order in which the webhook saw them since the last time."""
    cloud.wait(cloud.cloud.settle())
    types = [one.event_type for one in cloud.webhook.received]
    cloud.webhook.received.clear()
    return types


def test_lost_callback_never_comes(cloud: RunningCloud) -> None:
    plan(cloud, "lose", 101)
    cloud.create("r")
    assert read_arrived(cloud) == [103]
    cloud.advance(120_000)
    assert read_arrived(cloud) == []


def test_duplicates_are_the_same_bytes_and_sign(cloud: RunningCloud) -> None:
    plan(cloud, "duplicate", 101, copies=3)
    cloud.create("r")
    created = [one for one in cloud.take_callbacks() if one.event_type == 101]
    assert len(created) == 4
    assert len({(one.body, one.headers["sign"]) for one in created}) == 1


def test_duplicates_are_under_way_at_the_same_time(cloud: RunningCloud) -> None:
    together = cloud.run(asyncio.Event)

    async def wait_for_all(request: Request) -> Response:
        if len(cloud.webhook.received) == 3:
            together.set()
        await together.wait()
        return await answer_ok(request)

    cloud.webhook.answer = wait_for_all
    plan(cloud, "duplicate", 101, copies=2)
    plan(cloud, "lose", 103)
    cloud.create("r")
    assert read_arrived(cloud) == [101, 101, 101]


def test_duplicate_may_come_later(cloud: RunningCloud) -> None:
    plan(cloud, "duplicate", 102, ms=20_000)
    cloud.create("r")
    cloud.act("r", "dismiss")
    assert read_arrived(cloud).count(102) == 1
    cloud.advance(19_999)
    assert read_arrived(cloud) == []
    cloud.advance(1)
    assert read_arrived(cloud) == [102]


def test_each_copy_is_repeated_until_it_is_delivered(cloud: RunningCloud) -> None:
    plan(cloud, "lose", 103)
    plan(cloud, "duplicate", 101)
    failed = []

    async def fail_twice(request: Request) -> Response:
        failed.append(request)
        return Response(status_code=503 if len(failed) <= 2 else 200)

    cloud.webhook.answer = fail_twice
    cloud.create("r")
    assert read_arrived(cloud) == [101] * 4


def test_late_callback_is_as_old_as_its_event(cloud: RunningCloud) -> None:
    plan(cloud, "delay", 101, ms=20_000)
    cloud.create("r")
    created_ms = cloud.cloud.clock.now_ms()
    assert read_arrived(cloud) == [103]
    cloud.advance(19_999)
    assert read_arrived(cloud) == []
    cloud.advance(1)
    (created,) = cloud.take_callbacks()
    assert (created.event_type, created.event["CallbackTs"]) == (101, created_ms)


def test_late_callback_has_its_whole_minute_of_retries(cloud: RunningCloud) -> None:
    async def fail(_request: Request) -> Response:
        return Response(status_code=503)

    plan(cloud, "lose", 103)
    plan(cloud, "delay", 101, ms=300_000)
    cloud.webhook.answer = fail
    cloud.create("r")
    cloud.advance(300_000)
    for _ in range(9):
        cloud.advance(10_000)
    assert read_arrived(cloud) == [101] * 8


def test_reordered_callback_waits_until_another_of_its_room_has_arrived(
    cloud: RunningCloud,
) -> None:
    plan(cloud, "reorder", 101, times=1)
    cloud.create("r")
    assert read_arrived(cloud) == [103, 101]


def test_reordered_callback_is_not_overtaken_by_another_room(cloud: RunningCloud) -> None:
    plan(cloud, "reorder", 104, ms=5_000)
    cloud.create("r")
    cloud.act("r", "enter", user_id="ben")
    read_arrived(cloud)
    cloud.act("r", "leave", user_id="ben")
    cloud.create("s")
    assert sorted(read_arrived(cloud)) == [101, 103]
    cloud.advance(4_999)
    assert read_arrived(cloud) == []
    cloud.advance(1)
    assert read_arrived(cloud) == [104]


def test_102_can_overtake_101(cloud: RunningCloud) -> None:
    plan(cloud, "reorder", 101)
    plan(cloud, "lose", 103, 104)
    cloud.create("r")
    assert read_arrived(cloud) == []
    cloud.act("r", "dismiss")
    assert read_arrived(cloud) == [102, 101]


def test_fault_of_a_room_leaves_others_alone(cloud: RunningCloud) -> None:
    plan(cloud, "lose", room="class-*")
    cloud.create("class-1")
    cloud.create("lobby")
    assert {one.info["RoomId"] for one in cloud.take_callbacks()} == {"lobby"}


def test_emulator_closes_while_callbacks_wait() -> None:
    with running_cloud(callbacks=True) as cloud:
        plan(cloud, "delay", 101, ms=1)
        plan(cloud, "reorder", 103)
        cloud.create("r")
        cloud.wait(cloud.cloud.close())
        assert [one.event_type for one in cloud.webhook.received] in ([], [101], [101, 103])


def test_webhook_that_hangs_while_time_stands_still_is_given_up_waiting_for() -> None:
    clock = ManualClock()
    with running_cloud(clock=clock, callbacks=True) as cloud:

        async def hang(request: Request) -> Response:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            return Response()

        cloud.webhook.answer = hang
        cloud.create("r")
        assert cloud.wait(cloud.cloud.settle(0.05)) is False
        cloud.webhook.answer = answer_ok
        cloud.run(lambda: clock.advance(5_000))
        assert cloud.wait(cloud.cloud.settle()) is True
