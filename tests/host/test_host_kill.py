"""Instances killed from outside, as a machine that dies would do it."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import httpx
import pytest

from local.host.app import Host
from local.host.scf_runtime import FunctionFailure
from tests.host.hosted_functions import Functions, begin

WAITING = """
    import os, pathlib, time
    def main_handler(event, context):
        if event:
            pathlib.Path(f"busy-{os.getpid()}").touch()
            time.sleep(60)
        return os.getpid()
"""


@pytest.fixture
def functions(tmp_path: Path) -> Functions:
    functions = Functions(tmp_path)
    functions.write("waiting", WAITING)
    functions.write("other", WAITING)
    return functions


async def find_busy(functions: Functions, count: int) -> set[int]:
    """The process ids of the functions that wait, once they do."""
    while len(found := list(functions.root.glob("busy-*"))) < count:
        await asyncio.sleep(0.001)
    return {int(path.name.removeprefix("busy-")) for path in found}


async def make_idle(host: Host, name: str, count: int) -> list[int]:
    """So many idle instances; their process ids."""
    return [
        int(str(pid))
        for pid in await asyncio.gather(*(host.run(name, False, str(n)) for n in range(count)))
    ]


def test_busy_instance_that_is_killed_fails_its_run(functions: Functions) -> None:
    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        (idle,) = await make_idle(host, "other", 1)
        run = await begin(host, "waiting", True)
        busy = await find_busy(functions, 1)
        assert set(host.kill(busy=True)) == busy
        with pytest.raises(FunctionFailure) as caught:
            await run
        assert (caught.value.status, host.pids) == (439, [idle])

    functions.serve(talk)


def test_caller_of_a_killed_run_gets_5xx(functions: Functions) -> None:
    async def talk(client: httpx.AsyncClient, host: Host) -> None:
        request = asyncio.create_task(client.post("/functions/waiting", content="x"))
        await find_busy(functions, 1)
        assert host.kill("waiting")
        assert (await request).status_code == 500

    functions.serve(talk)


def test_idle_instance_that_is_killed_is_replaced_without_a_failure(
    functions: Functions,
) -> None:
    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        idle = await make_idle(host, "waiting", 3)
        assert set(host.kill(busy=False)) == set(idle)
        assert host.pids == []
        (replaced,) = await make_idle(host, "waiting", 1)
        assert host.pids == [replaced]
        assert replaced not in idle

    functions.serve(talk)


def test_instances_of_other_functions_live_on(functions: Functions) -> None:
    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        await make_idle(host, "waiting", 1)
        others = await make_idle(host, "other", 1)
        assert len(host.kill("waiting")) == 1
        assert host.kill("nobody") == []
        assert host.pids == others

    functions.serve(talk)


def test_one_victim_is_found_by_chance(functions: Functions) -> None:
    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        idle = await make_idle(host, "waiting", 4)
        chance = random.Random(1)  # noqa: S311  not a secret
        (victim,) = host.kill(one_of=chance)
        assert set(host.pids) == set(idle) - {victim}
        host.kill()
        assert host.kill(one_of=chance) == []

    functions.serve(talk)


def test_instance_killed_while_it_loads_fails_its_run(functions: Functions) -> None:
    functions.write(
        "loading",
        "import pathlib, time\npathlib.Path('busy-0').touch()\ntime.sleep(60)\n",
    )

    async def talk(_: httpx.AsyncClient, host: Host) -> None:
        run = await begin(host, "loading", {})
        await find_busy(functions, 1)
        assert len(host.kill("loading", busy=True)) == 1
        with pytest.raises(FunctionFailure) as caught:
            await run
        assert caught.value.status == 439

    functions.serve(talk)
