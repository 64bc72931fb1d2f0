"""SCF's API where there is no emulator: what functions need to invoke each other."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from local.cloud.bodies import TooLargeError, parse_json, read_body
from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError
from local.cloud.tc3 import RawRequest, check_signature
from local.host.scf_api import ScfApi
from local.host.scf_runtime import MAX_EVENT_BYTES, new_request_id

MAX_BODY_BYTES = MAX_EVENT_BYTES + 1024 * 1024  # an event, escaped, and what is around it


class ScfGateway:
    """`POST /`: checks the signature, and runs the action."""

    def __init__(self, config: CloudConfig, clock: Clock, api: ScfApi) -> None:
        self._config = config
        self._clock = clock
        self._api = api

    @property
    def routes(self) -> list[BaseRoute]:
        return [Route("/", self._handle, methods=["POST"])]

    async def _handle(self, request: Request) -> Response:
        try:
            answer = await self._answer(request)
        except ApiError as error:
            answer = {"Error": {"Code": error.code, "Message": error.message}}
        body = json.dumps({"Response": {**answer, "RequestId": new_request_id()}})
        # Exactly this content type: with a charset behind it the Python SDK overlooks errors.
        return Response(body, headers={"content-type": "application/json"})

    async def _answer(self, request: Request) -> dict[str, object]:
        raw = await _read_request(request)
        config, now_s = self._config, self._clock.now_ms() // 1000
        keys = (config.secret_id, config.secret_key, config.token)
        check_signature(raw, *keys, now_s, self._api.service)
        if raw.headers.get("x-tc-version") != self._api.version:
            raise ApiError("NoSuchVersion", f"The version of this API is {self._api.version}.")
        action, region = raw.headers.get("x-tc-action", ""), raw.headers.get("x-tc-region", "")
        return await self._api.run(action, region, _read_parameters(raw.body))


async def _read_request(request: Request) -> RawRequest:
    try:
        body = await read_body(request, MAX_BODY_BYTES)
    except TooLargeError:
        raise ApiError("RequestSizeLimitExceeded") from None
    return RawRequest(request.method, request.scope["path"], "", dict(request.headers), body)


def _read_parameters(body: bytes) -> dict[str, object]:
    try:
        parameters = parse_json(body)
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise ApiError("InvalidRequest")
    return parameters
