"""The host beside the emulator, with real instance processes: functions of a test, or Roomscribe's own."""

from __future__ import annotations

import contextlib
import functools
import textwrap
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from local.cloud.app import Cloud
from local.cloud.clock import Clock, ManualClock
from local.cloud.config import CloudConfig
from local.cloud.feed import Entry, Feed
from local.development import FUNCTIONS_DIR, ROOT, local_environment
from local.host.app import Host, create_host
from local.host.routes import FunctionRoutes
from local.host.scf_api import ScfApi
from local.parts import make_restart, running_cloud
from local.redis_server import RedisServer
from local.server import Site, serve
from local.time_travel import ClockRoutes, advance, settle_both
from shared.ledger import RoomBook, close_ledgers, open_ledger
from shared.room import Room
from tests.support.emulator import APPLICATION, CONFIG, SDK_APP_ID, SECRET_ID, SECRET_KEY
from tests.support.redis_servers import PATIENCE

START_MS = 1_700_000_000_000
STARTS = ("StartAITranscription", "CreateCloudTranscription")
SETTINGS = {
    "TRTC_SDK_APP_ID": str(SDK_APP_ID),
    "TRTC_SDK_SECRET_KEY": APPLICATION.secret_key,
    "TRTC_CALLBACK_KEY": APPLICATION.callback_key,
    "TENCENT_SECRET_ID": SECRET_ID,
    "TENCENT_SECRET_KEY": SECRET_KEY,
}


class Memory(Feed):
    """A feed that forgets nothing."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__(now_ms)
        self.entries: list[Entry] = []

    def publish(self, kind: str, **fields: object) -> None:
        super().publish(kind, **fields)
        self.entries += self.recent()[-1:]


@dataclass
class CloudAndHost:
    """Both, served at `url`."""

    url: str
    clock: Clock
    feed: Memory
    cloud: Cloud
    host: Host
    http: httpx.AsyncClient
    ledger_url: str = ""
    settings: dict[str, str] = field(default_factory=dict)  # of instances that start from now on

    def list_entries(self, kind: str) -> list[Entry]:
        """What the feed had of a kind."""
        return [entry for entry in self.feed.entries if entry["kind"] == kind]

    def list_lines(self, message: str) -> list[dict[str, Any]]:
        """The log lines with that message."""
        lines = [entry["line"] for entry in self.list_entries("function.log")]
        return [line for line in lines if isinstance(line, dict) and line["message"] == message]

    def list_starts(self) -> list[Entry]:
        """The API calls that asked for a task."""
        return [entry for entry in self.list_entries("api.call") if entry["action"] in STARTS]

    def count_tasks_started(self) -> Counter[str]:
        """How many tasks each room ever had."""
        return Counter(str(entry["room_id"]) for entry in self.list_entries("task.started"))

    async def create_room(self, room_id: str = "r") -> None:
        """A room with Amy in it, whose callbacks are then on their way."""
        room = {"room_id": room_id, "user_id": "amy", "room_id_type": 1}
        (await self.http.post("/_local/rooms", json=room)).raise_for_status()

    async def act(self, room_id: str, verb: str, **arguments: object) -> None:
        """Something that people do in a room."""
        answer = await self.http.post(f"/_local/rooms/{room_id}/{verb}", json=arguments)
        answer.raise_for_status()

    async def plan(self, **fault: object) -> None:
        """Add a fault."""
        (await self.http.post("/_local/faults", json=fault)).raise_for_status()

    async def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        (await self.http.delete("/_local/faults")).raise_for_status()

    async def invoke(self, function: str, **event: object) -> dict[str, Any]:
        """Run a function as a person at the console does."""
        answer = await self.http.post(f"/_local/invoke/{function}", json=event)
        result = answer.raise_for_status().json()
        assert isinstance(result, dict)
        return result

    async def deploy(self, **settings: str) -> None:
        """Give the functions other settings, as a new deployment does."""
        self.settings.update(settings)
        for name in self.host.list_functions():
            await self.host.renew(name)

    async def list_tasks(self) -> dict[str, list[str]]:
        """The ids of the tasks that run, of every room that has one."""
        rooms = (await self.http.get("/_local/rooms")).json()["rooms"]
        tasks = {room["room_id"]: [task["task_id"] for task in room["tasks"]] for room in rooms}
        return {room_id: ids for room_id, ids in tasks.items() if ids}

    async def pass_time(self, ms: int) -> None:
        """Move a manual clock on, stopping wherever something is due."""
        assert isinstance(self.clock, ManualClock)
        await advance(self.clock, ms, functools.partial(settle_both, self.cloud, self.host))

    def read_seconds(self) -> dict[str, object]:
        """What the emulator's books say."""
        report = self.cloud.report()
        return {name: report[f"{name}_s"] for name in ("missing", "doubled", "orphaned")}

    def read_book(self, room_id: str) -> RoomBook:
        """What the ledger says of a room."""
        try:
            return open_ledger(self.ledger_url).read(Room(SDK_APP_ID, room_id, 1))
        finally:
            close_ledgers()


