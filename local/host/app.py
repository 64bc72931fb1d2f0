"""The function host: runs the functions of a catalogue, one process per instance."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from local.cloud.clock import Clock, ManualClock, SystemClock
from local.host.async_invocations import AsyncInvocations
from local.host.catalogue import Catalogue, Catalogues, FolderOfFunctions, Served
from local.host.pool import InstancePool, Place
from local.host.process import start_instance
from local.host.publisher import Publisher
from local.host.scf_runtime import (
    LIMITS,
    TIMERS,
    FunctionFailure,
    Limits,
    describe_context,
    describe_timer_event,
    read_log_line,
)
from local.host.timers import TimerTriggers

MAX_INSTANCES = 4  # of each function, where nobody says otherwise


class Host:
    """Runs functions; use it from one event loop. `timers`: periods in ms, by function."""

    def __init__(
        self,
        catalogue: Catalogue,
        feed: Publisher,
        clock: Clock,
        max_instances: int,
        timers: Mapping[str, int],
    ) -> None:
        self._catalogue = catalogue
        self._feed = feed
        self._clock = clock
        self._max_instances = max_instances
        self._pools: dict[str, InstancePool] = {}
        self._retired: list[InstancePool] = []
        self._changed = asyncio.Event()
        self._invocations = AsyncInvocations(self._queue, self.run, clock, feed)
        self._timers = TimerTriggers(timers, clock, lambda name: self.fire_timer(name, name))
        self._url_runs = 0
        self._held = 0
        if isinstance(clock, ManualClock):
            clock.watch(self._tell_time)

    @property
    def pids(self) -> list[int]:
        """The process ids of all living instances."""
        return [pid for pool in self._list_pools() for pid in pool.pids]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing runs or is about to; who sleeps on a manual clock does not run."""
        return sum(pool.at_work for pool in self._list_pools()) <= self._held

    @property
    def url_runs(self) -> int:
        """How many requests of function URLs run, or wait for an instance."""
        return self._url_runs

    def list_functions(self) -> list[str]:
        """The names of all functions."""
        return sorted(self._catalogue.list_names())

    def has(self, name: str) -> bool:
        """Whether there is such a function."""
        return self._catalogue.find(name) is not None

    def has_path(self, name: str) -> bool:
        """Whether /functions/NAME is its URL."""
        served = self._catalogue.find(name)
        return served is not None and served.has_path

    def start(self) -> None:
        """Start the timers."""
        self._timers.start()

    async def run(
        self, name: str, event: object, request_id: str, place: Place | None = None
    ) -> object:
        """Run a function once and return what it returned; raise FunctionFailure."""
        limits = self._find(name).limits
        context = describe_context(name, limits, request_id)
        pool, slot = place or self._queue(name)
        return await pool.run(slot, event, context, limits.timeout_s)

    def invoke_async(self, name: str, event: object) -> str:
        """Queue an event, run it when an instance is free, repeat it if that fails; its request id."""
        return self._invocations.invoke(name, event, self._find(name).attempts)

    async def run_for_url(self, name: str, event: object, request_id: str) -> object:
        """Run a function for a request of its URL, counted in `url_runs`; raise FunctionFailure."""
        self._url_runs += 1
        try:
            return await self.run(name, event, request_id)
        finally:
            self._url_runs -= 1

    def fire_timer(self, name: str, trigger: str) -> None:
        """Run a function by its timer; not while events wait: timer events must not pile up."""
        if self.has(name) and not self._find_pool(name).has_queue:
            self.invoke_async(name, describe_timer_event(trigger, self._clock.now_ms()))

    async def renew(self, name: str) -> None:
        """Run what comes from now on in new instances; those that have an event end after it."""
        pool = self._pools.pop(name, None)
        if pool:
            self._retired = [old for old in self._retired if old.pids or old.has_queue] + [pool]
            await pool.retire()

    async def forget(self, name: str) -> None:
        """A function is no more: nothing of it is repeated."""
        self._invocations.forget(name)
        await self.renew(name)

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Keep a run waiting for the clock from outside, as a slow server does: it counts as asleep."""
        self._held += 1
        self._changed.set()
        try:
            yield
        finally:
            self._held -= 1

    async def settle(self) -> None:
        """Wait until nothing runs or is about to, but for those asleep on a manual clock."""
        while not self.is_quiet:
            self._changed.clear()
            await self._changed.wait()

    def kill(
        self,
        name: str | None = None,
        *,
        busy: bool | None = None,
        one_of: random.Random | None = None,
    ) -> list[int]:
        """SIGKILL instances: of one function or all, with an event or without; their process ids.

        With `one_of` only one of these, by chance. Their runs fail with status 439.
        """
        pools = [pool for key, pool in self._pools.items() if name in (None, key)]
        victims = [one for pool in pools for one in pool.list_instances(busy=busy)]
        if one_of and victims:
            victims = [one_of.choice(victims)]
        for victim in victims:
            victim.kill()
        return [victim.pid for victim in victims]

    async def close(self) -> None:
        """Stop the timers, drop what is queued, and stop every instance."""
        self._timers.close()
        if isinstance(self._clock, ManualClock):
            self._clock.unwatch(self._tell_time)
        await self._invocations.close()
        await asyncio.gather(*(pool.close() for pool in self._list_pools()))

    def _list_pools(self) -> list[InstancePool]:
        return [*self._pools.values(), *self._retired]

    def _find(self, name: str) -> Served:
        served = self._catalogue.find(name)
        if served is None:
            raise FunctionFailure(437)
        return served

    def _find_pool(self, name: str) -> InstancePool:
        if name not in self._pools:
            served = self._find(name)
            start = functools.partial(
                start_instance,
                served,
                clock=self._clock,
                log=functools.partial(self._publish_log, name),
                fell_asleep=self._changed.set,
            )
            most = min(self._max_instances, served.max_instances or self._max_instances)
            self._pools[name] = InstancePool(start, most, self._changed.set)
        return self._pools[name]

    def _queue(self, name: str) -> Place:
        return self._find_pool(name).queue()

    def _tell_time(self) -> None:
        for pool in self._list_pools():
            pool.tell_time()

    def _publish_log(self, name: str, line: bytes) -> None:
        self._feed.publish("function.log", function=name, line=read_log_line(line))


def create_host(
    functions_dir: Path,
    settings: Mapping[str, str],
    *,
    feed: Publisher,
    clock: Clock | None = None,
    max_instances: int = MAX_INSTANCES,
    limits: Mapping[str, Limits] = LIMITS,
    environ: Mapping[str, str] | None = None,
    more: Sequence[Catalogue] = (),
) -> Host:
    """A host for the functions in `functions_dir`, with `settings` in their environment.

    On a ManualClock the functions live on that clock. `max_instances` is per function; `limits`
    name the functions that have others than the default; `environ` wins over all that SCF sets;
    `more` has functions from elsewhere.
    """
    folder = FolderOfFunctions(functions_dir, settings, limits, environ or {})
    catalogue = Catalogues(folder, *more)
    return Host(catalogue, feed, clock or SystemClock(), max_instances, TIMERS)
