"""Functions that live on a clock moved by hand: hours pass in them while a test waits for no second."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from local.cloud.clock import ManualClock
from local.host.app import Host
from local.host.scf_runtime import FunctionFailure, Limits
from tests.host.hosted_functions import Functions, begin, pass_time

START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START_MS)


@pytest.fixture
def functions(tmp_path: Path, clock: ManualClock) -> Functions:
    functions = Functions(tmp_path)
    functions.clock = clock
    return functions


NOW = """
    import time
    loaded_ns = time.time_ns()
    def main_handler(event, context):
        return [loaded_ns // 1_000_000, time.time_ns() // 1_000_000, time.time()]
"""


def test_time_in_a_function_is_what_the_clock_says(
    functions: Functions, clock: ManualClock
) -> None:
    functions.write("now", NOW)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        assert await host.run("now", {}, "1") == [START_MS, START_MS, START_MS / 1000]
        clock.advance(HOUR_MS)
        later_ms = START_MS + HOUR_MS
        assert await host.run("now", {}, "2") == [START_MS, later_ms, later_ms / 1000]

    functions.serve(talk)


def test_time_is_real_without_a_manual_clock(functions: Functions) -> None:
    functions.clock = None
    functions.write(
        "kind",
        "import time\nmain_handler = lambda event, context: [str(time.time), str(time.sleep)]\n",
    )

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        assert str(await host.run("kind", {}, "1")).count("built-in function") == 2

    functions.serve(talk)


SLEEPING = """
    import time
    def main_handler(event, context):
        for seconds in event:
            time.sleep(seconds)
        return time.time_ns() // 1_000_000
"""


def test_sleep_lasts_until_the_clock_says_so(functions: Functions, clock: ManualClock) -> None:
    functions.write("sleeping", SLEEPING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        run = await begin(host, "sleeping", [10, 0.0001, 0, 20.5])
        await pass_time(host, clock, 30_500)
        assert not run.done()
        await pass_time(host, clock, 1)
        assert await run == START_MS + 30_501

    functions.serve(talk, sleeping=Limits(60, 64))


def test_sleeper_wakes_at_its_time_however_far_the_clock_jumps(
    functions: Functions, clock: ManualClock
) -> None:
    functions.write("sleeping", SLEEPING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        run = await begin(host, "sleeping", [1, 2, 3])
        await pass_time(host, clock, HOUR_MS)
        assert await run == START_MS + 6000

    functions.serve(talk)


def test_negative_sleep_is_refused_as_ever(functions: Functions) -> None:
    functions.write("sleeping", SLEEPING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        with pytest.raises(FunctionFailure) as caught:
            await host.run("sleeping", [-1], "1")
        assert "ValueError" in caught.value.stack_trace

    functions.serve(talk)


def test_running_function_sees_the_clock_move(functions: Functions, clock: ManualClock) -> None:
    functions.write(
        "watching",
        """
        import pathlib, time
        def main_handler(event, context):
            begun = time.time()
            pathlib.Path(event).touch()
            while time.time() == begun:
                pass
            return time.time() - begun
        """,
    )
    begun = functions.root / "begun"

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        run = await begin(host, "watching", str(begun))
        while not begun.exists():
            await asyncio.sleep(0)
        clock.advance(5000)
        assert await run == 5

    functions.serve(talk)


def test_time_limit_is_one_of_the_clock(functions: Functions, clock: ManualClock) -> None:
    functions.write("sleeping", SLEEPING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        run = await begin(host, "sleeping", [61])
        await pass_time(host, clock, 59_999)
        assert not run.done()
        await pass_time(host, clock, 1)
        with pytest.raises(FunctionFailure) as caught:
            await run
        assert (caught.value.status, host.pids) == (433, [])

    functions.serve(talk, sleeping=Limits(60, 64))


@pytest.mark.slow
def test_function_that_hangs_is_ended_although_the_clock_stands_still(
    functions: Functions,
) -> None:
    functions.write(
        "hanging",
        "import threading\ndef main_handler(event, context):\n    threading.Event().wait()\n",
    )

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        with pytest.raises(FunctionFailure) as caught:
            await host.run("hanging", {}, "1")
        assert caught.value.status == 433

    functions.serve(talk, hanging=Limits(1, 64))


ASKS = """
import socket

def main_handler(event, context):
    with socket.create_connection(("127.0.0.1", event)) as connection:
        connection.recv(1)
"""
POOLED = """
    import time
    from concurrent.futures import ThreadPoolExecutor
    def work(seconds):
        time.sleep(seconds)
        return time.time_ns() // 1_000_000
    def main_handler(event, context):
        with ThreadPoolExecutor(10) as pool:
            return list(pool.map(work, event))
"""


def test_threads_sleep_by_the_clock_too(functions: Functions, clock: ManualClock) -> None:
    functions.write("pooled", POOLED)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        run = await begin(host, "pooled", [3, 1, 2, 1])
        await pass_time(host, clock, 10_000)
        assert await run == [START_MS + 1000 * seconds for seconds in (3, 1, 2, 1)]

    functions.serve(talk)


def test_clock_waits_for_a_thread_at_work_while_others_sleep(
    functions: Functions, clock: ManualClock
) -> None:
    functions.write(
        "mixed",
        """
        import socket, threading, time
        def main_handler(event, context):
            seen = []
            def work():
                with socket.create_connection(("127.0.0.1", event)) as connection:
                    connection.recv(1)
                seen.append(time.time_ns() // 1_000_000)
            thread = threading.Thread(target=work)
            thread.start()
            time.sleep(1)
            thread.join()
            return seen
        """,
    )
    asked = asyncio.Event()
    answer = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await answer.wait()
        writer.close()

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            run = await begin(host, "mixed", port)
            moving = asyncio.create_task(pass_time(host, clock, HOUR_MS))
            await asked.wait()
            await asyncio.wait({moving}, timeout=0.05)
            assert (clock.now_ms(), moving.done()) == (START_MS, False)
            answer.set()
            await moving
            assert await run == [START_MS]

    functions.serve(talk)


def test_clock_goes_on_while_a_server_holds_a_function_back(
    functions: Functions, clock: ManualClock
) -> None:
    functions.write("asks", ASKS)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        over = asyncio.Event()

        async def be_slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            clock.call_at(START_MS + 5_000, over.set)
            with host.holding():
                await over.wait()
            writer.close()

        async with await asyncio.start_server(be_slow, "127.0.0.1", 0) as server:
            run = await begin(host, "asks", server.sockets[0].getsockname()[1])
            await pass_time(host, clock, 5_000)
            await run
            assert (clock.now_ms(), over.is_set()) == (START_MS + 5_000, True)

    functions.serve(talk)


def test_settle_waits_for_what_runs_and_not_for_what_sleeps(
    functions: Functions, clock: ManualClock
) -> None:
    functions.write("now", NOW)
    functions.write("sleeping", SLEEPING)

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        runs = [await begin(host, "now", {}) for _ in range(6)]
        sleeps = [await begin(host, "sleeping", [1]) for _ in range(3)]
        assert not host.is_quiet
        await host.settle()
        assert host.is_quiet
        assert all(run.done() for run in runs)
        assert not any(sleep.done() for sleep in sleeps)
        await pass_time(host, clock, 2000)
        # The third waited for an instance, while both slept.
        ended = sorted(int(str(sleep.result())) - START_MS for sleep in sleeps)
        assert ended == [1000, 1000, 2000]

    functions.serve(talk, max_instances=2)


def test_thread_that_outlives_its_run_sleeps_on(functions: Functions, clock: ManualClock) -> None:
    functions.write(
        "lingering",
        """
        import threading, time
        seen = []
        def work():
            time.sleep(5)
            seen.append(time.time_ns() // 1_000_000)
        def main_handler(event, context):
            if event:
                threading.Thread(target=work, daemon=True).start()
            return seen
        """,
    )

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        assert await host.run("lingering", True, "1") == []
        while clock.next_ms() is None:  # until it has said that it sleeps
            await asyncio.sleep(0.001)
        assert await host.run("lingering", False, "2") == []
        clock.advance(5000)
        seen: object = []
        while not seen:
            seen = await host.run("lingering", False, "3")
        assert seen == [START_MS + 5000]

    functions.serve(talk)
