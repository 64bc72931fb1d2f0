"""The way of a callback to the webhook, where the planned faults make it another than the shortest."""

from collections.abc import Callable
from dataclasses import replace

from local.cloud.callbacks import Callback
from local.cloud.clock import Clock, Timer
from local.cloud.faults.kinds import DEFAULT_REORDER_MS, CallbackFault
from local.cloud.faults.plan import Plan
from local.cloud.state import RoomKey


class Detours:
    """Loses, repeats, delays and holds callbacks back; `go` sends one at once."""

    def __init__(self, clock: Clock, plan: Plan, go: Callable[[Callback], None]) -> None:
        self._clock = clock
        self._plan = plan
        self._go = go
        self._held: dict[RoomKey, list[Callback]] = {}
        self._timers: set[Timer] = set()

    def send(self, callback: Callback) -> None:
        """Send a callback, unless a fault has other plans."""
        struck = self._plan.strike_callback(callback.event_type, callback.room[1])
        if any(fault.what == "lose" for fault in struck):
            return
        for fault in struck:
            if fault.what == "duplicate":
                for _ in range(fault.copies or 1):
                    self._wait(fault.ms or 0, replace(callback))
        delay_ms = sum(fault.ms or 0 for fault in struck if fault.what == "delay")
        reorders = [fault for fault in struck if fault.what == "reorder"]
        if reorders:
            self._hold(reorders[0], callback)
        else:
            self._wait(delay_ms, callback)

    def pass_by(self, callback: Callback) -> None:
        """Let those go that waited for another callback of the room to arrive first."""
        for held in self._held.pop(callback.room, []):
            self._go(held)

    def close(self) -> None:
        """Drop whatever waits."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._held.clear()

    def _hold(self, fault: CallbackFault, callback: Callback) -> None:
        ms = DEFAULT_REORDER_MS if fault.ms is None else fault.ms
        self._held.setdefault(callback.room, []).append(callback)
        self._after(ms, lambda: self._release(callback))

    def _release(self, callback: Callback) -> None:
        held = self._held.get(callback.room, [])
        if callback in held:
            held.remove(callback)
            self._go(callback)

    def _wait(self, ms: int, callback: Callback) -> None:
        if ms > 0:
            self._after(ms, lambda: self._go(callback))
        else:
            self._go(callback)

    def _after(self, ms: int, work: Callable[[], None]) -> None:
        def run() -> None:
            self._timers.discard(timer)
            work()

        timer = self._clock.call_at(self._clock.now_ms() + ms, run)
        self._timers.add(timer)
