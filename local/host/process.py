"""One function instance as the host sees it: a process that takes one event at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from local.host.scf_runtime import INIT_TIMEOUT_S, MAX_EVENT_BYTES, REASONS, FunctionFailure

PROGRAM = Path(__file__).with_name("instance.py")
MAX_RESULT_BYTES = MAX_EVENT_BYTES  # Source: SCF documentation, limits: 6 MB either way
MAX_PIPE_LINE_BYTES = 1024 * 1024  # a longer log line is dropped, not kept in memory
TERMINATE_GRACE_S = 2.0
LOGS_GRACE_S = 1.0  # a function that closed its stdout never ends its logs

LogSink = Callable[[bytes], None]


class InstanceProcess:
    """A started instance; make one with `start_instance`."""

    def __init__(
        self, child: asyncio.subprocess.Process, results: asyncio.StreamReader, log: LogSink
    ) -> None:
        self._child = child
        self._results = results
        self._log = log
        self._logs_ended = asyncio.Event()
        self._following = asyncio.create_task(self._follow_logs())

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        """Whether it can take an event."""
        return self._child.returncode is None

    async def load(self) -> None:
        """Wait until the function is imported; raise FunctionFailure 430, 437, 439 or 450."""
        message = await self._read_message(INIT_TIMEOUT_S, late=450)
        _raise_failure(message)

    async def run(self, event: object, context: Mapping[str, object], timeout_s: float) -> object:
        """Run one event and return its value; raise FunctionFailure 430, 433 or 439."""
        self._logs_ended.clear()
        await self._send({"event": event, "context": context})
        message = await self._read_message(timeout_s, late=433)
        await self._wait_for_logs()
        _raise_failure(message)
        return message["value"]

    async def stop(self) -> None:
        """End the process and whatever it started: SIGTERM, then SIGKILL."""
        if self.is_alive:
            self._signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._child.wait(), TERMINATE_GRACE_S)
            except asyncio.TimeoutError:
                self._signal(signal.SIGKILL)
        await self._finish()

    async def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)
        await self._finish()

    async def _finish(self) -> None:
        await self._child.wait()
        if self._child.stdin:
            self._child.stdin.close()
        await asyncio.wait({self._following}, timeout=LOGS_GRACE_S)
        self._following.cancel()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)

    async def _send(self, message: Mapping[str, object]) -> None:
        assert self._child.stdin  # noqa: S101  start_instance opened the pipe
        try:
            self._child.stdin.write(json.dumps(message).encode() + b"\n")
            await self._child.stdin.drain()
        except ConnectionError as error:
            raise FunctionFailure(439) from error

    async def _read_message(self, timeout_s: float, *, late: int) -> dict[str, object]:
        try:
            line = await asyncio.wait_for(self._results.readline(), timeout_s)
        except asyncio.TimeoutError as error:
            raise FunctionFailure(late, reason=f"{REASONS[late]} after {timeout_s:g} s") from error
        except ValueError as error:  # longer than the reader's limit
            raise FunctionFailure(407) from error
        if not line.endswith(b"\n"):
            raise FunctionFailure(439)
        message: dict[str, object] = json.loads(line)
        return message

    async def _wait_for_logs(self) -> None:
        """So that whoever gets the result finds the log lines already published."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._logs_ended.wait(), LOGS_GRACE_S)

    async def _follow_logs(self) -> None:
        assert self._child.stdout  # noqa: S101  start_instance opened the pipe
        while line := await _read_log(self._child.stdout):
            if line.startswith(b"\0"):
                self._logs_ended.set()
            elif line.strip():
                self._log(line)
        self._logs_ended.set()


async def start_instance(
    name: str, environ: Mapping[str, str], directory: Path, log: LogSink
) -> InstanceProcess:
    """Start a process that imports functions/`name`.py; its log lines go to `log`."""
    reading, writing = os.pipe()
    try:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PROGRAM),
            name,
            str(writing),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(environ),
            cwd=directory,
            pass_fds=(writing,),
            start_new_session=True,  # Ctrl-C in the terminal is the host's to handle
            limit=MAX_PIPE_LINE_BYTES,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    return InstanceProcess(child, await _open_results(reading), log)


async def _open_results(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=MAX_RESULT_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
    return reader


async def _read_log(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:
        return f"(a log line over {MAX_PIPE_LINE_BYTES} bytes was dropped)\n".encode()


def _raise_failure(message: Mapping[str, object]) -> None:
    failure = message.get("failure")
    if isinstance(failure, dict):
        raise FunctionFailure(int(failure["statusCode"]), str(failure["stackTrace"]))
