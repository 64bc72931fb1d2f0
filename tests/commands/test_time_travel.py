"""Moving a manual clock on: where it stops, and that what is set off there ends first."""

from __future__ import annotations

import asyncio

from local.cloud.clock import ManualClock
from local.time_travel import advance


def travel(clock: ManualClock, ms: int, step_ms: int | None = None) -> list[int]:
    """Advance; the times at which all was let come to its end."""
    stops: list[int] = []

    async def settle() -> None:
        stops.append(clock.now_ms())

    asyncio.run(advance(clock, ms, settle, step_ms))
    return stops


def test_stops_at_every_timer_and_at_the_end() -> None:
    clock, seen = ManualClock(0), list[int]()
    for when_ms in (300, 100, 100, 501):
        clock.call_at(when_ms, lambda: seen.append(clock.now_ms()))
    assert travel(clock, 500) == [0, 100, 300, 500]
    assert seen == [100, 100, 300]


def test_timer_that_is_cancelled_is_no_stop() -> None:
    clock = ManualClock(0)
    clock.call_at(100, lambda: None).cancel()
    assert travel(clock, 500) == [0, 500]


def test_what_a_stop_sets_off_is_done_before_the_clock_goes_on() -> None:
    clock, seen = ManualClock(0), list[tuple[str, int]]()

    async def run() -> None:
        tasks: list[asyncio.Task[None]] = []

        async def react() -> None:
            await asyncio.sleep(0)
            seen.append(("done", clock.now_ms()))
            clock.call_at(clock.now_ms() + 7, lambda: seen.append(("later", clock.now_ms())))

        async def settle() -> None:
            await asyncio.gather(*tasks)

        clock.call_at(10, lambda: tasks.append(asyncio.ensure_future(react())))
        clock.call_at(12, lambda: seen.append(("other", clock.now_ms())))
        await advance(clock, 100, settle)

    asyncio.run(run())
    assert seen == [("done", 10), ("other", 12), ("later", 17)]


def test_steps_take_the_timers_between_them_together() -> None:
    clock, seen = ManualClock(1000), list[int]()
    for when_ms in (1001, 1002, 1010, 1011, 1055):
        clock.call_at(when_ms, lambda: seen.append(clock.now_ms()))
    assert travel(clock, 52, step_ms=10) == [1000, 1010, 1020, 1052]
    assert seen == [1001, 1002, 1010, 1011]


def test_timer_that_is_overdue_runs_without_going_back() -> None:
    clock, seen = ManualClock(1000), list[int]()
    clock.call_at(500, lambda: seen.append(clock.now_ms()))
    assert travel(clock, 10) == [1000, 1000, 1010]
    assert seen == [1000]
