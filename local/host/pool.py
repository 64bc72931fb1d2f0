"""The instances of one function: each takes one event at a time; a busy pool starts one more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from local.host.process import InstanceProcess
from local.host.scf_runtime import FunctionFailure

Start = Callable[[], Awaitable[InstanceProcess]]


class InstancePool:
    """Runs the events of one function; instances start on demand, so that cold starts are real."""

    def __init__(self, start: Start, max_instances: int) -> None:
        self._start = start
        self._slots = asyncio.Semaphore(max_instances)
        self._idle: list[InstanceProcess] = []
        self._all: set[InstanceProcess] = set()

    @property
    def pids(self) -> list[int]:
        """The process ids of the living instances."""
        return [process.pid for process in self._all if process.is_alive]

    async def run(self, event: object, context: Mapping[str, object], timeout_s: float) -> object:
        """Run one event as soon as an instance is free; raise FunctionFailure."""
        async with self._slots:
            process = await self._take()
            reusable = False
            try:
                value = await process.run(event, context, timeout_s)
                reusable = True
            except FunctionFailure as failure:
                # After an exception the instance lives on; a timeout or an exit destroys it.
                # Source: SCF documentation, function status codes.
                reusable = failure.status == 430
                raise
            finally:
                await self._put_back(process, reusable=reusable)
            return value

    async def close(self) -> None:
        """Stop every instance, idle or busy."""
        await asyncio.gather(*(process.stop() for process in self._all))
        self._all.clear()
        self._idle.clear()

    async def _take(self) -> InstanceProcess:
        while self._idle:
            process = self._idle.pop()
            if process.is_alive:
                return process
            await self._discard(process)
        return await self._start_one()

    async def _start_one(self) -> InstanceProcess:
        process = await self._start()
        self._all.add(process)
        try:
            await process.load()
        except BaseException:
            await self._discard(process)
            raise
        return process

    async def _put_back(self, process: InstanceProcess, *, reusable: bool) -> None:
        if reusable and process.is_alive:
            self._idle.append(process)
        else:
            await self._discard(process)

    async def _discard(self, process: InstanceProcess) -> None:
        self._all.discard(process)
        await process.kill()
