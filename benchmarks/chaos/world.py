"""Lets a plan happen: emulator, functions and ledger, on a clock that makes hours pass in minutes."""

from __future__ import annotations

import compileall
import contextlib
import json
import logging
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import httpx
from starlette.applications import Starlette

from benchmarks.chaos.plan import Meeting, Step
from benchmarks.chaos.troubles import Fault
from local.cloud.clock import ManualClock
from local.cloud.config import Application, CloudConfig, SameBot, StartNeeds
from local.cloud.errors import RefusedError
from local.cloud.feed import Feed
from local.cloud.state import ANCHOR, AUDIENCE, Room
from local.development import (
    CALLBACK_KEY,
    FUNCTIONS_DIR,
    ROOT,
    SDK_APP_ID,
    SDK_SECRET_KEY,
    local_environment,
)
from local.host.app import create_host
from local.host.routes import FunctionRoutes
from local.host.scf_api import ScfApi
from local.host.scf_runtime import LIMITS, Limits
from local.parts import load_wanted, running_cloud
from local.redis_server import RedisServer
from local.server import Site, serve
from local.time_travel import advance, settle_both
from local.up import CALLBACK_PATH, INTERRUPTED
from shared.ledger import Session, close_ledgers, open_ledger
from shared.room import Room as LedgerRoom

RULES = Path(__file__).with_name("rules.toml")
STEP_MS = 1_000
REDIS_AWAY_MS = 4_000
TASK_QUOTA = 2_000
# The shorter a function may run, the less real time passes while the clock stands still.
CALLBACK_LIMITS = Limits(timeout_s=3, memory_mb=64)
INSTANCES = 4
SESSIONS_READ = 20


@dataclass(frozen=True)
class Pace:
    """How often machines die, and how long all of it may heal in the end, with nothing going wrong."""

    kill_every_ms: int = 8_000
    redis_every_ms: int = 20 * 60_000
    aftermath_ms: int = 6 * 60_000  # two checks of every task


@dataclass(frozen=True)
class Position:
    """An application, and how the switches stand in it."""

    sdk_app_id: int
    same_bot: SameBot
    bots_hold_rooms: bool
    start_needs: StartNeeds = "nothing"
    dismissal_ends_tasks: bool = True
    lookup_lag_ms: int = 0

    @property
    def name(self) -> str:
        """In a table."""
        words = [
            self.same_bot,
            *(["bots hold rooms"] if self.bots_hold_rooms else []),
            *([f"a start needs {self.start_needs}"] if self.start_needs != "nothing" else []),
            *([] if self.dismissal_ends_tasks else ["tasks outlive dismissals"]),
            *([f"found after {self.lookup_lag_ms // 1000} s"] if self.lookup_lag_ms else []),
        ]
        return ", ".join(words)


_SAME_BOT = tuple(
    Position(SDK_APP_ID + 2 * number + holding, same_bot, bool(holding))
    for number, same_bot in enumerate(get_args(SameBot))
    for holding in (0, 1)
)
_NEXT = SDK_APP_ID + len(_SAME_BOT)
POSITIONS = (
    *_SAME_BOT,
    Position(_NEXT, "replace", False, start_needs="anchor", lookup_lag_ms=10_000),
    Position(_NEXT + 1, "replace", False, start_needs="room", dismissal_ends_tasks=False),
)


@dataclass
class History:
    """What happened, for the verdict."""

    report: dict[str, Any] = field(default_factory=dict)  # JSON of the emulator, as the next three
    faults: list[dict[str, Any]] = field(default_factory=list)
    strikes: list[dict[str, Any]] = field(
        default_factory=list
    )  # on API calls; webhooks lost for good
    sessions: list[Session] = field(default_factory=list)
    rooms_left: list[dict[str, Any]] = field(default_factory=list)
    logs: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    refused: int = 0
    redis_away_ms: list[int] = field(default_factory=list)
    begin_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    end_ms: int = 0
    faults_end_ms: int = 0
    elapsed_s: float = 0.0


