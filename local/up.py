"""`up`, `cloud` and `functions`: the local cloud, whole or in parts, on one port."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from local.cloud.config import CloudConfig
from local.cloud.feed import Feed
from local.development import local_environment
from local.parts import load_wanted, running_cloud, running_host
from local.performance import Performance
from local.scenario import Scenario
from local.server import Site, serve
from local.tally import Tally
from local.terminal import Screen
from local.watch import Watch

PAGE_DIR = Path(__file__).with_name("page")
CALLBACK_PATH = "/functions/trtc_callback"
INTERRUPTED = 130  # a `--once` that somebody ended proves nothing


def run_up(environ: Mapping[str, str], port: int, scenario: Scenario, *, once: bool) -> int:
    """Serve everything and play; the exit code is 0 with `once` only when all went as it should."""
    compose = functools.partial(_compose_all, environ, scenario, once)
    return serve(port, compose, interrupted=INTERRUPTED if once else 0)


def run_cloud(environ: Mapping[str, str], port: int, **switches: object) -> int:
    """Serve the emulator alone; `switches` are fields of CloudConfig."""
    return serve(port, functools.partial(_compose_cloud, environ, switches))


def run_functions(environ: Mapping[str, str], port: int, endpoint: str) -> int:
    """Serve the functions alone, against the API at `endpoint`."""
    return serve(port, functools.partial(_compose_functions, environ, endpoint))


@contextlib.asynccontextmanager
async def _compose_all(
    environ: Mapping[str, str], scenario: Scenario, once: bool, url: str
) -> AsyncIterator[Site]:
    settings = local_environment(environ, endpoint=url)
    wanted = load_wanted(settings)
    config = CloudConfig.from_environ(settings, callback_url=url + CALLBACK_PATH, wanted=wanted)
    tally = Tally(config.applications[0].sdk_app_id, wanted)
    async with running_cloud(config) as cloud, running_host(settings, cloud.feed) as host:
        performance = Performance(scenario, url, cloud.feed, tally, Screen())
        page = Mount("/", StaticFiles(directory=PAGE_DIR, html=True))
        yield Site(
            Starlette(routes=[*cloud.routes, *host.routes, page]),
            performance.play_once if once else performance.play_and_stay,
        )


@contextlib.asynccontextmanager
async def _compose_cloud(
    environ: Mapping[str, str], switches: Mapping[str, object], url: str
) -> AsyncIterator[Site]:
    settings = local_environment(environ, endpoint=url)
    config = CloudConfig.from_environ(settings, wanted=load_wanted(settings), **switches)
    async with running_cloud(config) as cloud:
        watch = Watch(cloud.feed, Screen().show)
        yield Site(Starlette(routes=cloud.routes), watch.follow)


@contextlib.asynccontextmanager
async def _compose_functions(
    environ: Mapping[str, str], endpoint: str, _url: str
) -> AsyncIterator[Site]:
    settings = local_environment(environ, endpoint=endpoint)
    load_wanted(settings)
    feed = Feed()
    async with running_host(settings, feed) as host:
        yield Site(Starlette(routes=host.routes), Watch(feed, Screen().show).follow)
