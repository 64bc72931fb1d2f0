"""The API's gateway: one HTTP request in, one JSON answer out, as every Tencent Cloud product does it.

Source: API 3.0 "Request structure" and "Response": errors are HTTP 200, too.
"""

import asyncio
import json
import uuid
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from local.cloud.actions import Actions
from local.cloud.admission import Admission, Admitted, Answer, read_asked
from local.cloud.bodies import TooLargeError, read_body
from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.errors import ApiError, check_code
from local.cloud.faults.calls import Trouble
from local.cloud.faults.documents import FaultError, parse_header
from local.cloud.faults.machines import Machines
from local.cloud.faults.plan import Plan
from local.cloud.feed import Feed
from local.cloud.limits import RateLimits
from local.cloud.parameters import ACTIONS
from local.cloud.tc3 import RawRequest

MAX_BODY_BYTES = 10 * 1024 * 1024
FAULT_HEADER = "x-local-fault"


@dataclass
class Call:
    """One request as it becomes known; what is known goes into the feed."""

    request_id: str
    started_ms: int
    action: str = ""
    room_id: str | None = None
    task_id: object = None
    outcome: str = "ok"
    fault: str | None = None


class Api:
    """Admits requests, and runs them where no fault comes in between."""

    def __init__(
        self,
        config: CloudConfig,
        clock: Clock,
        feed: Feed,
        actions: Actions,
        admission: Admission,
        plan: Plan,
        machines: Machines,
    ) -> None:
        self._config = config
        self._clock = clock
        self._feed = feed
        self._actions = actions
        self._admission = admission
        self._plan = plan
        self._machines = machines
        self._closing = asyncio.Event()
        per_second = {name: getattr(config, action.limit) for name, action in ACTIONS.items()}
        self._limits = RateLimits(clock, per_second)

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.handle, methods=["POST"]),
            SignedRoute("/", self.handle, methods=["GET"]),
        ]

    def close(self) -> None:
        """Hang up on whoever is kept waiting by a fault."""
        self._closing.set()

    async def handle(self, request: Request) -> Response:
        """Answer a request of the API."""
        call = Call(str(uuid.uuid4()), self._clock.now_ms())
        try:
            raw = await _read_request(request)
            answer = await self._answer(call, raw)
        except ApiError as error:
            answer = _write_error(call, error)
        except FaultError as error:
            return JSONResponse({"error": f"X-Local-Fault: {error}"}, 400)
        self._record(call)
        return answer

    async def _answer(self, call: Call, raw: RawRequest) -> Response:
        asked = read_asked(raw)
        call.action = asked.action[:64]
        admitted = self._admission.admit(raw, asked)
        if isinstance(admitted.parameters, dict):
            call.task_id = admitted.parameters.get("TaskId")
            call.room_id = self._actions.find_room_id(admitted.parameters)
        trouble = self._find_trouble(call, raw.headers.get(FAULT_HEADER))
        self._machines.pass_step("call", call.action, call.room_id)
        interruption = await trouble.come_before()
        if interruption is None:
            answer = await self._perform(call, admitted)
            self._machines.pass_step("effect", call.action, call.room_id)
            interruption = await trouble.come_after(answer)
            if interruption is None:
                return answer
        call.outcome = call.fault or call.outcome
        return interruption

    def _find_trouble(self, call: Call, header: str | None) -> Trouble:
        own = [] if header is None else [parse_header(header, call.action)]
        faults = own or self._plan.strike_call(call.action, call.room_id)
        service = (ACTIONS[call.action].service if call.action in ACTIONS else None) or "cloud"
        trouble = Trouble(faults, self._closing, self._config.find_quota_code(service))
        call.fault = trouble.name
        return trouble

    async def _perform(self, call: Call, admitted: Admitted) -> Response:
        try:
            answer = await self._run(admitted)
        except ApiError as error:
            return _write_error(call, error)
        call.task_id = answer.get("TaskId", call.task_id)
        return _write(call, answer)

    async def _run(self, admitted: Admitted) -> Answer:
        action, region, parameters = admitted.action, admitted.region, admitted.parameters
        if admitted.api is not None:
            if not isinstance(parameters, dict):
                raise ApiError("InvalidRequest")
            return await admitted.api.run(action, region, parameters)
        self._limits.admit(action)
        checked = ACTIONS[action].check(
            parameters, self._config.site, from_query=admitted.from_query
        )
        return self._actions.run(action, region, checked)

    def _record(self, call: Call) -> None:
        about = {"room_id": call.room_id, "task_id": call.task_id, "fault": call.fault}
        self._feed.publish(
            "api.call",
            action=call.action,
            outcome=call.outcome,
            request_id=call.request_id,
            elapsed_ms=self._clock.now_ms() - call.started_ms,
            **{name: value for name, value in about.items() if isinstance(value, str) and value},
        )


class SignedRoute(Route):
    """Takes only requests that an SDK has signed, and leaves the path to others otherwise."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and _is_signed(scope):
            return super().matches(scope)
        return Match.NONE, {}


def _is_signed(scope: Scope) -> bool:
    by_header = any(name == b"authorization" for name, _ in scope["headers"])
    return by_header or b"Signature=" in scope["query_string"]


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


def _write_error(call: Call, error: ApiError) -> Response:
    check_code(call.action, error.code)
    call.outcome = error.code
    return _write(call, describe_error(error))


def _write(call: Call, answer: Answer) -> Response:
    return write_answer(answer, call.request_id)


def describe_error(error: ApiError) -> Answer:
    """What an answer says of an error."""
    return {"Error": {"Code": error.code, "Message": error.message}}


def write_answer(answer: Answer, request_id: str, status: int = 200) -> Response:
    """An answer as every product of Tencent Cloud writes it."""
    body = json.dumps({"Response": {**answer, "RequestId": request_id}})
    # Exactly this content type: with a charset behind it the Python SDK overlooks errors.
    return Response(body, status, headers={"content-type": "application/json"})
