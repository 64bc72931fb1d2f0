"""What becomes of requests that nothing here takes: an error as JSON, whatever the path and the method."""

import uuid
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from local.cloud.api import describe_error, write_answer
from local.cloud.errors import ApiError

LOCAL = "/_local/"


async def answer_stray(request: Request, error: Exception) -> Response:
    """In API 3.0's shape, and HTTP 200 at its path; under `/_local` in the shape of that."""
    assert isinstance(error, HTTPException)  # noqa: S101  what the handlers below are for
    path, status = request.scope["path"], error.status_code
    if path.startswith(LOCAL):
        sentence = f"{request.method} {path[:200]} is nothing the local cloud knows"
        return JSONResponse({"error": sentence}, status, error.headers)
    is_api = path == "/"
    answer = describe_error(_explain(request.method, status))
    return write_answer(answer, str(uuid.uuid4()), 200 if is_api else status)


async def answer_nobody(_request: Request, _error: Exception) -> Response:
    """For a client that has hung up before its request was whole: what nobody reads, and no traceback."""
    return Response(status_code=400)


def _explain(method: str, status: int) -> ApiError:
    if status == 404:
        return ApiError("InvalidRequest", "The API is at the path / of its host.")
    if method == "GET":
        return ApiError("MissingParameter", "The parameter `Action` is required.")
    return ApiError("UnsupportedProtocol")


# For the Starlette application that serves the emulator's routes.
STRAY_HANDLERS: Mapping[int | type[Exception], ExceptionHandler] = {
    404: answer_stray,
    405: answer_stray,
    ClientDisconnect: answer_nobody,
}