class CountingFeed(Feed):
    """Counts log lines and API calls, because nobody follows the feed."""

    def __init__(self, now_ms: Callable[[], int], history: History, trace: Path | None) -> None:
        super().__init__(now_ms)
        self._history = history
        self._clock_ms = now_ms
        self._trace = trace.open("w", encoding="utf-8") if trace else None
        self.publish("chaos.begins")

    def publish(self, kind: str, **fields: object) -> None:
        """Count it; write it down when somebody wants a trace."""
        if kind == "fault.struck" and (fields["what"] == "lose" or fields["where"] == "api"):
            self._history.strikes.append({"at_ms": self._clock_ms(), **fields})
        elif kind == "api.call":
            _count(self._history.calls, f"{fields['action']} {fields['outcome']}")
        elif kind == "function.log":
            line = fields["line"]
            if isinstance(line, dict):
                outcome = line.get("outcome") or line.get("error_code") or ""
                _count(self._history.logs, f"{line.get('message')} {outcome}".strip())
        if self._trace:
            entry = {"at_ms": self._clock_ms(), "kind": kind, **fields}
            self._trace.write(json.dumps(entry) + "\n")


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def play(
    engine: str,
    meetings: list[Meeting],
    faults: list[Fault],
    seed: int,
    trace: Path | None = None,
    pace: Pace = Pace(),
    *,
    bots_are_told: bool = True,
) -> History:
    """Let the meetings happen with the faults, on "sqlite" or "redis"; what happened."""
    history = History()
    for folder in (FUNCTIONS_DIR, ROOT / "shared"):  # an instance that dies is one to start again
        compileall.compile_dir(str(folder), quiet=2)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of every pipe of the killed
    began_s = time.monotonic()

    @contextlib.asynccontextmanager
    async def compose(url: str) -> AsyncIterator[Site]:
        with _running_ledger(engine) as (ledger_url, redis):
            world = _World(
                url, ledger_url, redis, history, seed, trace, pace, bots_are_told=bots_are_told
            )
            async with world.running() as app:
                yield Site(app, lambda: world.play(meetings, faults))

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
        self._history = history
        self._chance = random.Random(seed)  # noqa: S311  repeatable, not secret
        self._settings = local_environment(_describe_settings(ledger_url), endpoint=url)
        self._ledger_url = ledger_url
        self._config = CloudConfig.from_environ(
            self._settings, callback_url=url + CALLBACK_PATH, wanted=load_wanted(self._settings)
        )
        self._config = replace(
            self._config, applications=_list_applications(), bots_are_told=bots_are_told
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Starlette]:
        """The world, between its start and its end."""
        limits = {**LIMITS, "trtc_callback": CALLBACK_LIMITS}
        self._host = create_host(
            FUNCTIONS_DIR,
            self._settings,
            feed=self._feed,
            clock=self._clock,
            max_instances=INSTANCES,
            limits=limits,
        )
        self._host.start()
        try:
            async with running_cloud(
                self._config, self._clock, self._feed, [ScfApi(self._host)]
            ) as cloud:
                self._cloud = cloud
                routes = [*cloud.routes, *FunctionRoutes(self._host).routes]
                self._app = Starlette(routes=routes)
                yield self._app
        finally:
            await self._host.close()

    async def play(self, meetings: list[Meeting], faults: list[Fault]) -> int:
        """Let everything happen, then let it heal, and write down what is left."""
        history, begin_ms = self._history, self._clock.now_ms()
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://local") as http:
            answer = await http.post("/_local/faults", json=faults)
            answer.raise_for_status()
            for meeting in meetings:
                for step in meeting.steps:
                    self._clock.call_at(begin_ms + step.at_ms, partial(self._do, meeting, step))
            self._plan_kill()
            self._plan_redis()
            last_ms = max(meeting.end_ms for meeting in meetings)
            await self._advance(last_ms)
            history.faults = (await http.get("/_local/faults")).json()["faults"]
            await http.delete("/_local/faults")
            history.faults_end_ms = self._clock.now_ms()
            await self._advance(self._pace.aftermath_ms)
            history.rooms_left = (await http.get("/_local/rooms")).json()["rooms"]
        history.report = self._cloud.report(intervals=True)
        history.end_ms = self._clock.now_ms()
        ledger = open_ledger(self._ledger_url)
        for room in {(one.sdk_app_id, one.room_id, one.room_id_type) for one in meetings}:
            history.sessions += ledger.list_sessions(LedgerRoom(*room), SESSIONS_READ)
        close_ledgers()
        return 0

    async def _advance(self, ms: int) -> None:
        await advance(self._clock, ms, partial(settle_both, self._cloud, self._host), STEP_MS)

    def _do(self, meeting: Meeting, step: Step) -> None:
        """A person does it, unless what happened in the room has made it impossible."""
        rooms, key = self._cloud.rooms, (meeting.sdk_app_id, meeting.room_id, meeting.room_id_type)
        if step.verb == "create":
            with contextlib.suppress(RefusedError):  # bots may hold the room open
                rooms.create(key, step.user_id, ANCHOR)
                return
        try:
            room = rooms.find(meeting.room_id, meeting.room_id_type, meeting.sdk_app_id)
            self._act(room, step)
        except RefusedError:
            self._history.refused += 1

    def _act(self, room: Room, step: Step) -> None:
        rooms = self._cloud.rooms
        if step.verb in ("create", "enter", "anchor"):
            rooms.enter(room, step.user_id, ANCHOR)
        elif step.verb == "audience":
            rooms.enter(room, step.user_id, AUDIENCE)
        elif step.verb == "leave":
            rooms.leave(room, step.user_id)
        elif step.verb == "microphone":
            rooms.set_microphone(room, step.user_id, on=True)
        elif step.verb == "say":
            rooms.say(room, step.user_id, "What was said.", {})
        else:
            rooms.dismiss(room)

    def _plan_kill(self) -> None:
        """A random instance is killed every few seconds, busy or not."""

        def kill() -> None:
            if self._history.faults_end_ms == 0:
                self._history.kills += len(self._host.kill(one_of=self._chance))
                self._plan_kill()

        every_ms = self._pace.kill_every_ms
        wait_ms = self._chance.randrange(every_ms // 2, every_ms * 3 // 2)
        self._clock.call_at(self._clock.now_ms() + wait_ms, kill)

    def _plan_redis(self) -> None:
        """Redis is killed now and then, and comes back with what it had accepted."""
        redis = self._redis
        if redis is None:
            return

        def kill() -> None:
            if self._history.faults_end_ms == 0:
                redis.kill()
                self._history.redis_away_ms.append(self._clock.now_ms())
                self._clock.call_at(self._clock.now_ms() + REDIS_AWAY_MS, redis.start)
                self._plan_redis()

        self._clock.call_at(self._clock.now_ms() + self._pace.redis_every_ms, kill)


@contextlib.contextmanager
def _running_ledger(engine: str) -> Iterator[tuple[str, RedisServer | None]]:
    with tempfile.TemporaryDirectory(prefix="roomscribe-chaos-") as folder:
        if engine == "sqlite":
            yield f"sqlite:///{folder}/ledger.db", None
            return
        with RedisServer(Path(folder)) as redis:
            yield redis.url, redis


def _describe_settings(ledger_url: str) -> dict[str, str]:
    apps = [
        {"sdk_app_id": p.sdk_app_id, "secret_key": SDK_SECRET_KEY, "callback_key": _key(p)}
        for p in POSITIONS
    ]
    return {
        "TRTC_APPS": json.dumps(apps),
        "LEDGER_URL": ledger_url,
        "RULES_FILE": str(RULES),
        "TASK_QUOTA": str(TASK_QUOTA),
    }


def _list_applications() -> tuple[Application, ...]:
    return tuple(
        Application(
            p.sdk_app_id,
            SDK_SECRET_KEY,
            _key(p),
            same_bot=p.same_bot,
            bots_hold_rooms=p.bots_hold_rooms,
            start_needs=p.start_needs,
            dismissal_ends_tasks=p.dismissal_ends_tasks,
            lookup_lag_ms=p.lookup_lag_ms,
        )
        for p in POSITIONS
    )


def _key(position: Position) -> str:
    return f"{CALLBACK_KEY}{position.sdk_app_id}"[-32:]
