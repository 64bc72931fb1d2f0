"""`up`, `cloud` and `functions`: the local cloud, whole or in parts, on one port."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from local.bucket import Bucket, find_folder
from local.cloud.clock import Clock, SystemClock
from local.cloud.config import CloudConfig
from local.cloud.faults.machines import RestartRedis
from local.cloud.faults.strikes import plan_faults
from local.cloud.feed import Feed
from local.cloud.strays import STRAY_HANDLERS
from local.development import has_own_keys, local_environment
from local.errors import LocalError
from local.host.app import Host
from local.host.gateway import ScfGateway
from local.host.routes import FunctionRoutes
from local.host.scf_api import ScfApi
from local.parts import (
    create_clock,
    load_wanted,
    running_cloud,
    running_host,
    running_ledger,
    running_scf,
)
from local.performance import Performance
from local.receiver.receiver import PATH as RECEIVER
from local.receiver.receiver import Receiver
from local.scenario import Scenario
from local.scf.runtime import Runtime, find_runtime
from local.server import Site, Work, listen, serve
from local.story import Story
from local.switches import Switches
from local.tally import Tally
from local.terminal import Screen
from local.time_travel import ClockRoutes, settle_both
from local.transcripts import Transcripts
from local.watch import Watch

PAGE_DIR = Path(__file__).with_name("page")
CALLBACK_PATH = "/functions/trtc_callback"
INTERRUPTED = 130  # a `--once` that somebody ended proves nothing


class Choices(NamedTuple):
    """What `up` and `cloud` let one choose."""

    manual_clock: bool
    switches: Switches
    redis_dir: Path | None = None  # where a Redis of its own keeps the ledger
    runtime_python: str | None = None  # what runs functions that are made through SCF's API
    in_detail: bool = False  # whether the terminal shows every callback and log line


class Emulator(NamedTuple):
    """The TRTC emulator, SCF and COS on one clock, while they run; `routes` are all of the main port."""

    config: CloudConfig
    clock: Clock
    feed: Feed
    host: Host
    routes: list[BaseRoute]


def run_up(
    environ: Mapping[str, str], port: int, scenario: Scenario, choices: Choices, *, once: bool
) -> int:
    """Serve everything and play; the exit code is 0 with `once` only when all went as it should."""
    if once and choices.manual_clock:
        raise LocalError("--once plays a meeting, and on a manual clock nothing would move")
    with contextlib.closing(listen(0)) as listener:
        compose = functools.partial(_compose_all, environ, scenario, choices, listener, once)
        return serve(port, compose, interrupted=INTERRUPTED if once else 0)


def run_cloud(environ: Mapping[str, str], port: int, choices: Choices) -> int:
    """Serve the emulator alone."""
    with contextlib.closing(listen(0)) as listener:
        return serve(port, functools.partial(_compose_cloud, environ, choices, listener))


def run_functions(environ: Mapping[str, str], port: int, endpoint: str) -> int:
    """Serve the functions alone, against the API at `endpoint`."""
    return serve(port, functools.partial(_compose_functions, environ, endpoint))


@contextlib.asynccontextmanager
async def _compose_all(
    environ: Mapping[str, str],
    scenario: Scenario,
    choices: Choices,
    listener: socket.socket,
    once: bool,
    url: str,
) -> AsyncIterator[Site]:
    own_webhook = {"callback_url": url + CALLBACK_PATH}
    choices = choices._replace(switches={**choices.switches, **own_webhook})
    async with running_ledger(environ, choices.redis_dir) as (environ, restart_redis):
        archive_url, receiver = Bucket(listener).archive_url, f"{url}{RECEIVER}/events"
        settings = local_environment(
            environ, endpoint=url, archive_url=archive_url, receiver=receiver
        )
        bucket = Bucket(listener, find_folder(settings["LEDGER_URL"], choices.redis_dir))
        async with _running_emulator(
            settings, choices, url, bucket, has_functions=True, restart_redis=restart_redis
        ) as emulator:
            config, feed = emulator.config, emulator.feed
            transcripts = Transcripts(settings, url, emulator.clock)
            functions = FunctionRoutes(emulator.host).routes
            page = Mount("/", StaticFiles(directory=PAGE_DIR, html=True))
            routes = [*emulator.routes, *transcripts.routes, *functions, page]
            tally = Tally(config.applications[0].sdk_app_id, config.wanted)
            in_detail = choices.in_detail
            screen = Screen() if in_detail else Screen(describe=Story(tally).describe)
            performance = Performance(
                scenario, url, feed, tally, screen, transcripts, in_detail=in_detail
            )
            work = _find_work(performance, choices, once=once)
            yield Site(_serve(routes), work, has_own_keys(settings))


@contextlib.asynccontextmanager
async def _compose_cloud(
    environ: Mapping[str, str], choices: Choices, listener: socket.socket, url: str
) -> AsyncIterator[Site]:
    settings = local_environment(environ, endpoint=url, receiver=f"{url}{RECEIVER}/events")
    bucket = Bucket(listener)
    runtime = await asyncio.to_thread(find_runtime, choices.runtime_python)
    async with _running_emulator(settings, choices, url, bucket, has_functions=False) as emulator:
        work = functools.partial(_name_runtime_and_follow, runtime, emulator.feed)
        yield Site(_serve(emulator.routes), work)


async def _name_runtime_and_follow(runtime: Runtime, feed: Feed) -> int:
    screen = Screen()
    screen.say(runtime.describe(), "" if runtime.is_like_scf else "yellow")
    return await Watch(feed, screen.show).follow()


@contextlib.asynccontextmanager
async def _running_emulator(
    settings: Mapping[str, str],
    choices: Choices,
    url: str,
    bucket: Bucket,
    *,
    has_functions: bool,
    restart_redis: RestartRedis | None = None,
) -> AsyncIterator[Emulator]:
    """The emulator and SCF at `url`, and COS; with Roomscribe's own functions only if `has_functions`."""
    config = CloudConfig.from_environ(settings, wanted=load_wanted(settings), **choices.switches)
    clock = create_clock(manual=choices.manual_clock)
    feed = Feed(clock.now_ms)
    faults = plan, _ = plan_faults(clock, feed)
    hosted = settings if has_functions else None
    python = choices.runtime_python
    async with (
        running_scf(config, hosted, clock, feed, plan, url, python) as (host, scf_api, urls),
        running_cloud(
            config,
            clock,
            feed,
            [scf_api],
            kill_instances=lambda name: host.kill(name, busy=True),
            restart_redis=restart_redis,
            faults=faults,
        ) as cloud,
        bucket.running(config, clock, feed, plan, host) as cos_routes,
    ):
        clock_routes = ClockRoutes(clock, functools.partial(settle_both, cloud, host)).routes
        receiver = Receiver(settings["EVENTS_SECRET"], clock, feed, plan, host.holding)
        routes = [*clock_routes, *cloud.routes, *cos_routes, *receiver.routes, *urls]
        yield Emulator(config, clock, feed, host, routes)


def _serve(routes: list[BaseRoute]) -> Starlette:
    return Starlette(routes=routes, exception_handlers=STRAY_HANDLERS)


def _find_work(performance: Performance, choices: Choices, *, once: bool) -> Work:
    if choices.manual_clock:
        return functools.partial(_stand_still, performance)
    return performance.play_once if once else performance.play_and_stay


async def _stand_still(performance: Performance) -> int:
    performance.screen.say(
        "The clock stands still, so no meeting is played; POST /_local/clock moves it."
    )
    return await Watch(performance.feed, performance.take).follow()


@contextlib.asynccontextmanager
async def _compose_functions(
    environ: Mapping[str, str], endpoint: str, url: str
) -> AsyncIterator[Site]:
    settings = local_environment(environ, endpoint=endpoint, invoke_endpoint=url)
    load_wanted(settings)
    config, clock, feed = CloudConfig.from_environ(settings), SystemClock(), Feed()
    async with running_ledger(environ), running_host(settings, clock, feed) as host:
        gateway = ScfGateway(config, clock, ScfApi(host))
        routes = [*gateway.routes, *FunctionRoutes(host).routes]
        work = Watch(feed, Screen().show).follow
        yield Site(_serve(routes), work, has_own_keys(settings))
