"""Function URLs: a request becomes SCF's event, a return value becomes the answer."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from local.host.scf_runtime import MAX_EVENT_BYTES, FunctionFailure

# The server writes these itself; a function's own would contradict what is sent.
HOP_HEADERS = ("connection", "content-length", "transfer-encoding")
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+: [\t\x20-\x7e\xa0-\xff]*")
# What a function URL answers when there is no result is unverified on SCF.
HTTP_STATUS = {406: 413, 407: 502, 433: 504, 450: 504}


async def read_event(request: Request) -> dict[str, object]:
    """The function-URL event of a request; raise FunctionFailure 406 for more than 6 MB.

    Source: SCF documentation, function URL (product 583, document 96099), 2025-08. A body that is
    not UTF-8 comes as base64 with `isBase64Encoded`: unverified there.
    """
    body = await read_body(request)
    address = request.client.host if request.client else ""
    event: dict[str, object] = {
        "headers": {**read_headers(request), "x-scf-remote-addr": address},
        "httpMethod": request.method,
        "path": "/" + str(request.path_params.get("path", "")),
        "queryString": dict(request.query_params),
    }
    try:
        return {"body": body.decode(), **event}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True, **event}


async def read_body(request: Request) -> bytes:
    """The whole body; raise FunctionFailure 406 for more than 6 MB."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_EVENT_BYTES:
            raise FunctionFailure(406)
        chunks.append(chunk)
    return b"".join(chunks)


def read_headers(request: Request) -> dict[str, str]:
    """Header names in lower case; a repeated header's values joined by commas."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def write_answer(value: object, method: str = "GET") -> Response:
    """The HTTP answer of a function's return value; raise FunctionFailure 430 for a malformed one.

    To HEAD, which has no body, the function itself may tell the length that GET would be answered.
    Source: SCF documentation, function URL: without `statusCode`, 200 and the value as JSON.
    """
    if not (isinstance(value, dict) and "statusCode" in value):
        return write_json(value)
    status, headers, body = value["statusCode"], value.get("headers") or {}, value.get("body", "")
    if not _is_answer(status, headers, body):
        raise FunctionFailure(430, reason="Invalid scf response format")
    sent = {name: str(content) for name, content in headers.items() if _is_sent(name, method)}
    content = _decode_body(body, encoded=value.get("isBase64Encoded") is True)
    return Response(content, status_code=status, headers=sent)


def write_failure(failure: FunctionFailure, request_id: str) -> Response:
    """A 5xx (413 for an event that is too large); the stack trace stays in the logs."""
    described = failure.describe(request_id)
    del described["stackTrace"]
    return write_json(described, HTTP_STATUS.get(failure.status, 500))


def write_json(value: object, status: int = 200) -> Response:
    """A JSON answer; everything outside ASCII is escaped, so that lone surrogates survive."""
    return Response(json.dumps(value), status_code=status, media_type="application/json")


def _is_answer(status: object, headers: object, body: object) -> bool:
    return (
        type(status) is int
        and 200 <= status <= 599
        and isinstance(headers, Mapping)
        and all(HEADER.fullmatch(f"{name}: {value}") for name, value in headers.items())
        and isinstance(body, str)
    )


def _is_sent(header: str, method: str) -> bool:
    name = header.lower()
    return name not in HOP_HEADERS or (method, name) == ("HEAD", "content-length")


def _decode_body(body: str, *, encoded: bool) -> bytes:
    if not encoded:
        return body.encode("utf-8", "replace")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FunctionFailure(430, reason="Invalid scf response format") from error
