"""The actions about triggers, a method each; timers run for as long as theirs exist."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.cloud.admission import Answer
from local.cloud.clock import Clock
from local.cloud.errors import ApiError
from local.host.timers import TimerTriggers
from local.scf.answers import describe_trigger
from local.scf.assumed import URL_APPEARS_MS
from local.scf.functions import Function, Functions
from local.scf.triggers import Trigger, change_trigger, read_trigger

URL_PATH = "/url"
DEFAULT_LIMIT = 20  # Source: SCF API 2018-04-16, ListTriggers

# Runs a function by a timer; both by name.
Fire = Callable[[str, str], None]


class TriggerActions:
    """Makes, changes, deletes and lists the triggers of functions; `url` is the server's own."""

    def __init__(self, functions: Functions, clock: Clock, url: str, fire: Fire) -> None:
        self._functions = functions
        self._clock = clock
        self._url = url
        self._fire = fire
        self._timers: dict[str, list[TimerTriggers]] = {}

    async def create_trigger(self, asked: Mapping[str, Any]) -> Answer:
        """Add a trigger to a function; raise ApiError where the function has its like."""
        function = self._find_function(asked)
        if not function.is_settled:
            words = f"The function is {function.status}."
            raise ApiError("FailedOperation.CreateTrigger", words)
        trigger = read_trigger(asked, self._clock.now_ms())
        _refuse_second(function, trigger)
        function.triggers[trigger.key] = trigger
        self._schedule(function)
        return {"TriggerInfo": self._describe(function, trigger)}

    async def update_trigger(self, asked: Mapping[str, Any]) -> Answer:
        """Change what a request names of a trigger; the rest stays as it is."""
        function = self._find_function(asked)
        change_trigger(_find(function, asked), asked, self._clock.now_ms())
        self._schedule(function)
        return {}

    async def delete_trigger(self, asked: Mapping[str, Any]) -> Answer:
        """Take a trigger from a function."""
        function = self._find_function(asked)
        del function.triggers[_find(function, asked).key]
        self._schedule(function)
        return {}

    async def list_triggers(self, asked: Mapping[str, Any]) -> Answer:
        """The triggers of a function, the latest change first."""
        function = self._find_function(asked)
        offset, limit = asked.get("Offset", 0), asked.get("Limit", DEFAULT_LIMIT)
        triggers = sorted(function.triggers.values(), key=lambda one: one.modified_ms, reverse=True)
        listed = [self._describe(function, one) for one in triggers[offset : offset + limit]]
        return {"TotalCount": len(triggers), "Triggers": listed}

    def describe_all(self, function: Function) -> list[dict[str, object]]:
        """Those of a function, as GetFunction tells of them."""
        return [self._describe(function, one) for one in function.triggers.values()]

    def forget(self, function: Function) -> None:
        """A function is no more."""
        for timer in self._timers.pop(function.name, []):
            timer.close()

    def close(self) -> None:
        """Fire no more."""
        for timer in [timer for timers in self._timers.values() for timer in timers]:
            timer.close()

    def _find_function(self, asked: Mapping[str, Any]) -> Function:
        return self._functions.get(asked["FunctionName"])

    def _describe(self, function: Function, trigger: Trigger) -> dict[str, object]:
        is_there = self._clock.now_ms() >= trigger.added_ms + URL_APPEARS_MS
        url = f"{self._url}{URL_PATH}/{trigger.url_id}" if is_there else ""
        return describe_trigger(function, trigger, url)

    def _schedule(self, function: Function) -> None:
        self.forget(function)
        timers = [self._make_timer(function, one) for one in function.triggers.values()]
        self._timers[function.name] = [timer for timer in timers if timer]

    def _make_timer(self, function: Function, trigger: Trigger) -> TimerTriggers | None:
        if trigger.period_ms is None:
            return None
        timer = TimerTriggers(
            {trigger.name: trigger.period_ms},
            self._clock,
            lambda name: self._fire(function.name, name),
        )
        timer.start()
        return timer


def _find(function: Function, asked: Mapping[str, Any]) -> Trigger:
    key = (asked["Type"], asked["TriggerName"], asked.get("Qualifier") or "$LATEST")
    if key not in function.triggers:
        raise ApiError("ResourceNotFound.Trigger", "There is no such trigger.")
    return function.triggers[key]


def _refuse_second(function: Function, trigger: Trigger) -> None:
    """A name is there once, and a version or alias has one URL."""
    if trigger.key in function.triggers:
        raise ApiError("ResourceInUse.Trigger", f"The trigger `{trigger.name}` exists already.")
    others = function.triggers.values()
    if trigger.kind == "http" and any(
        (one.kind, one.qualifier) == ("http", trigger.qualifier) for one in others
    ):
        raise ApiError("LimitExceeded.Trigger", f"{trigger.qualifier} has a function URL already.")