def find_most_in_a_second(starts: list[Entry]) -> int:
    """How many calls the API had at most in any 1,000 ms, those it throttled included."""
    times_ms = [int(str(call["at_ms"])) for call in starts]
    return max(sum(0 <= later - first < 1000 for later in times_ms) for first in times_ms)


Act = Callable[[CloudAndHost], Awaitable[None]]


@dataclass
class HostedCloud:
    """Serves a folder of functions beside an emulator that calls `trtc_callback`."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    config: CloudConfig = CONFIG
    clock: Clock = field(default_factory=lambda: ManualClock(START_MS))
    redis: RedisServer | None = None
    instances: int = 2

    def write(self, name: str, code: str) -> None:
        """A function."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / f"{name}.py").write_text(textwrap.dedent(code))

    def play(self, act: Act) -> None:
        """Let something happen while everything runs; afterwards no instance is left."""

        @contextlib.asynccontextmanager
        async def compose(url: str) -> AsyncIterator[Site]:
            async with self._setting(url) as stage:

                async def work() -> int:
                    await act(stage)
                    return 0

                settle = functools.partial(settle_both, stage.cloud, stage.host)
                clock_routes = ClockRoutes(stage.clock, settle).routes
                function_routes = FunctionRoutes(stage.host).routes
                app = Starlette(routes=[*clock_routes, *stage.cloud.routes, *function_routes])
                yield Site(app, work)

        assert serve(0, compose, quiet=True) == 0

    @contextlib.asynccontextmanager
    async def _setting(self, url: str) -> AsyncIterator[CloudAndHost]:
        feed = Memory(self.clock.now_ms)
        settings = {"URL": url, "TRTC_ENDPOINT": url, "INVOKE_ENDPOINT": url, **self.settings}
        host = create_host(
            self.folder,
            settings,
            feed=feed,
            clock=self.clock,
            max_instances=self.instances,
        )
        config = replace(self.config, callback_url=f"{url}/functions/trtc_callback")
        host.start()
        try:
            async with (
                running_cloud(
                    config,
                    self.clock,
                    feed,
                    [ScfApi(host)],
                    kill_instances=lambda name: host.kill(name, busy=True),
                    restart_redis=make_restart(self.redis) if self.redis else None,
                ) as cloud,
                httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
            ):
                ledger_url = self.settings.get("LEDGER_URL", "")
                yield CloudAndHost(url, self.clock, feed, cloud, host, http, ledger_url, settings)
        finally:
            await host.close()


def open_house(ledger_url: str, rules_file: Path, **settings: str) -> HostedCloud:
    """Roomscribe's own functions; settings with limits of the API hold for the emulator, too.

    They are patient with Redis; with PYTHONPATH="" as patient as they really are.
    """
    given = {**SETTINGS, "LEDGER_URL": ledger_url, "RULES_FILE": str(rules_file), **settings}
    environ = local_environment(given, endpoint="http://unused")
    del environ["TRTC_ENDPOINT"], environ["INVOKE_ENDPOINT"]
    if settings.get("PYTHONPATH") is None and ledger_url.startswith("redis:"):
        environ["PYTHONPATH"] = f"{FUNCTIONS_DIR}:{ROOT}:{PATIENCE}"
    return HostedCloud(FUNCTIONS_DIR, environ, CloudConfig.from_environ(environ))
