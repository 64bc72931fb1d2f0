"""A function host with real instance processes, and small functions written for each test."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
from starlette.applications import Starlette

from local.cloud.clock import Clock, ManualClock
from local.host.app import Host, create_host
from local.host.routes import FunctionRoutes
from local.host.scf_runtime import Limits
from local.time_travel import advance

Talk = Callable[[httpx.AsyncClient, Host], Awaitable[None]]


class Record:
    """A feed that keeps what it is given."""

    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []
        self.results: list[dict[str, object]] = []

    def publish(self, kind: str, **fields: object) -> None:
        if kind == "function.log":
            line = fields["line"]
            assert isinstance(line, dict)
            self.lines.append({"function": fields["function"], **line})
        else:
            assert kind == "function.result"
            self.results.append(fields)


class Functions:
    """A folder of functions, and a way to talk to them while they are hosted."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "functions"
        self.folder.mkdir()
        self.feed = Record()
        self.clock: Clock | None = None
        self.environ: dict[str, str] = {}

    def write(self, name: str, code: str) -> None:
        (self.folder / f"{name}.py").write_text(textwrap.dedent(code))

    def read(self, name: str) -> str:
        """A file that a function wrote."""
        return (self.root / name).read_text()

    def serve(self, talk: Talk, *, max_instances: int = 4, **limits: Limits) -> None:
        """Host them while `talk` runs; afterwards no instance is left."""

        async def run() -> None:
            host = create_host(
                self.folder,
                {"SOME_SETTING": "7"},
                feed=self.feed,
                max_instances=max_instances,
                limits=limits,
                clock=self.clock,
                environ=self.environ,
            )
            host.start()
            served = Starlette(routes=FunctionRoutes(host).routes)
            transport = httpx.ASGITransport(served, client=("127.0.0.1", 1))
            try:
                async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
                    await talk(client, host)
            finally:
                await host.close()
            assert host.pids == []

        asyncio.run(run())


async def begin(host: Host, name: str, event: object) -> asyncio.Task[object]:
    """Run a function beside the test; the host has the event when this returns."""
    run = asyncio.create_task(host.run(name, event, f"begun-{name}"))
    await asyncio.sleep(0)
    return run


async def pass_time(host: Host, clock: ManualClock, ms: int) -> None:
    """Move the clock on; whatever is due in the host happens at its time."""
    await advance(clock, ms, host.settle)
