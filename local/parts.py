"""The parts of the local cloud, ready to serve: the emulator, the function host, and a Redis of its own."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from starlette.routing import BaseRoute

from local.claim import claiming, claiming_ledger
from local.cloud.admission import OtherApi
from local.cloud.app import Cloud, create_cloud
from local.cloud.clock import Clock, ManualClock, SystemClock
from local.cloud.config import CloudConfig, Wanted
from local.cloud.faults.machines import KillInstances, RestartRedis
from local.cloud.faults.plan import Plan
from local.cloud.faults.strikes import Strikes
from local.cloud.feed import Feed
from local.development import FUNCTIONS_DIR, local_environment
from local.host.app import MAX_INSTANCES, Host, create_host
from local.host.catalogue import Catalogue, Catalogues
from local.redis_server import RedisServer
from local.scf.control import ControlPlane
from local.scf.functions import Functions
from local.scf.runtime import describe_role, find_runtime
from local.scf.urls import FunctionUrls
from local.wanted import read_wanted
from shared.rules.decision import load_rules
from shared.settings import read_settings


def load_wanted(settings: Mapping[str, str]) -> Wanted:
    """What the rules want; checks all settings, and raises SettingsError or RulesError."""
    checked = read_settings(settings)
    return read_wanted(load_rules(checked.rules_file, checked.site))


def create_clock(*, manual: bool) -> Clock:
    """The system's clock, or one that stands still at what the time is now."""
    clock = SystemClock()
    return ManualClock(clock.now_ms()) if manual else clock


@contextlib.asynccontextmanager
async def running_cloud(
    config: CloudConfig,
    clock: Clock,
    feed: Feed,
    other_apis: Sequence[OtherApi] = (),
    *,
    kill_instances: KillInstances | None = None,
    restart_redis: RestartRedis | None = None,
    faults: tuple[Plan, Strikes] | None = None,
) -> AsyncIterator[Cloud]:
    """The emulator, between its start and its end; its faults can strike what they are given."""
    cloud = create_cloud(
        config,
        clock=clock,
        feed=feed,
        other_apis=other_apis,
        kill_instances=kill_instances,
        restart_redis=restart_redis,
        faults=faults,
    )
    await cloud.start()
    try:
        yield cloud
    finally:
        await cloud.close()


@contextlib.asynccontextmanager
async def running_host(
    settings: Mapping[str, str] | None, clock: Clock, feed: Feed, more: Sequence[Catalogue] = ()
) -> AsyncIterator[Host]:
    """The function host, for our functions if there are settings, and `more`; no instance outlives it."""
    if settings is None:
        host = Host(Catalogues(*more), feed, clock, MAX_INSTANCES, {})
    else:
        host = create_host(FUNCTIONS_DIR, settings, feed=feed, clock=clock, more=more)
    host.start()
    try:
        yield host
    finally:
        await host.close()


class Scf(NamedTuple):
    """SCF at home: its API, the host of all functions, and the addresses of those made through it."""

    host: Host
    api: ControlPlane
    urls: list[BaseRoute]


@contextlib.asynccontextmanager
async def running_scf(
    config: CloudConfig,
    settings: Mapping[str, str] | None,
    clock: Clock,
    feed: Feed,
    plan: Plan,
    url: str,
    runtime_python: str | None,
) -> AsyncIterator[Scf]:
    """SCF's control plane, at `url`, and what runs the functions; `settings` as for `running_host`."""
    find = functools.partial(find_runtime, runtime_python)
    functions = Functions(find, describe_role(config))
    with tempfile.TemporaryDirectory(prefix="roomscribe-scf-") as folder:
        async with running_host(settings, clock, feed, [functions]) as host:
            api = ControlPlane(functions, host, clock, plan.strike_function, Path(folder), url)
            try:
                urls = [*FunctionUrls(functions, host).routes, *api.versions.routes]
                yield Scf(host, api, urls)
            finally:
                api.close()


@contextlib.asynccontextmanager
async def running_ledger(
    environ: Mapping[str, str], redis_dir: Path | None = None
) -> AsyncIterator[tuple[Mapping[str, str], RestartRedis | None]]:
    """The environment, and its ledger to oneself; or with a Redis of one's own, and what restarts it."""
    if redis_dir is None:
        with claiming_ledger(local_environment(environ, endpoint="")["LEDGER_URL"]):
            yield environ, None
        return
    async with running_redis(redis_dir) as redis:
        yield {**environ, "LEDGER_URL": redis.url}, make_restart(redis)


@contextlib.asynccontextmanager
async def running_redis(folder: Path) -> AsyncIterator[RedisServer]:
    """A Redis of one's own with its data in `folder`; it ends with us, and its data stays.

    Two servers would spoil each other's data.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken = f"another local cloud keeps its Redis in {folder}; end that one first"
    with claiming(os.open(folder, os.O_RDONLY), taken):
        redis = RedisServer(folder, password=secrets.token_urlsafe(24))
        await asyncio.to_thread(redis.start)
        try:
            yield redis
        finally:
            await asyncio.to_thread(redis.stop)


def make_restart(redis: RedisServer) -> RestartRedis:
    """What kills this Redis, and has it back some ms later; one that is away already stays so no longer."""
    away = asyncio.Lock()

    async def restart(ms: int) -> None:
        if away.locked():
            return
        async with away:
            await asyncio.to_thread(redis.kill)
            await asyncio.sleep(ms / 1000)
            await asyncio.to_thread(redis.start)

    return restart
