"""Lets the rooms come: emulator, functions and ledger in real processes, in real time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette

from benchmarks.ledgers import running_ledger
from local.cloud.app import Cloud
from local.cloud.clock import Clock, SystemClock
from local.cloud.config import CloudConfig
from local.cloud.feed import Entry, Feed
from local.cloud.state import ANCHOR
from local.development import FUNCTIONS_DIR, SDK_APP_ID, local_environment
from local.host.app import Host, create_host
from local.host.routes import FunctionRoutes
from local.host.scf_api import ScfApi
from local.parts import load_wanted, running_cloud
from local.server import Site, serve
from local.up import CALLBACK_PATH, INTERRUPTED

ROOMS = 1_000
WITHIN_S = 1.0
STARTS_PER_S, LATENCY_MS, TASK_QUOTA = 20, 200, 2_000
LIMIT_S = ROOMS / STARTS_PER_S
# SCF has an instance for every request under way; here a few must do, and are warm when it begins,
# because this machine would start them one after the other.
INSTANCES = 12
PATIENCE_S = 2 * LIMIT_S
LOOK_EVERY_S = 0.05
STRING_ROOM = 1
STARTS = ["StartAITranscription", "CreateCloudTranscription"]


@dataclass
class History:
    """What happened: every entry of the feed, and the emulator's books."""

    created_ms: dict[str, int] = field(default_factory=dict)
    started_ms: dict[str, list[int]] = field(default_factory=dict)
    calls: list[Entry] = field(default_factory=list)
    deliveries: list[Entry] = field(default_factory=list)
    doubled_s: float = 0.0


class Record(Feed):
    """Keeps what is measured."""

    def __init__(self, now_ms: Callable[[], int], history: History) -> None:
        super().__init__(now_ms)
        self._now_ms, self._history = now_ms, history

    def publish(self, kind: str, **fields: object) -> None:
        """Sort it in."""
        history, room_id = self._history, str(fields.get("room_id"))
        if kind == "room.created":
            history.created_ms[room_id] = self._now_ms()
        elif kind == "task.started":
            history.started_ms.setdefault(room_id, []).append(self._now_ms())
        elif kind == "api.call":
            history.calls.append(fields)
        elif kind == "callback.delivered":
            history.deliveries.append(fields)


def play(engine: str) -> History:
    """Let them come, on "sqlite" or "redis", and wait until all have a task, or patience ends."""
    history = History()

    @contextlib.asynccontextmanager
    async def compose(url: str) -> AsyncIterator[Site]:
        with running_ledger(engine) as ledger_url:
            async with _running(url, ledger_url, history) as (cloud, host, app):

                async def work() -> int:
                    await _warm_up(host)
                    await _storm(cloud, app)
                    await _wait_for_all(history)
                    history.doubled_s = float(str(cloud.report()["doubled_s"]))
                    return 0

                yield Site(app, work)

    if serve(0, compose, interrupted=INTERRUPTED, quiet=True):
        raise KeyboardInterrupt
    return history


@contextlib.asynccontextmanager
async def _running(
    url: str, ledger_url: str, history: History
) -> AsyncIterator[tuple[Cloud, Host, Starlette]]:
    given = {
        "LEDGER_URL": ledger_url,
        "STARTS_PER_S_CLOUD": str(STARTS_PER_S),
        "TASK_QUOTA": str(TASK_QUOTA),
    }
    settings = local_environment(given, endpoint=url)
    config = CloudConfig.from_environ(
        settings, callback_url=url + CALLBACK_PATH, wanted=load_wanted(settings)
    )
    clock: Clock = SystemClock()
    feed = Record(clock.now_ms, history)
    host = create_host(FUNCTIONS_DIR, settings, feed=feed, clock=clock, max_instances=INSTANCES)
    host.start()
    try:
        async with running_cloud(config, clock, feed, [ScfApi(host)]) as cloud:
            yield cloud, host, Starlette(routes=[*cloud.routes, *FunctionRoutes(host).routes])
    finally:
        await host.close()


async def _warm_up(host: Host) -> None:
    runs = [host.run("trtc_callback", {}, f"warm-up-{number}") for number in range(INSTANCES)]
    await asyncio.gather(*runs)


async def _storm(cloud: Cloud, app: Starlette) -> None:
    """Create the rooms, evenly over the time; each tells the webhook of itself and of its creator."""
    fault = {"where": "api", "what": "latency", "ms": LATENCY_MS, "actions": STARTS}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        (await http.post("/_local/faults", json=fault)).raise_for_status()
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for number in range(ROOMS):
        cloud.rooms.create((SDK_APP_ID, f"room-{number:04}", STRING_ROOM), "amy", ANCHOR)
        early_s = began_s + WITHIN_S * (number + 1) / ROOMS - loop.time()
        if early_s > 0:  # who is late must not give way to what the others have set off
            await asyncio.sleep(early_s)


async def _wait_for_all(history: History) -> None:
    loop = asyncio.get_running_loop()
    give_up_s = loop.time() + PATIENCE_S
    while len(history.started_ms) < ROOMS and loop.time() < give_up_s:
        await asyncio.sleep(LOOK_EVERY_S)
