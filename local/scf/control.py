"""The actions of SCF's API, a method each; those about triggers and versions, and Invoke, are elsewhere.

Source: SCF API 2018-04-16.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from local.cloud.admission import Answer
from local.cloud.clock import Clock
from local.cloud.errors import ApiError
from local.host.app import Host
from local.host.scf_api import NAMESPACE, ScfApi
from local.scf.answers import describe_function
from local.scf.assumed import SETTLING_MS, TOTAL_MB
from local.scf.code import Code, read_zip, unpack
from local.scf.configuration import Configuration, check_handler, check_name
from local.scf.functions import Build, Function, Functions
from local.scf.parameters import CHECKERS
from local.scf.settling import Settling, Strike
from local.scf.trigger_actions import TriggerActions
from local.scf.version_actions import VersionActions

# Source: SCF documentation, error types and retry policies.
SHARED_MB = 12_800  # Source: PutReservedConcurrencyConfig: what functions without a quota keep
MOST_RETRIES, SHORTEST_TTL_S, LONGEST_TTL_S = 2, 60, 21_600

Asked = Mapping[str, Any]
Action = Callable[[Asked], Awaitable[Answer]]


class ControlPlane:
    """Answers the actions of version 2018-04-16 for the functions of a host; code goes to `folder`."""

    service, version = ScfApi.service, ScfApi.version

    def __init__(
        self, functions: Functions, host: Host, clock: Clock, strike: Strike, folder: Path, url: str
    ) -> None:
        self._functions = functions
        self._host = host
        self._clock = clock
        self._folder = folder
        self._numbers = count(1)
        self._renewing: set[asyncio.Task[None]] = set()
        self._settling = Settling(clock, strike, functions.judge, SETTLING_MS, self._renew)
        self._triggers = TriggerActions(functions, clock, url, host.fire_timer)
        self.versions = versions = VersionActions(functions, self._settling, clock, url)
        self._by_name: Mapping[str, Action] = {
            "Invoke": ScfApi(host).invoke,
            "CreateFunction": self.create_function,
            "UpdateFunctionCode": self.update_function_code,
            "UpdateFunctionConfiguration": self.update_function_configuration,
            "GetFunction": self.get_function,
            "DeleteFunction": self.delete_function,
            "CreateTrigger": self._triggers.create_trigger,
            "UpdateTrigger": self._triggers.update_trigger,
            "DeleteTrigger": self._triggers.delete_trigger,
            "ListTriggers": self._triggers.list_triggers,
            "PublishVersion": versions.publish_version,
            "ListVersionByFunction": versions.list_version_by_function,
            "GetFunctionAddress": versions.get_function_address,
            "UpdateFunctionEventInvokeConfig": self.update_function_event_invoke_config,
            "PutReservedConcurrencyConfig": self.put_reserved_concurrency_config,
            "GetReservedConcurrencyConfig": self.get_reserved_concurrency_config,
            "DeleteReservedConcurrencyConfig": self.delete_reserved_concurrency_config,
        }

    @property
    def actions(self) -> frozenset[str]:
        """What it can do."""
        return frozenset(self._by_name)

    async def run(self, action: str, region: str, parameters: Asked) -> Answer:
        """What is in the answer's Response, for one of `actions`; raise ApiError."""
        if not region:
            raise ApiError("MissingParameter", "The parameter `Region` is required.")
        return await self._by_name[action](_check(action, parameters))

    def close(self) -> None:
        """Change nothing any more, and fire no timer."""
        self._settling.close()
        self._triggers.close()
        for task in self._renewing:
            task.cancel()

    async def create_function(self, asked: Asked) -> Answer:
        """Add a function, which settles before it can run; raise ApiError."""
        name, handler = asked["FunctionName"], asked.get("Handler", "")
        check_name(name)
        check_handler(handler)
        configuration = Configuration().change({"Runtime": Configuration.runtime, **asked})
        code = await self._unpack(read_zip(asked))
        now_ms = self._clock.now_ms()
        function = Function(name, Build(handler, code, configuration), now_ms, now_ms)
        self._functions.add(function)
        self._settling.begin(function, function.build)
        return {}

    async def update_function_code(self, asked: Asked) -> Answer:
        """Give a function other code, and the handler that a request names; raise ApiError."""
        function = self._functions.get(asked["FunctionName"])
        _refuse_unsettled(function, "UpdateFunctionCode")
        handler = asked.get("Handler") or function.build.handler
        check_handler(handler)
        code = await self._unpack(read_zip(asked))
        self._settling.begin(function, function.build._replace(handler=handler, code=code))
        return {}

    async def update_function_configuration(self, asked: Asked) -> Answer:
        """Change what a request names of a function's configuration; raise ApiError."""
        function = self._functions.get(asked["FunctionName"])
        _refuse_unsettled(function, "UpdateFunctionConfiguration")
        configuration = function.build.configuration.change(asked)
        self._settling.begin(function, function.build._replace(configuration=configuration))
        return {}

    async def get_function(self, asked: Asked) -> Answer:
        """Describe a function and its triggers; raise ApiError where there is no such function."""
        function = self._functions.get(asked.get("FunctionName", ""))
        return describe_function(function, self._triggers.describe_all(function))

    async def delete_function(self, asked: Asked) -> Answer:
        """Remove a function with its triggers; raise ApiError while it is being changed."""
        function = self._functions.get(asked["FunctionName"])
        if function.status in ("Creating", "Updating", "Publishing"):
            _refuse_unsettled(function, "DeleteFunction")
        self._settling.forget(function)
        self._triggers.forget(function)
        self._functions.remove(function.name)
        await self._host.forget(function.name)
        return {}

    async def update_function_event_invoke_config(self, asked: Asked) -> Answer:
        """Set how often a failed event is repeated, and for how many seconds; raise ApiError."""
        function = self._functions.get(asked["FunctionName"])
        wanted = asked["AsyncTriggerConfig"]
        retries = [one["RetryNum"] for one in wanted["RetryConfig"]]
        if len(retries) != 1 or retries[0] > MOST_RETRIES:
            raise ApiError("LimitExceeded.RetryNum", f"RetryNum must be 0 to {MOST_RETRIES}, once.")
        if not SHORTEST_TTL_S <= wanted["MsgTTL"] <= LONGEST_TTL_S:
            words = f"MsgTTL must be {SHORTEST_TTL_S} to {LONGEST_TTL_S} seconds."
            raise ApiError("LimitExceeded.MsgTTL", words)
        function.retries, function.msg_ttl_s = retries[0], wanted["MsgTTL"]
        return {}

    async def put_reserved_concurrency_config(self, asked: Asked) -> Answer:
        """Reserve memory, in MB, for the instances of a function; raise ApiError for too little or too much.

        Source: the comments of tencentcloud-sdk-go, scf/v20180416/client.go, which list each action's codes.
        """
        function = self._functions.get(asked["FunctionName"])
        memory_mb = asked["ReservedConcurrencyMem"]
        if memory_mb < function.build.configuration.memory_mb:
            words = "ReservedConcurrencyMem must be enough for one instance."
            raise ApiError("InvalidParameterValue", words)
        others = sum(one.reserved_mb or 0 for one in self._functions.list_all() if one != function)
        if others + memory_mb > TOTAL_MB - SHARED_MB:
            words = f"All functions together can reserve {TOTAL_MB - SHARED_MB} MB."
            raise ApiError("LimitExceeded.FunctionReservedConcurrencyMemory", words)
        function.reserved_mb = memory_mb
        await self._host.renew(function.name)
        return {}

    async def get_reserved_concurrency_config(self, asked: Asked) -> Answer:
        """Tell the memory reserved for a function, in MB, or null; raise ApiError for an unknown one."""
        return {"ReservedMem": self._functions.get(asked["FunctionName"]).reserved_mb}

    async def delete_reserved_concurrency_config(self, asked: Asked) -> Answer:
        """Reserve nothing for a function any more; raise ApiError where there is no such function."""
        function = self._functions.get(asked["FunctionName"])
        function.reserved_mb = None
        await self._host.renew(function.name)
        return {}

    async def _unpack(self, archive: bytes) -> Code:
        return await asyncio.to_thread(unpack, archive, self._folder / str(next(self._numbers)))

    def _renew(self, function: Function) -> None:
        renewal = asyncio.get_running_loop().create_task(self._host.renew(function.name))
        self._renewing.add(renewal)
        renewal.add_done_callback(self._renewing.discard)


def _check(action: str, parameters: Asked) -> Asked:
    """The checked parameters; raise ApiError. Invoke checks its own, on every host."""
    if action == "Invoke":
        return parameters
    asked = CHECKERS[action].check(parameters)
    if asked.get("Namespace") not in (None, NAMESPACE):
        raise ApiError("ResourceNotFound.Namespace", "There is no such namespace.")
    return asked


def _refuse_unsettled(function: Function, action: str) -> None:
    if not function.is_settled:
        raise ApiError(f"FailedOperation.{action}", f"The function is {function.status}.")
