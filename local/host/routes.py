"""Function URLs and direct invocation, by HTTP."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from local.host import function_url
from local.host.app import Host
from local.host.scf_runtime import FunctionFailure, new_request_id

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class FunctionRoutes:
    """The routes to the functions of a host."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/functions/{name}", self._answer_url, methods=METHODS),
            Route("/functions/{name}/{path:path}", self._answer_url, methods=METHODS),
            Route("/_local/invoke/{name}", self._answer_invocation, methods=["POST"]),
        ]

    async def _answer_url(self, request: Request) -> Response:
        name = request.path_params["name"]
        if not self._host.has_path(name):
            return self._answer_unknown(name)
        return await answer_url(self._host, name, request)

    async def _answer_invocation(self, request: Request) -> Response:
        """200 and the return value, or 500 and SCF's error result."""
        name, request_id = request.path_params["name"], new_request_id()
        if not self._host.has(name):
            return self._answer_unknown(name)
        try:
            event = _parse_event(await function_url.read_body(request))
            return function_url.write_json(await self._host.run(name, event, request_id))
        except FunctionFailure as failure:
            return function_url.write_json(failure.describe(request_id), 500)
        except ValueError as error:
            return function_url.write_json({"error": str(error)}, 400)

    def _answer_unknown(self, name: str) -> Response:
        known = ", ".join(self._host.list_functions())
        error = f"there is no function {name}; there are: {known}"
        return function_url.write_json({"error": error}, 404)


async def answer_url(host: Host, name: str, request: Request) -> Response:
    """Run a function of `host` with a request of the function's URL, and answer the request."""
    request_id = new_request_id()
    try:
        event = await function_url.read_event(request)
        value = await host.run_for_url(name, event, request_id)
        return function_url.write_answer(value, request.method)
    except FunctionFailure as failure:
        return function_url.write_failure(failure, request_id)


def _parse_event(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("the event must be JSON") from error
