"""Lets a plan happen: emulator, functions, ledger, bucket and event endpoints, on a clock moved by hand."""

from __future__ import annotations

import compileall
import contextlib
import json
import logging
import random
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import httpx
from starlette.applications import Starlette

from benchmarks.chaos.books import Bookkeeper
from benchmarks.chaos.history import CountingFeed, Delivered, History
from benchmarks.chaos.holding import OneHold
from benchmarks.chaos.leftovers import read_leftovers
from benchmarks.chaos.machines import REDIS_AWAY_MS, Machines, plan_losses
from benchmarks.chaos.people import People
from benchmarks.chaos.plan import Meeting
from benchmarks.chaos.positions import describe_applications, list_applications
from benchmarks.chaos.troubles import Fault
from local.bucket import Bucket
from local.cloud.clock import ManualClock
from local.cloud.config import CloudConfig
from local.cloud.faults.strikes import plan_faults
from local.cos.config import CosConfig, Credentials
from local.cos.running import running_cos
from local.development import (
    COS_BUCKET,
    COS_REGION,
    EVENTS_SECRET,
    FUNCTIONS_DIR,
    ROOT,
    SECRET_ID,
    SECRET_KEY,
    local_environment,
)
from local.host.app import create_host
from local.host.routes import FunctionRoutes
from local.host.scf_api import ScfApi
from local.host.scf_runtime import LIMITS, Limits
from local.parts import load_wanted, running_cloud
from local.receiver.receiver import PATH as RECEIVER
from local.receiver.receiver import Receiver
from local.redis_server import RedisServer
from local.server import Site, listen, serve
from local.time_travel import advance, settle_both
from local.up import CALLBACK_PATH, INTERRUPTED
from shared.ledger import Session, close_ledgers, open_ledger
from shared.room import Room as LedgerRoom

RULES = Path(__file__).with_name("rules.toml")
STEP_MS = 1_000
LONG_STEP_MS = 300_000  # once nothing happens any more but deliveries
TASK_QUOTA = 2_000
# The shorter a function may run, the less real time passes while the clock stands still.
CALLBACK_LIMITS = Limits(timeout_s=3, memory_mb=64)
INSTANCES = 4
SESSIONS_READ = 20
HOUR_MS = 3_600_000
LEDGER_KEEP_HOURS = 1  # so that sentences leave the ledger while it goes on
NEAR, FAR = "near", "far"  # the event endpoints; the far one is away from the beginning


@dataclass(frozen=True)
class Pace:
    """How often machines die (0: never), and how long all of it may heal, with nothing going wrong.

    `far_away_ms` is how long the far endpoint is away. After `aftermath_ms` no task may be left, after
    `deliveries_ms` more nothing to be delivered. `step_ms` None: time stops at every timer.
    """

    kill_every_ms: int = 8_000
    redis_every_ms: int = 20 * 60_000
    losses_every_ms: int = 18 * 60_000  # about; Redis is lost with all it had
    aftermath_ms: int = 6 * 60_000  # two checks of every task
    far_away_ms: int = 24 * HOUR_MS
    # The retries of an event come up to 31.6 h after it, the next ones after 51.6 h; and jitter.
    deliveries_ms: int = 37 * HOUR_MS
    step_ms: int | None = STEP_MS


def play(
    engine: str,
    meetings: list[Meeting],
    faults: list[Fault],
    seed: int,
    trace: Path | None = None,
    pace: Pace = Pace(),
    *,
    bots_are_told: bool = True,
    begin_ms: int | None = None,
) -> History:
    """Let the meetings happen with the faults, on "sqlite" or "redis"; what happened.

    `begin_ms` is when (since 1970), None for now.
    """
    history = History() if begin_ms is None else History(begin_ms=begin_ms)
    for folder in (FUNCTIONS_DIR, ROOT / "shared"):  # an instance that dies is one to start again
        compileall.compile_dir(str(folder), quiet=2)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of every pipe of the killed
    began_s = time.monotonic()

    @contextlib.asynccontextmanager
    async def compose(url: str) -> AsyncIterator[Site]:
        with _running_ledger(engine) as (ledger_url, redis), contextlib.closing(listen(0)) as cos:
            world = _World(
                url, ledger_url, redis, cos, history, seed, trace, pace, bots_are_told=bots_are_told
            )
            async with world.running() as app:
                accepted = Bookkeeper(app, history.told)
                yield Site(accepted, lambda: world.play(meetings, faults))

    if serve(0, compose, interrupted=INTERRUPTED, quiet=True):
        raise KeyboardInterrupt
    history.elapsed_s = time.monotonic() - began_s
    return history


