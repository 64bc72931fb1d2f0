"""The API's gateway: one HTTP request in, one JSON answer out, as every Tencent Cloud product does it.

Source: API 3.0 "Request structure" and "Response": errors are HTTP 200, too.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from local.cloud.actions import Actions, Answer
from local.cloud.bodies import TooLargeError, parse_json, read_body
from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError
from local.cloud.feed import Feed
from local.cloud.limits import RateLimits
from local.cloud.parameters import ACTIONS, MISSING, VERSION
from local.cloud.query import nest_query
from local.cloud.tc3 import RawRequest, check_signature

MAX_BODY_BYTES = 10 * 1024 * 1024
# The service that a credential scope names, by X-TC-Version. Source: Tencent's SDKs.
SERVICES: Mapping[str, str] = {VERSION: "trtc", "2018-04-16": "scf"}


class OtherApi(Protocol):
    """Another product's API behind the same gateway, known by its version."""

    @property
    def version(self) -> str:
        """The X-TC-Version of its requests."""

    @property
    def actions(self) -> frozenset[str]:
        """What it can do."""

    async def run(self, action: str, region: str, parameters: Mapping[str, Any]) -> Answer:
        """The answer without its RequestId; raises ApiError."""


@dataclass
class Call:
    """One request as it becomes known; what is known goes into the feed."""

    request_id: str
    started_ms: int
    action: str = ""
    room_id: object = None
    task_id: object = None


class Api:
    """Admits requests (signature, version, action, region, limit, parameters) and runs them."""

    def __init__(
        self,
        config: CloudConfig,
        clock: Clock,
        feed: Feed,
        actions: Actions,
        other_apis: Sequence[OtherApi],
    ) -> None:
        self._config = config
        self._other_apis = {api.version: api for api in other_apis}
        self._clock = clock
        self._feed = feed
        self._actions = actions
        per_second = {
            name: getattr(config, action.limit) for name, action in ACTIONS.items() if action.limit
        }
        self._limits = RateLimits(clock, per_second)

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.handle, methods=["POST"]),
            SignedRoute("/", self.handle, methods=["GET"]),
        ]

    async def handle(self, request: Request) -> Response:
        """Answer a request of the API."""
        call = Call(str(uuid.uuid4()), self._clock.now_ms())
        try:
            raw = await _read_request(request)
            answer, outcome = await self._answer(call, raw), "ok"
        except ApiError as error:
            answer, outcome = {"Error": {"Code": error.code, "Message": error.message}}, error.code
        self._record(call, outcome)
        body = json.dumps({"Response": {**answer, "RequestId": call.request_id}})
        # Exactly this content type: with a charset behind it the Python SDK overlooks errors.
        return Response(body, headers={"content-type": "application/json"})

    async def _answer(self, call: Call, raw: RawRequest) -> Answer:
        call.action = raw.headers.get("x-tc-action", "")[:64]
        config, now_s = self._config, self._clock.now_ms() // 1000
        version = raw.headers.get("x-tc-version", "")
        service = SERVICES.get(version, "trtc")
        check_signature(raw, config.secret_id, config.secret_key, config.token, now_s, service)
        if api := self._other_apis.get(version):
            parameters = _read_parameters(raw)
            if not isinstance(parameters, dict):
                raise ApiError("InvalidRequest")
            return await api.run(call.action, raw.headers.get("x-tc-region", ""), parameters)
        action, region = _find_action(raw.headers)
        parameters = _read_parameters(raw)
        if isinstance(parameters, dict):
            call.room_id, call.task_id = parameters.get("RoomId"), parameters.get("TaskId")
        self._limits.admit(action)
        checked = ACTIONS[action].check(parameters, from_query=raw.method == "GET")
        answer = self._actions.run(action, region, checked)
        call.task_id = answer.get("TaskId", call.task_id)
        return answer

    def _record(self, call: Call, outcome: str) -> None:
        about = {"room_id": call.room_id, "task_id": call.task_id}
        self._feed.publish(
            "api.call",
            action=call.action,
            outcome=outcome,
            request_id=call.request_id,
            elapsed_ms=self._clock.now_ms() - call.started_ms,
            **{name: value for name, value in about.items() if isinstance(value, str) and value},
        )


class SignedRoute(Route):
    """Takes only requests that carry an Authorization header, and leaves the path to others otherwise."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and any(
            name == b"authorization" for name, _ in scope["headers"]
        ):
            return super().matches(scope)
        return Match.NONE, {}


async def _read_request(request: Request) -> RawRequest:
    try:
        body = await read_body(request, MAX_BODY_BYTES)
    except TooLargeError:
        raise ApiError("RequestSizeLimitExceeded") from None
    headers = {
        name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers.raw
    }
    query = request.scope["query_string"].decode("latin-1")
    # Not request.url: it trusts the Host header, in which tccli sends a scheme.
    return RawRequest(request.method, request.scope["path"], query, headers, body)


def _find_action(headers: Mapping[str, str]) -> tuple[str, str]:
    """The action's name and the region; raises ApiError."""
    name, version = headers.get("x-tc-action", ""), headers.get("x-tc-version", "")
    for header, value in (("Action", name), ("Version", version)):
        if not value:
            raise ApiError(MISSING, f"The parameter `{header}` is required.")
    if version != VERSION:
        raise ApiError("NoSuchVersion", f"The version of this API is {VERSION}.")
    if name not in ACTIONS:
        raise ApiError("InvalidAction", f"The action `{name[:64]}` does not exist here.")
    return name, _check_region(name, headers.get("x-tc-region", ""))


def _check_region(name: str, region: str) -> str:
    action = ACTIONS[name]
    if not region:
        raise ApiError(action.missing_region_code, "The parameter `Region` is required.")
    if region not in action.regions:
        raise ApiError("UnsupportedRegion", f"{name} only supports {', '.join(action.regions)}.")
    return region


def _read_parameters(raw: RawRequest) -> object:
    content_type = raw.headers["content-type"].split(";")[0].strip().lower()
    if raw.method == "GET":
        return nest_query(parse_qsl(raw.query, keep_blank_values=True))
    if content_type != "application/json":
        raise ApiError("UnsupportedProtocol")
    try:
        return parse_json(raw.body)
    except ValueError as error:
        raise ApiError("InvalidRequest") from error
