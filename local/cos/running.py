"""The COS endpoint while it runs, on a listener of its own."""

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.routing import BaseRoute

from local.cloud.clock import Clock
from local.cloud.faults.plan import Plan
from local.cloud.feed import Feed
from local.cloud.waiting import Holding
from local.cos.api import CosApi
from local.cos.config import CosConfig
from local.cos.folder import FolderShelf
from local.cos.local_routes import CosRoutes
from local.cos.objects import MemoryShelf, Objects
from local.server import running


def find_domain(listener: socket.socket) -> str:
    """Where a listener answers: host:port, as the SDKs' option Domain takes it."""
    host, port = listener.getsockname()
    return f"{host}:{port}"


@contextlib.asynccontextmanager
async def running_cos(
    listener: socket.socket,
    config: CosConfig,
    folder: Path | None,
    clock: Clock,
    feed: Feed,
    plan: Plan,
    holding: Holding = contextlib.nullcontext,
) -> AsyncIterator[list[BaseRoute]]:
    """Serve the bucket on `listener`; the routes of `/_local/cos`, for the local cloud's own port.

    The objects lie in `folder`, or in memory where it is None. `holding` as in Trouble.
    """
    shelf = FolderShelf(folder / config.bucket) if folder else MemoryShelf()
    objects = Objects(shelf, config.max_bytes)
    async with running(CosApi(config, objects, clock, feed, plan, holding), listener):
        yield CosRoutes(config, objects, find_domain(listener)).routes
