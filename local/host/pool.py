"""The instances of one function: each takes one event at a time; a busy pool starts one more."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from local.host.process import InstanceProcess
from local.host.scf_runtime import FunctionFailure

Start = Callable[[], Awaitable[InstanceProcess]]
# The right to use an instance: a place in the queue, then, when it is done, a slot.
Slot = asyncio.Future[None]


class Place(NamedTuple):
    """A place in the queue of a pool."""

    pool: InstancePool
    slot: Slot


class InstancePool:
    """Runs the events of one function; instances start on demand, so that cold starts are real.

    `changed` is called whenever a run has ended.
    """

    def __init__(self, start: Start, max_instances: int, changed: Callable[[], None]) -> None:
        self._start = start
        self._changed = changed
        self._max_instances = max_instances
        self._in_use = 0
        self._is_retired = False
        self._queue: deque[Slot] = deque()
        self._idle: list[InstanceProcess] = []
        self._busy: dict[InstanceProcess, None] = {}  # in the order in which they became so

    @property
    def pids(self) -> list[int]:
        """The process ids of the living instances."""
        return [process.pid for process in self.list_instances()]

    @property
    def has_queue(self) -> bool:
        """Whether events wait for an instance."""
        return bool(self._queue)

    @property
    def at_work(self) -> int:
        """How many instances are at work; those asleep on a manual clock are not."""
        return self._in_use - sum(process.is_asleep for process in self._busy)

    def list_instances(self, *, busy: bool | None = None) -> list[InstanceProcess]:
        """The living instances: all, those that have an event, or those that have none."""
        chosen = [*(self._busy if busy is not False else ()), *(self._idle if not busy else ())]
        return [process for process in chosen if process.is_alive]

    def queue(self) -> Place:
        """Take a place in the queue for `run`: without waiting, so that order and count are exact."""
        slot: Slot = asyncio.get_running_loop().create_future()
        self._queue.append(slot)
        self._hand_out()
        return Place(self, slot)

    async def run(
        self, slot: Slot, event: object, context: Mapping[str, object], timeout_s: float
    ) -> object:
        """Run one event as soon as an instance is free; raise FunctionFailure."""
        try:
            await slot
            return await self._run(event, context, timeout_s)
        finally:
            self._give_back(slot)

    def tell_time(self) -> None:
        """A manual clock has moved."""
        for process in self._busy:
            process.tell_time()

    async def retire(self) -> None:
        """Stop the idle instances; those that have an event, or get one that waits, end after it."""
        self._is_retired = True
        idle, self._idle = self._idle, []
        await asyncio.gather(*(process.stop() for process in idle))

    async def close(self) -> None:
        """Stop every instance, idle or busy; what waits in the queue is cancelled."""
        for slot in self._queue:
            slot.cancel()
        processes = [*self._idle, *self._busy]
        self._idle.clear()
        await asyncio.gather(*(process.stop() for process in processes))

    def _hand_out(self) -> None:
        while self._queue and self._in_use < self._max_instances:
            slot = self._queue.popleft()
            if not slot.cancelled():
                self._in_use += 1
                slot.set_result(None)

    def _give_back(self, slot: Slot) -> None:
        if not slot.cancelled():
            self._in_use -= 1
            self._hand_out()
            self._changed()

    async def _run(self, event: object, context: Mapping[str, object], timeout_s: float) -> object:
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

    async def _take(self) -> InstanceProcess:
        while self._idle:
            process = self._idle.pop()
            if process.is_alive:
                self._busy[process] = None
                return process
            await process.close()
        return await self._start_one()

    async def _start_one(self) -> InstanceProcess:
        process = await self._start()
        self._busy[process] = None
        try:
            await process.load()
        except BaseException:
            await self._put_back(process, reusable=False)
            raise
        return process

    async def _put_back(self, process: InstanceProcess, *, reusable: bool) -> None:
        if reusable and process.is_alive and not self._is_retired:
            del self._busy[process]
            self._idle.append(process)
            return
        await process.close()
        del self._busy[process]
