"""The function host: runs the functions of a folder, one process per instance."""

from __future__ import annotations

import asyncio
import functools
import random
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.routing import BaseRoute

from local.cloud.clock import Clock, ManualClock, SystemClock
from local.host.async_invocations import AsyncInvocations
from local.host.pool import InstancePool, Slot
from local.host.process import start_instance
from local.host.publisher import Publisher
from local.host.routes import FunctionRoutes
from local.host.scf_runtime import (
    DEFAULT_LIMITS,
    LIMITS,
    TIMERS,
    Limits,
    describe_context,
    describe_environment,
    describe_timer_event,
    read_log_line,
)
from local.host.timers import TimerTriggers


class Host:
    """Runs functions; make one with `create_host` and use it from one event loop."""

    def __init__(
        self,
        functions_dir: Path,
        describe_environment_of: Callable[[str], Mapping[str, str]],
        feed: Publisher,
        clock: Clock,
        max_instances: int,
        limits: Mapping[str, Limits],
    ) -> None:
        self._functions_dir = functions_dir
        self._describe_environment = describe_environment_of
        self._feed = feed
        self._clock = clock
        self._max_instances = max_instances
        self._limits = limits
        self._pools: dict[str, InstancePool] = {}
        self._changed = asyncio.Event()
        self._invocations = AsyncInvocations(self._queue, self.run, clock, feed)
        self._timers = TimerTriggers(TIMERS, clock, self._fire_timer)
        self._function_routes = FunctionRoutes(self)
        if isinstance(clock, ManualClock):
            clock.watch(self._tell_time)

    @property
    def routes(self) -> list[BaseRoute]:
        """Function URLs and direct invocation."""
        return self._function_routes.routes

    @property
    def pids(self) -> list[int]:
        """The process ids of all living instances."""
        return [pid for pool in self._pools.values() for pid in pool.pids]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing runs or is about to; who sleeps on a manual clock does not run."""
        return all(pool.is_quiet for pool in self._pools.values())

    @property
    def url_runs(self) -> int:
        """How many requests of function URLs run, or wait for an instance."""
        return self._function_routes.runs

    def list_functions(self) -> list[str]:
        """The names of all functions."""
        return sorted(filter(self.has, (path.stem for path in self._functions_dir.glob("*.py"))))

    def has(self, name: str) -> bool:
        """Whether there is such a function."""
        path = self._functions_dir / f"{name}.py"
        return re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None and path.is_file()

    def start(self) -> None:
        """Start the timers."""
        self._timers.start()

    async def run(
        self, name: str, event: object, request_id: str, slot: Slot | None = None
    ) -> object:
        """Run a function once and return what it returned; raise FunctionFailure."""
        limits = self._limits.get(name, DEFAULT_LIMITS)
        context = describe_context(name, limits, request_id)
        slot = slot or self._queue(name)
        return await self._find_pool(name).run(slot, event, context, limits.timeout_s)

    def invoke_async(self, name: str, event: object) -> str:
        """Queue an event, run it when an instance is free, repeat it if that fails; its request id."""
        return self._invocations.invoke(name, event)

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
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    def _find_pool(self, name: str) -> InstancePool:
        if name not in self._pools:
            start = functools.partial(
                start_instance,
                name,
                self._describe_environment(name),
                self._functions_dir.parent,
                clock=self._clock,
                log=functools.partial(self._publish_log, name),
                fell_asleep=self._changed.set,
            )
            self._pools[name] = InstancePool(start, self._max_instances, self._changed.set)
        return self._pools[name]

    def _queue(self, name: str) -> Slot:
        return self._find_pool(name).queue()

    def _fire_timer(self, name: str) -> None:
        """Not while events wait for an instance: timer events must not pile up."""
        if self.has(name) and not self._find_pool(name).has_queue:
            self.invoke_async(name, describe_timer_event(name, self._clock.now_ms()))

    def _tell_time(self) -> None:
        for pool in self._pools.values():
            pool.tell_time()

    def _publish_log(self, name: str, line: bytes) -> None:
        self._feed.publish("function.log", function=name, line=read_log_line(line))


def create_host(
    functions_dir: Path,
    settings: Mapping[str, str],
    *,
    feed: Publisher,
    clock: Clock | None = None,
    max_instances: int = 4,
    limits: Mapping[str, Limits] = LIMITS,
    environ: Mapping[str, str] | None = None,
) -> Host:
    """A host for the functions in `functions_dir`, with `settings` in their environment.

    On a ManualClock the functions live on that clock. `max_instances` is per function; `limits`
    name the functions that have others than the default; `environ` wins over all that SCF sets.
    """
    folder = functions_dir.resolve()
    describe = functools.partial(
        describe_environment, functions_dir=folder, settings=settings, extra=environ or {}
    )
    return Host(folder, describe, feed, clock or SystemClock(), max_instances, limits)
