"""The endpoint: one HTTP request in, one answer of COS out."""

import contextlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.cloud.clock import Clock
from local.cloud.faults.plan import Plan
from local.cloud.feed import Feed
from local.cloud.waiting import Holding
from local.cos.answers import make_request_id, write_error
from local.cos.config import CosConfig
from local.cos.errors import CosError
from local.cos.objects import Objects
from local.cos.operations import Operations
from local.cos.requests import CosRequest, read_request
from local.cos.signature import check_signature
from local.cos.trouble import Trouble

OF_OBJECTS = {
    "PUT": "PutObject",
    "GET": "GetObject",
    "HEAD": "HeadObject",
    "DELETE": "DeleteObject",
}
OF_BUCKETS = {"GET": "GetBucket", "HEAD": "HeadBucket"}
LOOPBACK = ("127.0.0.1", "localhost")
# Sub-resources of COS that are not here: their requests must not be taken for others.
OTHER_RESOURCES = frozenset(
    {"acl", "append", "cors", "delete", "lifecycle", "policy", "tagging", "uploads", "uploadid"}
    | {"versioning", "versions", "versionid", "website", "restore", "replication", "encryption"}
)


class CosApi:
    """An ASGI application that serves the bucket at its root."""

    def __init__(
        self,
        config: CosConfig,
        objects: Objects,
        clock: Clock,
        feed: Feed,
        plan: Plan,
        holding: Holding = contextlib.nullcontext,
    ) -> None:
        self._config = config
        self._clock = clock
        self._feed = feed
        self._plan = plan
        self._holding = holding
        self._operations = Operations(config, objects, clock, feed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        answer = await self._answer(Request(scope, receive))
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        request_id, action = make_request_id(), ""
        try:
            asked = await read_request(request, self._config.max_object_bytes)
            action = _find_action(asked)
            self._admit(action, asked, request.scope["server"][1])
            return await self._perform(action, asked, request_id)
        except CosError as error:
            key = request.scope["path"].removeprefix("/")
            if error.code != "NotModified":
                self._feed.publish("cos.refused", action=action, key=key, code=error.code)
            return write_error(error, f"{self._config.host}/{key}", request_id)

    def _admit(self, action: str, request: CosRequest, port: int) -> None:
        local = [f"{name}:{port}" for name in LOOPBACK]
        if request.host not in (*local, self._config.host, f"{self._config.host}:80"):
            raise CosError("NoSuchBucket")
        check_signature(request, self._config, self._clock.now_ms() // 1000)
        request.read_key()
        if action in self._config.denied:
            raise CosError("AccessDenied")

    async def _perform(self, action: str, request: CosRequest, request_id: str) -> Response:
        faults = self._plan.strike_cos(action, request.read_key())
        trouble = Trouble(faults, self._clock, self._holding)
        instead = await trouble.come("before")
        if instead:
            return instead
        answer = self._operations.perform(action, request, request_id)
        return await trouble.come("after") or answer


def _find_action(request: CosRequest) -> str:
    actions = OF_BUCKETS if request.path == b"/" else OF_OBJECTS
    if request.method not in actions or OTHER_RESOURCES & request.parameters.keys():
        raise CosError("MethodNotAllowed")
    return actions[request.method]
