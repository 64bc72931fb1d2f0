"""Which faults strike: decided from the faults that are planned and what they have met so far."""

import random
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from itertools import count
from typing import Literal, TypeVar

from local.cloud.assumed import Service
from local.cloud.faults.documents import write_fault
from local.cloud.faults.kinds import (
    AnyFault,
    ApiFault,
    CallbackFault,
    CosFault,
    EndpointFault,
    Fault,
    FunctionFault,
    MachineFault,
    TaskFault,
)

Kind = TypeVar("Kind", bound=Fault)
Strike = dict[str, object]


class Planned:
    """A fault at work: its number, its own randomness, and how often it struck."""

    def __init__(self, number: int, fault: AnyFault, planned_at_ms: int) -> None:
        self.number = number
        self.fault = fault
        self.struck = 0
        self._planned_at_ms = planned_at_ms
        self._to_skip = fault.skip
        self._met = 0
        self._random = random.Random(fault.seed)  # noqa: S311  repeatable, not secret

    def describe(self) -> dict[str, object]:
        """As `/_local/faults` shows it."""
        return {"id": self.number, "struck": self.struck, **write_fault(self.fault)}

    def is_over(self, now_ms: int) -> bool:
        """Whether its time has passed."""
        for_ms = self.fault.for_ms
        return for_ms is not None and now_ms - self._planned_at_ms >= for_ms

    def try_strike(self) -> bool:
        """Whether it strikes what it has just met; counts it if so."""
        if self._to_skip > 0:
            self._to_skip -= 1
            return False
        self._met += 1
        if self._met % self.fault.every != 1 % self.fault.every:
            return False
        if self.fault.times is not None and self.struck >= self.fault.times:
            return False
        if self.fault.rate < 1 and self._random.random() >= self.fault.rate:
            return False
        self.struck += 1
        return True


class Plan:
    """The faults in the order in which they were added; every strike is told to `on_strike`.

    `now_ms` is the time by which the spans of faults pass.
    """

    def __init__(self, on_strike: Callable[[Strike], None], now_ms: Callable[[], int]) -> None:
        self._on_strike = on_strike
        self._now_ms = now_ms
        self._numbers = count(1)
        self._planned: dict[int, Planned] = {}

    @property
    def planned(self) -> list[Planned]:
        """All faults."""
        return [*self._planned.values()]

    def add(self, fault: AnyFault) -> Planned:
        """Plan a fault."""
        planned = Planned(next(self._numbers), fault, self._now_ms())
        self._planned[planned.number] = planned
        return planned

    def remove(self, number: int) -> Planned | None:
        """Take one out; None when there is none with that number."""
        return self._planned.pop(number, None)

    def clear(self) -> int:
        """Take all of them out; how many there were."""
        removed = len(self._planned)
        self._planned.clear()
        return removed

    def strike_now(self, planned: Planned) -> None:
        """Count and tell a strike that waits for nothing."""
        planned.try_strike()
        self._tell(planned, {})

    def strike_call(self, action: str, room_id: str | None) -> list[ApiFault]:
        """What strikes a call of the API: all that delays it, and the first of everything else."""
        struck: list[ApiFault] = []
        done = False

        def fits(fault: ApiFault) -> bool:
            free = fault.what == "latency" or not done
            return free and fault.can_strike(action)

        for fault in self._strike(ApiFault, room_id, {"action": action}, fits):
            done = done or fault.what != "latency"
            struck.append(fault)
        return struck

    def strike_cos(self, operation: str, key: str) -> list[CosFault]:
        """What strikes a request of COS: all that delays it, and the first of everything else."""
        struck: list[CosFault] = []
        done = False

        def fits(fault: CosFault) -> bool:
            free = fault.what == "latency" or not done
            meant = operation in (fault.operations or (operation,))
            return free and meant and (fault.key is None or fnmatchcase(key, fault.key))

        about: Strike = {"operation": operation, "key": key}
        for fault in self._strike(CosFault, None, about, fits):
            done = done or fault.what != "latency"
            struck.append(fault)
        return struck

    def strike_callback(self, event_type: int, room_id: str) -> list[CallbackFault]:
        """What strikes a callback; nothing more happens to one that is lost."""
        struck: list[CallbackFault] = []

        def fits(fault: CallbackFault) -> bool:
            return event_type in (fault.events or (event_type,))

        for fault in self._strike(CallbackFault, room_id, {"event_type": event_type}, fits):
            struck.append(fault)
            if fault.what == "lose":
                break
        return struck

    def strike_task(self, service: Service, task_id: str, room_id: str) -> list[TaskFault]:
        """What strikes a task that has just started."""

        def fits(fault: TaskFault) -> bool:
            return fault.service in (None, service)

        return list(self._strike(TaskFault, room_id, {"task_id": task_id}, fits))

    def strike_function(self, name: str) -> list[FunctionFault]:
        """What strikes a function that SCF was told to make or to change."""

        def fits(fault: FunctionFault) -> bool:
            return fault.function is None or fnmatchcase(name, fault.function)

        return list(self._strike(FunctionFault, None, {"function": name}, fits))

    def strike_endpoint(self, receiver: str, room_id: str | None) -> list[EndpointFault]:
        """What strikes an event that has just arrived at an endpoint."""

        def fits(fault: EndpointFault) -> bool:
            return fault.receiver is None or fnmatchcase(receiver, fault.receiver)

        return list(self._strike(EndpointFault, room_id, {"receiver": receiver}, fits))

    def strike_event(self, event_type: int, room_id: str) -> list[MachineFault]:
        """What strikes the machines when a callback has been handed over."""

        def fits(fault: MachineFault) -> bool:
            return fault.step == "event" and event_type in (fault.events or (event_type,))

        return list(self._strike(MachineFault, room_id, {"event_type": event_type}, fits))

    def strike_step(
        self, step: Literal["call", "effect"], action: str, room_id: str | None
    ) -> list[MachineFault]:
        """What strikes the machines at a step of an API call."""

        def fits(fault: MachineFault) -> bool:
            return fault.step == step and action in (fault.actions or (action,))

        return list(self._strike(MachineFault, room_id, {"action": action}, fits))

    def _strike(
        self,
        kind: type[Kind],
        room_id: str | None,
        about: Strike,
        fits: Callable[[Kind], bool],
    ) -> Iterator[Kind]:
        for planned in self.planned:
            fault = planned.fault
            if not isinstance(fault, kind) or not _match_room(fault.room, room_id):
                continue
            if planned.is_over(self._now_ms()):
                continue
            if fits(fault) and planned.try_strike():
                self._tell(planned, about if room_id is None else {**about, "room_id": room_id})
                yield fault

    def _tell(self, planned: Planned, about: Strike) -> None:
        said = write_fault(planned.fault)
        self._on_strike(
            {"fault": planned.number, "where": said["where"], "what": said["what"], **about}
        )


def _match_room(glob: str | None, room_id: str | None) -> bool:
    return glob is None or (room_id is not None and fnmatchcase(room_id, glob))
