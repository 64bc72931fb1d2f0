"""The actions about versions of functions and the download of their code, a method each.

Source: SCF API 2018-04-16; SCF documentation, publishing a version (product 583, document 15371).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from local.cloud.admission import Answer
from local.cloud.clock import Clock
from local.cloud.errors import ApiError
from local.scf.answers import write_time
from local.scf.functions import Function, Functions, Published
from local.scf.settling import Settling

LATEST = "$LATEST"
DEFAULT_LIMIT = 20  # Source: SCF API 2018-04-16, ListVersionByFunction
CODE_PATH = "/code"


class VersionActions:
    """Publishes versions, lists them, and hands out their code at signed addresses below `url`."""

    def __init__(self, functions: Functions, settling: Settling, clock: Clock, url: str) -> None:
        self._functions = functions
        self._settling = settling
        self._clock = clock
        self._url = url
        self._archives: dict[str, Path] = {}
        self.routes = [Route(CODE_PATH, self._download)]

    async def publish_version(self, asked: Mapping[str, Any]) -> Answer:
        """Copy $LATEST into a version, which takes a while; raise ApiError unless it is Active."""
        function = self._functions.get(asked["FunctionName"])
        if function.status != "Active":
            raise ApiError("FailedOperation.PublishVersion", f"The function is {function.status}.")
        handler, code, configuration = function.build
        number, description = str(len(function.versions) + 1), asked.get("Description", "")
        published = Published(number, description, function.build, self._clock.now_ms())
        self._settling.begin(function, function.build, published)
        return {
            "FunctionVersion": number,
            "Description": description,
            "CodeSize": code.size,
            "Handler": handler,
            "MemorySize": configuration.memory_mb,
            "Timeout": configuration.timeout_s,
            "Runtime": configuration.runtime,
            "Namespace": "default",
        }

    async def list_version_by_function(self, asked: Mapping[str, Any]) -> Answer:
        """The versions of a function by AddTime, so that $LATEST is the oldest; raise ApiError."""
        function = self._functions.get(asked["FunctionName"])
        versions = [_describe(function, one) for one in _list_all(function)]
        if asked.get("Order") == "DESC":
            versions.reverse()
        offset, limit = asked.get("Offset", 0), asked.get("Limit", DEFAULT_LIMIT)
        listed = versions[offset : offset + limit]
        names = [one["Version"] for one in listed]
        return {"Versions": listed, "FunctionVersion": names, "TotalCount": len(versions)}

    async def get_function_address(self, asked: Mapping[str, Any]) -> Answer:
        """Where the zip of a version's code is, and its SHA-256; raise ApiError where there is none."""
        function = self._functions.get(asked["FunctionName"])
        qualifier, sign = asked.get("Qualifier") or LATEST, secrets.token_urlsafe(24)
        for version in _list_all(function):
            if version.number == qualifier:
                self._archives[sign] = version.build.code.archive
                url = f"{self._url}{CODE_PATH}?sign={sign}"
                return {"Url": url, "CodeSha256": version.build.code.sha256}
        raise ApiError("ResourceNotFound.Qualifier", "There is no such version.")

    async def _download(self, request: Request) -> Response:
        archive = self._archives.get(request.query_params.get("sign", ""))
        return FileResponse(archive) if archive else Response(status_code=403)


def _list_all(function: Function) -> list[Published]:
    """All versions of a function, the oldest first; $LATEST as if it were one of them."""
    description, added_at_ms = function.build.configuration.description, function.added_ms
    return [Published(LATEST, description, function.build, added_at_ms), *function.versions]


def _describe(function: Function, version: Published) -> dict[str, str]:
    is_latest = version.number == LATEST
    return {
        "Version": version.number,
        "Description": version.description,
        "AddTime": write_time(version.added_at_ms),
        "ModTime": write_time(function.modified_ms if is_latest else version.added_at_ms),
        "Status": function.status if is_latest else "Active",
    }
