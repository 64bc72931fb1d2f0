"""Faults of what runs the functions: instances that are killed, Redis that goes away for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from local.cloud.errors import RefusedError
from local.cloud.faults.kinds import AnyFault, InstanceFault, MachineFault, RedisFault
from local.cloud.faults.plan import Plan

# Kills the busy instances of the function with that name, or of all, at once.
KillInstances = Callable[[str | None], object]
# Stops Redis, and has it back after that many ms.
RestartRedis = Callable[[int], Awaitable[None]]


class Machines:
    """Strikes what the emulator was given to strike; all times here are real."""

    def __init__(
        self,
        plan: Plan,
        kill_instances: KillInstances | None,
        restart_redis: RestartRedis | None,
    ) -> None:
        self._plan = plan
        self._kill_instances = kill_instances
        self._restart_redis = restart_redis
        self._kills: set[asyncio.TimerHandle] = set()
        self._restarts: set[asyncio.Future[None]] = set()

    def check(self, fault: AnyFault) -> None:
        """Raise RefusedError where there is nothing to strike."""
        if isinstance(fault, InstanceFault) and self._kill_instances is None:
            raise RefusedError(409, "this local cloud runs no function instances to kill")
        if isinstance(fault, RedisFault) and self._restart_redis is None:
            raise RefusedError(
                409, "this local cloud runs no Redis to restart; ./roomscribe up --redis does"
            )

    def hand_over(self, event_type: int, room_id: str) -> None:
        """A callback has just been handed to the webhook."""
        self.strike(self._plan.strike_event(event_type, room_id))

    def pass_step(self, step: Literal["call", "effect"], action: str, room_id: str | None) -> None:
        """An API call has arrived, or has had its effect."""
        self.strike(self._plan.strike_step(step, action, room_id))

    def strike(self, faults: list[MachineFault]) -> None:
        """Do what the faults say."""
        for fault in faults:
            if isinstance(fault, InstanceFault):
                self._kill(fault)
            elif isinstance(fault, RedisFault):
                self._restart(fault)

    async def close(self) -> None:
        """Kill nothing more; wait until a Redis that was stopped is back."""
        for kill in self._kills:
            kill.cancel()
        await asyncio.gather(*self._restarts, return_exceptions=True)

    def _kill(self, fault: InstanceFault) -> None:
        kill = self._kill_instances
        assert kill is not None  # noqa: S101  checked when the fault was planned
        if fault.ms == 0:
            kill(fault.function)
            return

        def run() -> None:
            self._kills.discard(handle)
            kill(fault.function)

        handle = asyncio.get_running_loop().call_later(fault.ms / 1000, run)
        self._kills.add(handle)

    def _restart(self, fault: RedisFault) -> None:
        assert self._restart_redis is not None  # noqa: S101  checked when the fault was planned
        restart = asyncio.ensure_future(self._restart_redis(fault.ms))
        self._restarts.add(restart)
        restart.add_done_callback(self._restarts.discard)
