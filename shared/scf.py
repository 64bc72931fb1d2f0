"""SCF's edges: a function-URL event becomes a Request, a Response becomes a dict, the context a deadline.

JSON from outside: half a character in it becomes U+FFFD, and names are read in any spelling.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from shared.errors import RequestError

# What SCF hands over and takes back is JSON: any value at all may stand in it.
Json = dict[str, Any]

SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
HALF_PAIR = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"  # Source: Unicode Standard, chapter 3.9: what stands for ill-formed text

HTTP_MARKS = ("httpMethod", "headers", "body", "requestContext")
COLD_BUDGET_S, WARM_BUDGET_S = 3.0, 4.0  # of TRTC's 5 s; a cold start has used some before we run
ANSWER_MARGIN_S = 0.5  # kept back of SCF's own time limit, to answer and to log
_instance = {"cold": True}


class Request(Struct, frozen=True):
    """An HTTP request; header names in lower case, the body as the bytes that were sent."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Response(Struct, frozen=True):
    """An HTTP answer; the body is text, or bytes that are sent as they are."""

    status: int
    body: str | bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class Invocation(Struct, frozen=True):
    """What SCF says of this run of a function; `deadline_s` is on the monotonic clock."""

    request_id: str
    function_name: str
    function_version: str
    memory_mb: int
    region: str
    namespace: str
    cold_start: bool
    started_ms: int
    deadline_s: float

    def remaining_s(self) -> float:
        """Seconds left before the answer must go out; negative when it is too late."""
        return self.deadline_s - time.monotonic()


def now_ms() -> int:
    """The wall clock, in ms since 1970."""
    return time.time_ns() // 1_000_000


def begin_invocation(context: object, *, answers_trtc: bool = True) -> Invocation:
    """Read SCF's context, tolerant of absent keys, and start the clock of this invocation.

    `answers_trtc`: somebody waits five seconds for the answer; else only SCF's own limit counts.

    Source: SCF documentation, context (product 583, document 9210), 2025-10.
    """
    keys: Mapping[str, Any] = context if isinstance(context, Mapping) else {}
    cold, _instance["cold"] = _instance["cold"], False
    limit_ms, memory_mb = str(keys.get("time_limit_in_ms")), str(keys.get("memory_limit_in_mb"))
    limit_s = (int(limit_ms) if limit_ms.isdecimal() else 10_000) / 1000 - ANSWER_MARGIN_S
    if answers_trtc:
        limit_s = min(COLD_BUDGET_S if cold else WARM_BUDGET_S, limit_s)
    return Invocation(
        request_id=str(keys.get("request_id", "")),
        function_name=str(keys.get("function_name", "")),
        function_version=str(keys.get("function_version", "")),
        memory_mb=int(memory_mb) if memory_mb.isdecimal() else 0,
        region=str(keys.get("tencentcloud_region", "")),
        namespace=str(keys.get("namespace", "")),
        cold_start=cold,
        started_ms=now_ms(),
        deadline_s=time.monotonic() + limit_s,
    )


def is_direct(event: object) -> bool:
    """Whether this is an invocation from the console or the API, which CAM has authenticated."""
    return not (isinstance(event, Mapping) and any(mark in event for mark in HTTP_MARKS))


def read_request(event: Json) -> Request:
    """Turn a function-URL event into a Request; raise RequestError for one that is none.

    Source: SCF documentation, function URL (product 583, document 96099), 2025-08.
    """
    headers = event.get("headers") or {}
    query = event.get("queryString") or event.get("queryStringParameters") or {}
    if not isinstance(headers, Mapping) or not isinstance(query, Mapping):
        raise RequestError("the event's headers and queryString must be objects")
    text = event.get("body")
    if not isinstance(text, str | None):
        raise RequestError("the event's body must be a string")
    body = (text or "").encode("utf-8", "surrogatepass")
    # Undocumented for function URLs; apigw-compatible events had the flag as a bool or a word.
    if str(event.get("isBase64Encoded", "")).lower() == "true":
        try:
            body = base64.b64decode(body, validate=True)
        except ValueError as error:
            raise RequestError("the event's body is not base64, although it says so") from error
    return Request(
        method=str(event.get("httpMethod", "")).upper(),
        path=str(event.get("path", "/")),
        query={str(name): str(value) for name, value in query.items()},
        headers={str(name).lower(): str(value) for name, value in headers.items()},
        body=body,
    )


def write_response(response: Response) -> Json:
    """The dict SCF turns into an HTTP answer; always the explicit form with a statusCode."""
    body = response.body
    text = body if isinstance(body, str) else base64.b64encode(body).decode("ascii")
    return {
        "isBase64Encoded": isinstance(body, bytes),
        "statusCode": response.status,
        "headers": dict(response.headers),
        "body": text,
    }


def answer_code(status: int, error: str = "") -> Json:
    """The short JSON answer TRTC gets: {"code": 0}, or the status and a fixed word."""
    body: Json = {"code": status, "error": error} if error else {"code": 0}
    return write_response(Response(status, json.dumps(body)))


def mend_json(body: bytes) -> bytes:
    """The JSON with U+FFFD for bytes that are no UTF-8, and for escapes of half a surrogate pair.

    What is whole, or is no JSON at all, comes back as it is.
    """
    text = body.decode("utf-8", "replace")
    if SURROGATE_ESCAPE.search(text):  # the pair of an emoji is a good one; only a parser can tell
        try:
            text = json.dumps(json.loads(text), ensure_ascii=False)
        except (ValueError, RecursionError):
            return body
    return HALF_PAIR.sub(REPLACEMENT, text).encode()


def fold_names(value: object) -> Json:
    """An object whose names are spelled alike: RoundId, round_id and roundid are one; {} for any other."""
    if not isinstance(value, Mapping):
        return {}
    return {str(name).replace("_", "").lower(): content for name, content in value.items()}
