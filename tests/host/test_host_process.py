"""One instance process, as the host's pool deals with it."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path

from local.cloud.clock import SystemClock
from local.host.catalogue import Served
from local.host.process import InstanceProcess, start_instance
from local.host.scf_runtime import DEFAULT_LIMITS, describe_environment


def test_instance_that_is_ready_before_anybody_waits_for_it_is_loaded(tmp_path: Path) -> None:
    """The host may be busy with others for longer than an import takes."""
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "quick.py").write_text("def main_handler(event, context):\n    return event\n")

    async def run() -> object:
        process = await start_quick(folder)
        while process._early is None:  # noqa: SLF001  what the host has not looked at yet
            await asyncio.sleep(0)
        await process.load()
        result = await process.run("event", {"request_id": "r"}, 5)
        await process.stop()
        return result

    assert asyncio.run(asyncio.wait_for(run(), 30)) == "event"


async def start_quick(folder: Path) -> InstanceProcess:
    environ = describe_environment("quick", functions_dir=folder, settings={}, extra={})
    served = Served("quick", folder.parent, environ, DEFAULT_LIMITS)
    start = functools.partial(start_instance, clock=SystemClock(), fell_asleep=lambda: None)
    return await start(served, log=lambda _line: None)
