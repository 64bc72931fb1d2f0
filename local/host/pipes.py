"""The pipes to and from an instance, as asyncio hands them out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import cast

from local.host.lines import Lines


class ReadingProtocol(asyncio.Protocol):
    """Reads lines from the results pipe; `ended` is called at its end, which is the process's."""

    def __init__(self, lines: Lines, ended: Callable[[], None]) -> None:
        self._lines = lines
        self._ended = ended

    def data_received(self, data: bytes) -> None:
        """Cut what arrives into lines."""
        self._lines.feed(data)

    def connection_lost(self, _error: Exception | None) -> None:
        """Say so."""
        self._ended()


class ChildProtocol(asyncio.SubprocessProtocol):
    """Reads the logs of a process; knows when they end, and when it exits."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.logs_ended = asyncio.Event()
        self.exited = asyncio.Event()

    def pipe_data_received(self, _descriptor: int, data: bytes) -> None:
        """Cut what arrives into lines."""
        self._lines.feed(data)

    def pipe_connection_lost(self, descriptor: int, _error: Exception | None) -> None:
        """The last line may lack its newline."""
        if descriptor == 1:
            self._lines.end()
            self.logs_ended.set()

    def process_exited(self) -> None:
        """Say so."""
        self.exited.set()


async def read_pipe(descriptor: int, protocol: ReadingProtocol) -> asyncio.ReadTransport:
    """Read from a pipe of our own; it is closed with the transport."""
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    return transport


def find_stdin(child: asyncio.SubprocessTransport) -> asyncio.WriteTransport:
    """Where its events go."""
    return cast("asyncio.WriteTransport", child.get_pipe_transport(0))