class _World:
    """The local cloud on a manual clock, with an application for each position of the switches."""

    def __init__(
        self,
        url: str,
        ledger_url: str,
        redis: RedisServer | None,
        cos: socket.socket,
        history: History,
        seed: int,
        trace: Path | None,
        pace: Pace,
        *,
        bots_are_told: bool,
    ) -> None:
        self._pace = pace
        self._clock = ManualClock(history.begin_ms)
        self._feed = CountingFeed(self._clock.now_ms, history, trace)
        self._redis = redis
        self._cos = cos
        self._history = history
        self._seed = seed
        self._chance = random.Random(seed)  # noqa: S311  repeatable, not secret
        self._settings = local_environment(
            _describe_settings(ledger_url, url), endpoint=url, archive_url=Bucket(cos).archive_url
        )
        self._ledger_url = ledger_url
        self._config = CloudConfig.from_environ(
            self._settings, callback_url=url + CALLBACK_PATH, wanted=load_wanted(self._settings)
        )
        self._config = replace(
            self._config, applications=list_applications(), bots_are_told=bots_are_told
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Starlette]:
        """The world, between its start and its end."""
        self._host = create_host(
            FUNCTIONS_DIR,
            self._settings,
            feed=self._feed,
            clock=self._clock,
            max_instances=INSTANCES,
            limits={**LIMITS, "trtc_callback": CALLBACK_LIMITS},
        )
        self._host.start()
        faults = plan, _ = plan_faults(self._clock, self._feed)
        holding = OneHold(self._host.holding)
        receiver = Receiver(EVENTS_SECRET, self._clock, self._feed, plan, holding)
        cos = CosConfig(COS_REGION, COS_BUCKET, (Credentials(SECRET_ID, SECRET_KEY),))
        try:
            async with (
                running_cos(self._cos, cos, None, self._clock, self._feed, plan, holding) as bucket,
                running_cloud(
                    self._config, self._clock, self._feed, [ScfApi(self._host)], faults=faults
                ) as cloud,
            ):
                self._cloud = cloud
                functions = FunctionRoutes(self._host).routes
                routes = [*cloud.routes, *bucket, *receiver.routes, *functions]
                self._app = Starlette(routes=routes)
                yield self._app
        finally:
            await self._host.close()

    async def play(self, meetings: list[Meeting], faults: list[Fault]) -> int:
        """Let everything happen, then let it heal, and write down what is left."""
        history = self._history
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://local") as http:
            await self._plan_faults(http, faults)
            self._plan_people(meetings)
            self._plan_machines()
            await self._let_happen(http, meetings)
            history.faults = (await http.get("/_local/faults")).json()["faults"]
            await http.delete("/_local/faults")
            history.faults_end_ms = self._clock.now_ms()
            await self._plan_faults(http, [])
            await self._advance(self._pace.aftermath_ms, self._pace.step_ms)
            history.rooms_left = (await http.get("/_local/rooms")).json()["rooms"]
            history.report = self._cloud.report(intervals=True)
            history.end_ms = self._clock.now_ms()
            history.sessions = self._read_sessions(meetings)
            await self._advance(self._pace.deliveries_ms, LONG_STEP_MS)
            history.delivered = await self._read_leftovers(http, meetings)
        return 0

    async def _let_happen(self, http: httpx.AsyncClient, meetings: list[Meeting]) -> None:
        """Let the meetings happen, and the whole Redis be lost meanwhile; it comes back empty."""
        pace, redis, last_ms = self._pace, self._redis, max(one.end_ms for one in meetings)
        losses = plan_losses(self._seed, pace.losses_every_ms, last_ms, pace.redis_every_ms)
        for at_ms in (*(losses if redis and pace.kill_every_ms else ()), last_ms):
            left_ms = self._history.begin_ms + at_ms - self._clock.now_ms()
            await self._advance(left_ms, pace.step_ms)
            if redis and at_ms < last_ms:
                left = await self._read_leftovers(http, meetings)
                self._history.note_loss(self._clock.now_ms(), left)
                redis.lose()
                self._clock.call_at(self._clock.now_ms() + REDIS_AWAY_MS, redis.start)

    async def _plan_faults(self, http: httpx.AsyncClient, faults: list[Fault]) -> None:
        """These, and for as long as is left of its time, the far endpoint is away."""
        left_ms = self._history.begin_ms + self._pace.far_away_ms - self._clock.now_ms()
        away: Fault = {"where": "endpoint", "what": "away", "receiver": FAR, "for_ms": left_ms}
        answer = await http.post("/_local/faults", json=[*([away] if left_ms > 0 else []), *faults])
        answer.raise_for_status()

    def _plan_people(self, meetings: list[Meeting]) -> None:
        people = People(self._cloud.rooms, self._clock, self._host.invoke_async, self._history)
        self._feed.watchers.append(people.hear_result)
        for meeting in meetings:
            for step in meeting.steps:
                at_ms = self._history.begin_ms + step.at_ms
                self._clock.call_at(at_ms, partial(people.act, meeting, step))

    def _plan_machines(self) -> None:
        if not self._pace.kill_every_ms:
            return
        machines = Machines(self._host, self._clock, self._chance, self._history)
        self._feed.watchers.append(machines.strike_deliver)
        machines.plan_kill(self._pace.kill_every_ms)
        if self._redis:
            machines.plan_redis(self._redis, self._pace.redis_every_ms)

    async def _read_leftovers(self, http: httpx.AsyncClient, meetings: list[Meeting]) -> Delivered:
        sessions, now_ms = self._read_sessions(meetings), self._clock.now_ms()
        left = await read_leftovers(http, self._ledger_url, sessions, now_ms)
        close_ledgers()  # connections to a Redis that dies are of no use afterwards
        return left

    def _read_sessions(self, meetings: list[Meeting]) -> list[Session]:
        ledger = open_ledger(self._ledger_url)
        rooms = {(one.sdk_app_id, one.room_id, one.room_id_type): None for one in meetings}
        return [
            session
            for room in rooms
            for session in ledger.list_sessions(LedgerRoom(*room), SESSIONS_READ)
        ]

    async def _advance(self, ms: int, step_ms: int | None) -> None:
        await advance(self._clock, ms, partial(settle_both, self._cloud, self._host), step_ms)


@contextlib.contextmanager
def _running_ledger(engine: str) -> Iterator[tuple[str, RedisServer | None]]:
    with tempfile.TemporaryDirectory(prefix="roomscribe-chaos-") as folder:
        if engine == "sqlite":
            yield f"sqlite:///{folder}/ledger.db", None
            return
        with RedisServer(Path(folder)) as redis:
            yield redis.url, redis


def _describe_settings(ledger_url: str, url: str) -> dict[str, str]:
    return {
        "TRTC_APPS": json.dumps(describe_applications()),
        "LEDGER_URL": ledger_url,
        "LEDGER_KEEP_HOURS": str(LEDGER_KEEP_HOURS),
        "RULES_FILE": str(RULES),
        "TASK_QUOTA": str(TASK_QUOTA),
        "EVENTS_URL": f"{url}{RECEIVER}/{NEAR} {url}{RECEIVER}/{FAR}",
        "EVENTS_SECRET": EVENTS_SECRET,
        "EVENTS_ALLOW_PRIVATE": "true",
    }
