"""The function host: function URLs and direct invocation, one process per instance."""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.host import function_url
from local.host.pool import InstancePool
from local.host.process import start_instance
from local.host.scf_runtime import (
    DEFAULT_LIMITS,
    LIMITS,
    FunctionFailure,
    Limits,
    describe_context,
    describe_environment,
    new_request_id,
    read_log_line,
)

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Publisher(Protocol):
    """Where log lines go: the emulator's live feed."""

    def publish(self, kind: str, **fields: object) -> None:
        """Make an entry known."""


class Host:
    """Runs the functions of one folder; make one with `create_host`."""

    def __init__(
        self,
        functions_dir: Path,
        settings: Mapping[str, str],
        feed: Publisher,
        max_instances: int,
        limits: Mapping[str, Limits],
    ) -> None:
        self._functions_dir = functions_dir
        self._settings = settings
        self._feed = feed
        self._max_instances = max_instances
        self._limits = limits
        self._pools: dict[str, InstancePool] = {}
        self.routes = [
            Route("/functions/{name}", self._answer_url, methods=METHODS),
            Route("/functions/{name}/{path:path}", self._answer_url, methods=METHODS),
            Route("/_local/invoke/{name}", self._answer_invocation, methods=["POST"]),
        ]

    @property
    def pids(self) -> list[int]:
        """The process ids of all living instances."""
        return [pid for pool in self._pools.values() for pid in pool.pids]

    def has(self, name: str) -> bool:
        """Whether there is such a function."""
        path = self._functions_dir / f"{name}.py"
        return re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None and path.is_file()

    async def run(self, name: str, event: object, request_id: str) -> object:
        """Run a function once and return what it returned; raise FunctionFailure."""
        limits = self._limits.get(name, DEFAULT_LIMITS)
        context = describe_context(name, limits, request_id)
        return await self._find_pool(name).run(event, context, limits.timeout_s)

    async def close(self) -> None:
        """Stop every instance."""
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    def _find_pool(self, name: str) -> InstancePool:
        if name not in self._pools:
            start = functools.partial(
                start_instance,
                name,
                describe_environment(name, self._functions_dir, self._settings),
                self._functions_dir.parent,
                functools.partial(self._publish_log, name),
            )
            self._pools[name] = InstancePool(start, self._max_instances)
        return self._pools[name]

    def _publish_log(self, name: str, line: bytes) -> None:
        self._feed.publish("function.log", function=name, line=read_log_line(line))

    async def _answer_url(self, request: Request) -> Response:
        name, request_id = request.path_params["name"], new_request_id()
        if not self.has(name):
            return self._answer_unknown(name)
        try:
            event = await function_url.read_event(request)
            return function_url.write_answer(await self.run(name, event, request_id))
        except FunctionFailure as failure:
            return function_url.write_failure(failure, request_id)

    async def _answer_invocation(self, request: Request) -> Response:
        """200 and the return value, or 500 and SCF's error result."""
        name, request_id = request.path_params["name"], new_request_id()
        if not self.has(name):
            return self._answer_unknown(name)
        try:
            event = _parse_event(await function_url.read_body(request))
            return function_url.write_json(await self.run(name, event, request_id))
        except FunctionFailure as failure:
            return function_url.write_json(failure.describe(request_id), 500)
        except ValueError as error:
            return function_url.write_json({"error": str(error)}, 400)

    def _answer_unknown(self, name: str) -> Response:
        known = sorted(path.stem for path in self._functions_dir.glob("*.py"))
        error = f"there is no function {name}; there are: {', '.join(filter(self.has, known))}"
        return function_url.write_json({"error": error}, 404)


def _parse_event(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("the event must be JSON") from error


def create_host(
    functions_dir: Path,
    settings: Mapping[str, str],
    *,
    feed: Publisher,
    max_instances: int = 4,
    limits: Mapping[str, Limits] = LIMITS,
) -> Host:
    """A host for the functions in `functions_dir`, with `settings` in their environment.

    `max_instances` is per function; `limits` name the functions that have others than the default.
    """
    return Host(functions_dir.resolve(), settings, feed, max_instances, limits)
