"""`/_local/receiver/{name}` takes events as somebody's endpoint would; `/_local/events` lists them."""

import contextlib
import re
from collections import Counter, deque
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.cloud.arguments import MAX_BODY_BYTES, read_query_number, refusing
from local.cloud.bodies import TooLargeError, parse_json, read_body
from local.cloud.clock import Clock
from local.cloud.errors import RefusedError
from local.cloud.faults.answers import DroppedAnswer
from local.cloud.faults.kinds import EndpointFault
from local.cloud.faults.plan import Plan
from local.cloud.feed import Feed
from local.cloud.waiting import Holding, wait_for_clock
from local.receiver.signature import find_fault

PATH = "/_local/receiver"
KEPT = 20_000
SHOWN = 1_000
DEFAULT_STATUS = 500


class Receiver:
    """Endpoints under any name; one of `secrets`, the text of EVENTS_SECRET, signs their events.

    `holding` as in `wait_for_clock`.
    """

    def __init__(
        self,
        secrets: str,
        clock: Clock,
        feed: Feed,
        plan: Plan,
        holding: Holding = contextlib.nullcontext,
    ) -> None:
        self._secrets: Sequence[str] = re.findall(r"[^\s,]+", secrets)
        self._clock, self._feed, self._plan, self._holding = clock, feed, plan, holding
        self._arrived: deque[dict[str, object]] = deque(maxlen=KEPT)
        self._attempts: Counter[tuple[str, str]] = Counter()

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route(PATH + "/{name}", refusing(self._receive), methods=["POST"]),
            Route("/_local/events", refusing(self._list), methods=["GET"]),
        ]

    async def _list(self, request: Request) -> Response:
        """What arrived, newest first: at most `?limit=`, of the endpoint `?receiver=` alone."""
        limit = read_query_number(request, "limit") or SHOWN
        name = request.query_params.get("receiver")
        found = [one for one in reversed(self._arrived) if name in (None, one["receiver"])]
        return JSONResponse({"events": found[:limit]})

    async def _receive(self, request: Request) -> Response:
        try:
            body = await read_body(request, MAX_BODY_BYTES)
        except TooLargeError:
            raise RefusedError(413, f"at most {MAX_BODY_BYTES} bytes") from None
        name, event = request.path_params["name"], _parse(body)
        faults = self._plan.strike_endpoint(name, _find_room(event))
        if any(fault.what == "away" for fault in faults):
            return DroppedAnswer()
        wrong = find_fault(request.headers, body, self._secrets, self._clock.now_ms() // 1000)
        answer, said = _choose_answer(faults, wrong)
        self._keep(name, request.headers.get("webhook-id", ""), event, wrong, said)
        slow_ms = sum(fault.ms or 0 for fault in faults if fault.what == "slow")
        if slow_ms:
            await wait_for_clock(self._clock, slow_ms, self._holding)
        return answer

    def _keep(
        self, name: str, event_id: str, event: dict[str, object], wrong: str | None, said: object
    ) -> None:
        self._attempts[name, event_id] += 1
        arrived: dict[str, object] = {
            "receiver": name,
            "id": event_id,
            "type": event.get("type"),
            "attempt": self._attempts[name, event_id],
            "verified": wrong is None,
            "problem": wrong,
            "answered": said,
        }
        about = {"timestamp": event.get("timestamp"), "data": event.get("data")}
        self._arrived.append({"at_ms": self._clock.now_ms(), **arrived, **about})
        self._feed.publish("event.received", **arrived, **_name_room(event))


def _choose_answer(
    faults: Sequence[EndpointFault], wrong: str | None
) -> tuple[Response, int | str]:
    """An answer, and what the list says of it."""
    for fault in faults:
        if fault.what == "drop":
            return DroppedAnswer(), "dropped"
        if fault.what == "status":
            status = fault.status or DEFAULT_STATUS
            return Response(status_code=status), status
    if wrong:
        return JSONResponse({"error": wrong}, 401), 401
    return Response(status_code=204), 204


def _parse(body: bytes) -> dict[str, object]:
    try:
        event = parse_json(body)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


def _name_room(event: dict[str, object]) -> dict[str, object]:
    data = event.get("data")
    if not isinstance(data, dict):
        return {}
    return {name: data[name] for name in ("room_id", "room_id_type") if name in data}


def _find_room(event: dict[str, object]) -> str | None:
    room_id = _name_room(event).get("room_id")
    return room_id if isinstance(room_id, str) else None
