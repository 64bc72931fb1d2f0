"""Serves one application on 127.0.0.1 until its work is done or somebody ends it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import uvicorn
from starlette.types import ASGIApp

from local.errors import LocalError
from local.origin import OwnOriginOnly

HOST = "127.0.0.1"  # loopback only: the development keys are known to everybody


# What there is to do while something answers; returns the exit code.
Work = Callable[[], Coroutine[None, None, int]]


class Site(NamedTuple):
    """What answers, and what there is to do meanwhile; `has_own_keys` as in OwnOriginOnly."""

    app: ASGIApp
    work: Work
    has_own_keys: bool = False


# Builds what answers at a URL, and takes it down when the server has ended.
Compose = Callable[[str], AbstractAsyncContextManager[Site]]


class Server(uvicorn.Server):
    """uvicorn, leaving signals to us and saying when it answers."""

    def __init__(self, app: ASGIApp, started: asyncio.Event) -> None:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            lifespan="off",
            ws="none",
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=0,  # open event streams never end by themselves
        )
        super().__init__(config)
        self._started = started

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone; `serve` handles them and exits 0."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then tell."""
        await super().startup(sockets)
        self._started.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening and cancel what still runs: that is no error to report."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def serve(port: int, compose: Compose, *, interrupted: int = 0, quiet: bool = False) -> int:
    """Serve on `port` (0: a free one), print `ready URL` and work; return the exit code.

    It is what the work returns, or `interrupted` when Ctrl-C or SIGTERM comes first. Raises
    LocalError when the port cannot be had.
    """
    with contextlib.closing(listen(port)) as listener:
        return asyncio.run(_serve(listener, compose, interrupted, quiet=quiet))


async def _serve(
    listener: socket.socket, compose: Compose, interrupted: int, *, quiet: bool
) -> int:
    signalled = _catch_signals()
    url = f"http://{HOST}:{listener.getsockname()[1]}"
    async with compose(url) as site:
        app = OwnOriginOnly(site.app, has_own_keys=site.has_own_keys)
        async with running(app, listener):
            if not quiet:
                print(f"ready {url}", flush=True)
            return await _work_until(signalled, site, interrupted)


async def _work_until(signalled: asyncio.Event, site: Site, interrupted: int) -> int:
    working = asyncio.create_task(site.work())
    waiting = asyncio.create_task(signalled.wait())
    done, pending = await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return working.result() if working in done else interrupted


@contextlib.asynccontextmanager
async def running(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an application on a listening socket, from now on until the end of the `async with`."""
    started = asyncio.Event()
    server = Server(app, started)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await started.wait()
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _catch_signals() -> asyncio.Event:
    signalled = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled.set)
    return signalled


def listen(port: int) -> socket.socket:
    """Listen on `port` of 127.0.0.1, 0 being a free one; raises LocalError when it cannot be had."""
    # With its protocol named, asyncio sets TCP_NODELAY; else answers wait 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # here, so that nobody else can have the port from now on
    except OSError as error:
        listener.close()
        raise LocalError(_explain(port, error)) from error
    return listener


def _explain(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is taken; end what listens there, or choose another with --port (0: any)"
        )
    return f"cannot listen on port {port}: {error.strerror}"
