"""`/_local/faults`: plan faults, see how often they struck, take them back."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.cloud.arguments import read_json, refusing
from local.cloud.errors import RefusedError
from local.cloud.faults.documents import FaultError, parse_fault
from local.cloud.faults.kinds import AnyFault, FunctionFault, MachineFault
from local.cloud.faults.machines import Machines
from local.cloud.faults.plan import Plan, Planned
from local.cloud.faults.strikes import Strikes


class FaultsApi:
    """The routes; errors are 4xx with `{"error": sentence}`."""

    def __init__(
        self, plan: Plan, machines: Machines, strikes: Strikes, actions: frozenset[str]
    ) -> None:
        self._plan = plan
        self._machines = machines
        self._strikes = strikes
        self._actions = actions

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/_local/faults", self._list, methods=["GET"]),
            Route("/_local/faults", refusing(self._add), methods=["POST"]),
            Route("/_local/faults", self._clear, methods=["DELETE"]),
            Route("/_local/faults/{number:int}", refusing(self._remove), methods=["DELETE"]),
        ]

    async def _list(self, request: Request) -> Response:
        """The planned faults; with `?strikes=1` also the latest strikes, of deleted ones too."""
        faults = [planned.describe() for planned in self._plan.planned]
        more = (
            {"strikes": self._strikes.list()} if request.query_params.get("strikes") == "1" else {}
        )
        return JSONResponse({"faults": faults, **more})

    async def _add(self, request: Request) -> Response:
        """One fault, or a list of which either all are planned or none."""
        asked = await read_json(request)
        if isinstance(asked, list):
            faults = [self._read(value, f"fault {n}: ") for n, value in enumerate(asked, 1)]
            planned = [self._plan_one(fault).describe() for fault in faults]
            return JSONResponse({"faults": planned}, 201)
        return JSONResponse(self._plan_one(self._read(asked)).describe(), 201)

    async def _clear(self, _request: Request) -> Response:
        return JSONResponse({"deleted": self._plan.clear()})

    async def _remove(self, request: Request) -> Response:
        number = request.path_params["number"]
        planned = self._plan.remove(number)
        if planned is None:
            raise RefusedError(404, f"there is no fault {number}")
        return JSONResponse(planned.describe())

    def _read(self, value: object, place: str = "") -> AnyFault:
        if not isinstance(value, Mapping):
            raise RefusedError(400, f"{place}a fault must be a JSON object")
        try:
            fault = parse_fault(value, self._actions)
        except FaultError as error:
            raise RefusedError(400, f"{place}{error}") from error
        self._machines.check(fault)
        if isinstance(fault, FunctionFault) and "CreateFunction" not in self._actions:
            raise RefusedError(409, "functions are not made through this local cloud's API")
        return fault

    def _plan_one(self, fault: AnyFault) -> Planned:
        planned = self._plan.add(fault)
        if isinstance(fault, MachineFault) and fault.step == "now":
            self._plan.strike_now(planned)
            self._machines.strike([fault])
        return planned
