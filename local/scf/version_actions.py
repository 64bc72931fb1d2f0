"""The actions about versions of functions, and about downloading their code, a method each.

Source: SCF API 2018-04-16; SCF documentation, publishing a version (product 583, document 15371): it keeps
configuration and code of $LATEST, no trigger, and is numbered from 1 on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.cloud.admission import Answer
from local.cloud.clock import Clock
from local.cloud.errors import ApiError
from local.scf.answers import write_time
from local.scf.code import Code
from local.scf.downloads import Downloads
from local.scf.functions import Function, Functions, Published
from local.scf.settling import Settling

LATEST = "$LATEST"
DEFAULT_LIMIT = 20  # Source: SCF API 2018-04-16, ListVersionByFunction
MOST_VERSIONS = 1000  # Source: SCF documentation, quota limits (product 583, document 11637)


class VersionActions:
    """Publishes and lists versions of functions, and tells where their code is downloaded."""

    def __init__(
        self, functions: Functions, settling: Settling, clock: Clock, downloads: Downloads
    ) -> None:
        self._functions = functions
        self._settling = settling
        self._clock = clock
        self._downloads = downloads

    async def publish_version(self, asked: Mapping[str, Any]) -> Answer:
        """Copy $LATEST into a version, which takes a while; raise ApiError unless it is Active."""
        function = self._functions.get(asked["FunctionName"])
        if function.status != "Active":
            words = f"The function is {function.status}."
            raise ApiError("FailedOperation.PublishVersion", words)
        if len(function.versions) >= MOST_VERSIONS:
            words = f"A function has at most {MOST_VERSIONS} versions."
            raise ApiError("LimitExceeded.FunctionVersions", words)
        number, description = str(len(function.versions) + 1), asked.get("Description", "")
        published = Published(number, description, function.build, self._clock.now_ms())
        self._settling.begin(function, function.build, published)
        return _describe_published(published)

    async def list_version_by_function(self, asked: Mapping[str, Any]) -> Answer:
        """The versions of a function, $LATEST among them, ordered by time; raise ApiError."""
        function = self._functions.get(asked["FunctionName"])
        versions = _list_versions(function, asked.get("OrderBy", "AddTime"))
        if asked.get("Order") == "DESC":
            versions.reverse()
        offset, limit = asked.get("Offset", 0), asked.get("Limit", DEFAULT_LIMIT)
        listed = versions[offset : offset + limit]
        names = [one["Version"] for one in listed]
        return {"Versions": listed, "FunctionVersion": names, "TotalCount": len(versions)}

    async def get_function_address(self, asked: Mapping[str, Any]) -> Answer:
        """Where the zip of a version's code is, and its SHA-256; raise ApiError where there is none."""
        function = self._functions.get(asked["FunctionName"])
        code = _find_code(function, asked.get("Qualifier") or LATEST)
        return {"Url": self._downloads.make_url(code), "CodeSha256": code.sha256}


def _find_code(function: Function, qualifier: str) -> Code:
    if qualifier == LATEST:
        return function.build.code
    for version in function.versions:
        if version.number == qualifier:
            return version.build.code
    raise ApiError("ResourceNotFound.Qualifier", "There is no such version.")


def _list_versions(function: Function, order_by: str) -> list[dict[str, str]]:
    """The oldest first; a published version is never modified."""
    latest_at_ms = function.added_ms if order_by == "AddTime" else function.modified_ms
    latest = {
        **_describe_version(LATEST, function.build.configuration.description, function.added_ms),
        "ModTime": write_time(function.modified_ms),
        "Status": function.status,
    }
    timed = [(latest_at_ms, latest)]
    for one in function.versions:
        described = _describe_version(one.number, one.description, one.added_at_ms)
        timed.append((one.added_at_ms, described))
    return [described for _, described in sorted(timed, key=lambda pair: pair[0])]


def _describe_version(number: str, description: str, added_at_ms: int) -> dict[str, str]:
    added = write_time(added_at_ms)
    times = {"AddTime": added, "ModTime": added}
    return {"Version": number, "Description": description, "Status": "Active", **times}


def _describe_published(published: Published) -> Answer:
    handler, code, configuration = published.build
    return {
        "FunctionVersion": published.number,
        "Description": published.description,
        "CodeSize": code.size,
        "Handler": handler,
        "MemorySize": configuration.memory_mb,
        "Timeout": configuration.timeout_s,
        "Runtime": configuration.runtime,
        "Namespace": "default",
    }
