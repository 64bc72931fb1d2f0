"""SCF's API: the one action with which a function invokes another, or itself, without waiting.

Source: SCF API 2018-04-16, Invoke, and the models of tencentcloud-sdk-python-scf 3.1.100.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from local.cloud.errors import ApiError
from local.host.app import Host
from local.host.scf_runtime import MAX_EVENT_BYTES, FunctionFailure, new_request_id

MAX_ASYNC_EVENT_BYTES = (
    128 * 1024
)  # Source: SCF documentation, limits (product 583, document 11637)
NAMESPACE, QUALIFIERS = "default", ("$LATEST", "$DEFAULT")


class ScfApi:
    """Answers the actions of version 2018-04-16 for the functions of a host."""

    service, version = "scf", "2018-04-16"
    actions = frozenset({"Invoke"})

    def __init__(self, host: Host) -> None:
        self._host = host

    async def run(
        self, action: str, region: str, parameters: Mapping[str, Any]
    ) -> dict[str, object]:
        """What is in the answer's Response; raise ApiError."""
        if action not in self.actions:
            raise ApiError("InvalidAction")
        if not region:
            raise ApiError("MissingParameter", "The parameter `Region` is required.")
        return await self.invoke(parameters)

    async def invoke(self, parameters: Mapping[str, Any]) -> dict[str, object]:
        """Run a function, or queue an event for it; raise ApiError for unusable parameters."""
        name = self._find_function(parameters)
        asynchronous = _read_kind(parameters) == "Event"
        event = _read_event(parameters, MAX_ASYNC_EVENT_BYTES if asynchronous else MAX_EVENT_BYTES)
        if asynchronous:
            return _write_result(self._host.invoke_async(name, event))
        return await self._run(name, event)

    def _find_function(self, parameters: Mapping[str, Any]) -> str:
        name = parameters.get("FunctionName")
        if not isinstance(name, str) or not name:
            raise ApiError("MissingParameter", "The parameter `FunctionName` is required.")
        if parameters.get("Namespace") not in (None, NAMESPACE):
            raise ApiError("ResourceNotFound.Namespace", "There is no such namespace.")
        if parameters.get("Qualifier") not in (None, *QUALIFIERS):
            raise ApiError("ResourceNotFound.Qualifier", "There is no such version or alias.")
        if not self._host.has(name):
            raise ApiError("ResourceNotFound.Function", "There is no such function.")
        return name

    async def _run(self, name: str, event: object) -> dict[str, object]:
        request_id, started_s = new_request_id(), time.monotonic()
        try:
            value = await self._host.run(name, event, request_id)
            outcome: dict[str, object] = {"RetMsg": json.dumps(value)}
        except FunctionFailure as failure:
            described = json.dumps(failure.describe(request_id))
            outcome = {"InvokeResult": -1, "ErrMsg": str(failure), "RetMsg": described}
        took_ms = round((time.monotonic() - started_s) * 1000, 3)
        return _write_result(request_id, Duration=took_ms, BillDuration=int(took_ms) + 1, **outcome)


def _read_kind(parameters: Mapping[str, Any]) -> object:
    kind = parameters.get("InvocationType", "RequestResponse")
    if kind not in ("RequestResponse", "Event"):
        raise ApiError(
            "InvalidParameterValue", "InvocationType must be `RequestResponse` or `Event`."
        )
    return kind


def _read_event(parameters: Mapping[str, Any], limit_bytes: int) -> object:
    """Without a ClientContext the event is empty."""
    text = parameters.get("ClientContext", "{}")
    if not isinstance(text, str):
        raise ApiError("InvalidParameterValue.ClientContext", "ClientContext must be a string.")
    if len(text.encode()) > limit_bytes:
        raise ApiError(
            "InvalidParameter.RequestTooLarge", f"ClientContext is larger than {limit_bytes} bytes."
        )
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ApiError(
            "InvalidParameterValue.ClientContext", "ClientContext must be JSON."
        ) from None


def _write_result(request_id: str, **known: object) -> dict[str, object]:
    """The Result; MemUsage is not measured here, and Log stays empty without LogType."""
    unknown = {"Duration": 0, "MemUsage": 0, "InvokeResult": 0, "BillDuration": 0}
    texts = {"RetMsg": "", "ErrMsg": "", "Log": ""}
    return {"Result": {"FunctionRequestId": request_id, **unknown, **texts, **known}}
