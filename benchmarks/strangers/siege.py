"""The functions on the local host, which stands for SCF's gateway; strangers, TRTC and its API beside it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import NamedTuple

from starlette.applications import Starlette

from benchmarks.cost.api import Api, running_api
from benchmarks.cost.contenders import FIRST_ROOM
from benchmarks.strangers.besieging import Crowd, allow_sockets, besiege
from benchmarks.strangers.calling_in import Answer, call_in
from local.cloud.clock import SystemClock
from local.cloud.feed import Feed
from local.cloud.strays import STRAY_HANDLERS
from local.development import FUNCTIONS_DIR, SDK_APP_ID, local_environment
from local.host.app import MAX_INSTANCES, Host, create_host
from local.host.routes import FunctionRoutes
from local.server import Site, serve
from local.up import INTERRUPTED
from shared.ledger import close_ledgers, open_ledger
from shared.room import NUMERIC_ROOM, Room

CALLBACKS = 20
REFUSALS = (401, 403)
BESIEGED = ("trtc_callback", "read_transcript")
signals: list[Event] = []  # a process's own: the strangers have begun, it is over


class Siege(NamedTuple):
    """What TRTC was answered, which of its rooms have a task, and what the strangers came to in `took_s`."""

    answers: Sequence[Answer]
    transcribed: set[int]
    statuses: Counter[int]
    took_s: float

    @property
    def refused(self) -> int:
        """How many bad requests were answered as they deserve."""
        return sum(self.statuses[status] for status in REFUSALS)

    @property
    def not_refused(self) -> int:
        """How many were answered otherwise."""
        return self.statuses.total() - self.refused


def besiege_functions(ledger_url: str, crowd: Crowd, callbacks: int) -> Siege:
    """Let the strangers come, and TRTC tell of that many rooms meanwhile."""
    rooms = range(FIRST_ROOM, FIRST_ROOM + callbacks)
    sieges: list[tuple[list[Answer], Counter[int], float]] = []
    allow_sockets(4 * crowd.size)

    @contextlib.asynccontextmanager
    async def compose(url: str) -> AsyncIterator[Site]:
        port = int(url.rpartition(":")[2])
        async with _running_host(ledger_url, api) as host:

            async def work() -> int:
                with _running_outside() as outside:
                    sieges.append(await _besiege(outside, host, port, crowd, rooms))
                return 0

            routes = FunctionRoutes(host).routes
            yield Site(Starlette(routes=routes, exception_handlers=STRAY_HANDLERS), work)

    with (
        tempfile.TemporaryDirectory(prefix="roomscribe-strangers-") as folder,
        running_api(Path(folder)) as api,
    ):
        if serve(0, compose, interrupted=INTERRUPTED, quiet=True):
            raise KeyboardInterrupt
    answers, statuses, took_s = sieges[0]
    return Siege(answers, set(_list_transcribed(ledger_url, rooms)), statuses, took_s)


@contextlib.contextmanager
def _running_outside() -> Iterator[ProcessPoolExecutor]:
    """Two processes, for the strangers and for TRTC: what they do must not take the host's time."""
    spawn = multiprocessing.get_context("spawn")
    given = (spawn.Event(), spawn.Event())
    with ProcessPoolExecutor(2, spawn, initializer=join, initargs=given) as outside:
        yield outside


def join(begun: Event, over: Event) -> None:
    """What such a process does first."""
    signals[:] = [begun, over]


def send_strangers(port: int, crowd: Crowd) -> Counter[int]:
    """The strangers' part."""
    return besiege(port, crowd, *signals)


def send_callbacks(port: int, rooms: Sequence[int]) -> list[Answer]:
    """TRTC's part."""
    return call_in(port, rooms, *signals)


@contextlib.asynccontextmanager
async def _running_host(ledger_url: str, api: Api) -> AsyncIterator[Host]:
    given = {"LEDGER_URL": ledger_url, "TRTC_CA": str(api.certificate)}
    environ = local_environment(given, endpoint=f"https://{api.host}")
    clock = SystemClock()
    host = create_host(FUNCTIONS_DIR, environ, feed=Feed(clock.now_ms), clock=clock)
    try:
        yield host
    finally:
        await host.close()


async def _besiege(
    outside: ProcessPoolExecutor, host: Host, port: int, crowd: Crowd, rooms: Sequence[int]
) -> tuple[list[Answer], Counter[int], float]:
    await asyncio.gather(
        *(host.run(name, {}, "warm-up") for name in BESIEGED for _ in range(MAX_INSTANCES))
    )
    loop = asyncio.get_running_loop()
    began_s = time.perf_counter()
    answers, statuses = await asyncio.gather(
        loop.run_in_executor(outside, send_callbacks, port, rooms),
        loop.run_in_executor(outside, send_strangers, port, crowd),
    )
    return answers, statuses, time.perf_counter() - began_s


def _list_transcribed(ledger_url: str, rooms: Sequence[int]) -> Iterator[int]:
    """The rooms of which the ledger has a task that runs."""
    ledger = open_ledger(ledger_url)
    for room_id in rooms:
        book = ledger.read(Room(SDK_APP_ID, str(room_id), NUMERIC_ROOM))
        if any(task.task_id for session in book.sessions for task in session.tasks.values()):
            yield room_id
    close_ledgers()
