"""Asynchronous invocation: the event is queued, the caller gets a request id, failures are repeated.

Source: SCF documentation, error types and retry policies: a run that fails is repeated, one minute
apart. Here every failure counts as one of the run, and repeats keep the request id.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from local.cloud.clock import Clock, Timer
from local.host.pool import Place
from local.host.publisher import Publisher
from local.host.scf_runtime import MAX_LOG_LINE_BYTES, FunctionFailure, new_request_id

RETRY_AFTER_MS = 60_000

Queue = Callable[[str], Place]
Run = Callable[[str, object, str, Place], Awaitable[object]]


@dataclass(eq=False)
class Invocation:
    """One event on its way, how often it is tried at most, and how often it was."""

    function: str
    event: object
    request_id: str
    most_attempts: int
    attempts: int = 0


class AsyncInvocations:
    """Runs what nobody waits for; the feed has each attempt's outcome, as `function.result`."""

    def __init__(self, queue: Queue, run: Run, clock: Clock, feed: Publisher) -> None:
        self._queue = queue
        self._run = run
        self._clock = clock
        self._feed = feed
        self._attempts: set[asyncio.Task[None]] = set()
        self._retries: dict[Invocation, Timer] = {}

    def invoke(self, function: str, event: object, attempts: int) -> str:
        """Queue an event; return its request id."""
        invocation = Invocation(function, event, new_request_id(), attempts)
        self._begin(invocation)
        return invocation.request_id

    def forget(self, function: str) -> None:
        """Repeat nothing of a function any more."""
        for invocation in [one for one in self._retries if one.function == function]:
            self._retries.pop(invocation).cancel()

    async def close(self) -> None:
        """Drop whatever runs or waits."""
        for timer in self._retries.values():
            timer.cancel()
        self._retries.clear()
        for attempt in self._attempts:
            attempt.cancel()
        await asyncio.gather(*self._attempts, return_exceptions=True)

    def _begin(self, invocation: Invocation) -> None:
        self._retries.pop(invocation, None)
        place = self._queue(invocation.function)  # now: who waits until all is quiet must see it
        attempt = asyncio.get_running_loop().create_task(self._try(invocation, place))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)

    async def _try(self, invocation: Invocation, place: Place) -> None:
        invocation.attempts += 1
        function, request_id = invocation.function, invocation.request_id
        try:
            value = await self._run(function, invocation.event, request_id, place)
        except FunctionFailure as failure:
            self._record(invocation, failure.status, str(failure))
            self._retry(invocation)
        else:
            self._record(invocation, 0, json.dumps(value))

    def _record(self, invocation: Invocation, status: int, result: str) -> None:
        """SCF logs what a function returns. Source: SCF documentation, basic concepts."""
        self._feed.publish(
            "function.result",
            function=invocation.function,
            request_id=invocation.request_id,
            attempt=invocation.attempts,
            status=status,
            result=result[:MAX_LOG_LINE_BYTES],
        )

    def _retry(self, invocation: Invocation) -> None:
        if invocation.attempts < invocation.most_attempts:
            when_ms = self._clock.now_ms() + RETRY_AFTER_MS
            begin = self._clock.call_at(when_ms, lambda: self._begin(invocation))
            self._retries[invocation] = begin
