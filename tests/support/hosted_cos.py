"""Runs the COS endpoint alone in the test's own process, on a free loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from local.cloud.clock import Clock, SystemClock
from local.cloud.faults.documents import parse_fault
from local.cloud.faults.strikes import plan_faults
from local.cloud.feed import Entry, Feed
from local.cos.api import CosApi
from local.cos.config import CosConfig, Credentials
from local.cos.folder import FolderShelf
from local.cos.local_routes import CosRoutes
from local.cos.objects import MemoryShelf, Objects
from local.cos.running import find_domain
from local.development import COS_BUCKET, COS_REGION
from local.server import listen
from tests.support.emulator import NO_CAS, PATIENCE_S, PromptServer

Result = TypeVar("Result")

KEY = Credentials("IdOfTests", "KeyOfTests")
CONFIG = CosConfig(COS_REGION, COS_BUCKET, (KEY,))


@dataclass(frozen=True)
class RunningCos:
    """An endpoint that answers at `domain`; `http` asks it, and `/_local/cos` of the local cloud's port."""

    config: CosConfig
    domain: str
    objects: Objects
    http: httpx.Client
    clock: Clock
    _feed: Feed
    _add_fault: Callable[[object], object]
    _loop: asyncio.AbstractEventLoop

    @property
    def region(self) -> str:
        return self.config.region

    @property
    def bucket(self) -> str:
        return self.config.bucket

    @property
    def secret_id(self) -> str:
        return self.config.credentials[0].secret_id

    @property
    def secret_key(self) -> str:
        return self.config.credentials[0].secret_key

    @property
    def archive_url(self) -> str:
        """The ARCHIVE_URL that leads there."""
        return f"cos://{self.bucket}/transcripts?region={self.region}&endpoint=http://{self.domain}"

    def run(self, work: Callable[[], Result]) -> Result:
        """Do something on the endpoint's own loop."""

        async def do() -> Result:
            return work()

        return asyncio.run_coroutine_threadsafe(do(), self._loop).result(PATIENCE_S)

    def add_fault(self, **fault: object) -> None:
        """Plan a fault of COS, as `POST /_local/faults` does."""
        self.run(lambda: self._add_fault({"where": "cos", **fault}))

    def read_feed(self) -> list[Entry]:
        """What has happened, oldest first."""
        return self.run(self._feed.recent)

    def list_kinds(self) -> list[object]:
        """The kinds of what has happened, oldest first."""
        return [entry["kind"] for entry in self.read_feed()]


@contextlib.contextmanager
def running_cos(
    config: CosConfig = CONFIG, *, clock: Clock | None = None, folder: Path | None = None
) -> Iterator[RunningCos]:
    """The endpoint, serving until the end of the `with`; its objects are in memory, or in `folder`."""
    clock = clock or SystemClock()
    feed = Feed(clock.now_ms)
    plan, _ = plan_faults(clock, feed)
    objects = Objects(FolderShelf(folder) if folder else MemoryShelf(), config.max_bytes)
    with contextlib.closing(listen(0)) as listener:
        domain = find_domain(listener)
        api = CosApi(config, objects, clock, feed, plan)
        local = Starlette(routes=CosRoutes(config, objects, domain).routes)

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            await (local if scope["path"].startswith("/_local/") else api)(scope, receive, send)

        with (
            _serving(answer, listener) as loop,
            httpx.Client(
                base_url=f"http://{domain}", verify=NO_CAS, trust_env=False, timeout=PATIENCE_S
            ) as http,
        ):
            yield RunningCos(
                config,
                domain,
                objects,
                http,
                clock,
                feed,
                lambda fault: plan.add(parse_fault(fault, frozenset())),
                loop,
            )


@contextlib.contextmanager
def _serving(app: ASGIApp, listener: socket.socket) -> Iterator[asyncio.AbstractEventLoop]:
    started: queue.Queue[asyncio.AbstractEventLoop] = queue.Queue()
    config = uvicorn.Config(
        app, http="h11", lifespan="off", log_level="warning", access_log=False, server_header=False
    )
    server = PromptServer(config)

    async def serve() -> None:
        started.put(asyncio.get_running_loop())
        await server.serve([listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    loop = started.get(timeout=PATIENCE_S)
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(server.end)
        thread.join()
