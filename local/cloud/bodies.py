"""Request bodies: read no further than a limit, and JSON without the surprises of Python's parser."""

import json
from typing import NoReturn

from starlette.requests import Request


class TooLargeError(Exception):
    """A body over the limit."""


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body; raises TooLargeError as soon as it is over the limit."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise TooLargeError
        chunks.append(chunk)
    return b"".join(chunks)


def parse_json(body: bytes) -> object:
    """Strict JSON in UTF-8 that can be written again; raises ValueError."""
    try:
        value = json.loads(body.decode(), parse_constant=_refuse_constant)
        if b"\\u" in body:  # a lone surrogate parses, but is no text
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
