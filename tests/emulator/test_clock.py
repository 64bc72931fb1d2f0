"""The emulator's two clocks."""

import asyncio
import time

from local.cloud.clock import ManualClock, SystemClock


def test_manual_clock_runs_what_is_due_in_order_of_time() -> None:
    clock, seen = ManualClock(1000), list[tuple[str, int]]()
    clock.call_at(1300, lambda: seen.append(("later", clock.now_ms())))
    clock.call_at(1100, lambda: seen.append(("sooner", clock.now_ms())))
    clock.call_at(1100, lambda: seen.append(("second", clock.now_ms())))
    clock.call_at(1501, lambda: seen.append(("never", clock.now_ms())))
    clock.advance(500)
    assert seen == [("sooner", 1100), ("second", 1100), ("later", 1300)]
    assert clock.now_ms() == 1500


def test_manual_clock_runs_what_a_callback_adds() -> None:
    clock, seen = ManualClock(0), list[int]()

    def add_another() -> None:
        clock.call_at(20, lambda: seen.append(clock.now_ms()))

    clock.call_at(10, add_another)
    clock.advance(30)
    assert seen == [20]


def test_manual_clock_forgets_what_is_cancelled() -> None:
    clock, seen = ManualClock(0), list[int]()
    timer = clock.call_at(10, lambda: seen.append(1))
    timer.cancel()
    clock.advance(20)
    assert seen == []


def test_manual_clock_runs_the_overdue_without_going_back() -> None:
    clock, seen = ManualClock(100), list[int]()
    clock.call_at(50, lambda: seen.append(clock.now_ms()))
    clock.advance(0)
    assert seen == [100]


def test_manual_clock_knows_when_it_is_needed_next() -> None:
    clock = ManualClock(0)
    assert clock.next_ms() is None
    first = clock.call_at(10, lambda: None)
    clock.call_at(20, lambda: None)
    assert clock.next_ms() == 10
    first.cancel()
    assert clock.next_ms() == 20
    clock.advance(20)
    assert clock.next_ms() is None


def test_manual_clock_tells_of_each_movement_before_what_is_due_then() -> None:
    clock, seen = ManualClock(0), list[tuple[str, int]]()

    def watch() -> None:
        seen.append(("moved", clock.now_ms()))

    clock.watch(watch)
    for _ in range(2):
        clock.call_at(10, lambda: seen.append(("due", clock.now_ms())))
    clock.advance(15)
    clock.unwatch(watch)
    clock.advance(15)
    assert seen == [("moved", 10), ("due", 10), ("due", 10), ("moved", 15)]


def test_system_clock_is_unix_time_and_calls_back() -> None:
    async def wait() -> int:
        clock, done = SystemClock(), asyncio.Event()
        clock.call_at(clock.now_ms() + 5, done.set)
        started_ms = clock.now_ms()
        await asyncio.wait_for(done.wait(), 10)
        assert abs(clock.now_ms() - time.time() * 1000) < 1000
        return clock.now_ms() - started_ms

    assert asyncio.run(wait()) >= 4
