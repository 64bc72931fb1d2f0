"""One function instance as the host sees it: a process that takes one event at a time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from local.cloud.clock import Clock, ManualClock
from local.host.catalogue import Served
from local.host.handed_clock import HandedClock
from local.host.lines import Lines
from local.host.pipes import ChildProtocol, ReadingProtocol, find_stdin, read_pipe
from local.host.scf_runtime import INIT_TIMEOUT_S, MAX_EVENT_BYTES, FunctionFailure
from local.host.turn import LOGS_GRACE_S, Message, Turn

PROGRAM = Path(__file__).with_name("instance.py")
MAX_RESULT_BYTES = MAX_EVENT_BYTES  # Source: SCF documentation, limits: 6 MB either way
MAX_LOG_BYTES = 1024 * 1024  # a longer log line is dropped, not kept in memory
TERMINATE_GRACE_S = 2.0

LogSink = Callable[[bytes], None]


class InstanceProcess:
    """A started instance; make one with `start_instance`."""

    def __init__(self, clock: Clock, log: LogSink, fell_asleep: Callable[[], None]) -> None:
        self._clock = clock
        self._log = log
        self._fell_asleep = fell_asleep
        self._handed = HandedClock(clock, self._write) if isinstance(clock, ManualClock) else None
        self._logs = ChildProtocol(Lines(MAX_LOG_BYTES, self._take_log))
        self._child: asyncio.SubprocessTransport
        self._results: asyncio.ReadTransport
        self._turn: Turn | None = None
        self._early: Message | None = None  # it may be ready before anybody waits for that
        self._is_gone = False

    async def open(self, served: Served) -> None:
        """Start the process."""
        reading, writing = os.pipe()
        lines = Lines(MAX_RESULT_BYTES, self._take_result)
        try:
            self._results = await read_pipe(reading, ReadingProtocol(lines, self._end))
            self._child = await self._start(served, writing)
        finally:
            os.close(writing)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.get_pid()

    @property
    def is_alive(self) -> bool:
        """Whether it can take an event."""
        return not self._is_gone

    @property
    def is_asleep(self) -> bool:
        """Whether it waits for a manual clock to move."""
        return self._handed is not None and self._handed.is_asleep

    async def load(self) -> None:
        """Wait until the function is imported; raise FunctionFailure 430, 437, 439 or 450."""
        await self._wait(Turn(self._clock, INIT_TIMEOUT_S, late=450, logs_of=None))

    async def run(self, event: object, context: Mapping[str, object], timeout_s: float) -> object:
        """Run one event and return its value; raise FunctionFailure 407, 430, 433 or 439."""
        self._send({"event": event, "context": context})
        turn = Turn(self._clock, timeout_s, late=433, logs_of=str(context["request_id"]))
        return (await self._wait(turn))["value"]

    def tell_time(self) -> None:
        """A manual clock has moved: let it know, if it is at work."""
        if self._handed and self._turn and not self.is_asleep:
            self._handed.send({})

    def kill(self) -> None:
        """End it, and whatever it started, at once; `close` waits until it is gone."""
        self._forget()
        self._signal(signal.SIGKILL)

    async def stop(self) -> None:
        """End it: SIGTERM, then SIGKILL."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._logs.exited.wait(), TERMINATE_GRACE_S)
        await self.close()

    async def close(self) -> None:
        """Kill it, take its last log lines, and let go of its pipes."""
        self.kill()
        await self._logs.exited.wait()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._logs.logs_ended.wait(), LOGS_GRACE_S)
        self._child.close()
        self._results.close()

    async def _start(self, served: Served, results: int) -> asyncio.SubprocessTransport:
        now = [str(self._clock.now_ms())] if self._handed else []
        child, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: self._logs,
            *served.python,
            str(PROGRAM),
            served.module,
            str(results),
            *now,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(served.environ),
            cwd=served.directory,
            pass_fds=(results,),
            start_new_session=True,  # Ctrl-C in the terminal is the host's to handle
        )
        return child

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def _wait(self, turn: Turn) -> Message:
        self._turn = turn
        if self._is_gone:
            turn.fail(FunctionFailure(439))
        elif self._early:
            turn.take(self._early)
            self._early = None
        elif self._handed:
            turn.wake()
        try:
            message = await turn.wait()
        finally:
            self._turn = None
        _raise_failure(message)
        return message

    def _send(self, message: Mapping[str, object]) -> None:
        if self._handed:
            self._handed.send(message)
        else:
            self._write(message)

    def _write(self, message: Mapping[str, object]) -> None:
        find_stdin(self._child).write(json.dumps(message).encode() + b"\n")
        if self._handed and self._turn:
            self._turn.wake()

    def _take_result(self, line: bytes | None) -> None:
        message = json.loads(line) if line else None
        if message and "sleep_until_ms" in message:
            self._take_sleep(message)
        elif self._turn is None:
            self._early = message
        elif message:
            self._turn.take(message)
        else:
            self._turn.fail(FunctionFailure(407))

    def _take_sleep(self, message: Message) -> None:
        assert self._handed  # noqa: S101  only an instance with a manual clock says so
        self._handed.fall_asleep(message["sleep_until_ms"], message["heard"])
        if self.is_asleep:
            if self._turn:
                self._turn.pause()
            self._fell_asleep()

    def _take_log(self, line: bytes | None) -> None:
        if line is None:
            self._log(f"(a log line over {MAX_LOG_BYTES} bytes was dropped)\n".encode())
        elif line.startswith(b"\0"):
            if self._turn:
                self._turn.end_logs(line[1:-1])
        elif line.strip():
            self._log(line)

    def _forget(self) -> None:
        self._is_gone = True
        if self._handed:
            self._handed.cancel()

    def _end(self) -> None:
        self._forget()
        if self._turn:
            self._turn.fail(FunctionFailure(439))


async def start_instance(
    served: Served, *, clock: Clock, log: LogSink, fell_asleep: Callable[[], None]
) -> InstanceProcess:
    """Start a process that imports a function; its log lines go to `log`.

    It is told what a manual clock says; `fell_asleep` is called whenever it waits for that clock.
    """
    process = InstanceProcess(clock, log, fell_asleep)
    await process.open(served)
    return process


def _raise_failure(message: Mapping[str, object]) -> None:
    failure = message.get("failure")
    if isinstance(failure, dict):
        raise FunctionFailure(int(failure["statusCode"]), str(failure["stackTrace"]))
