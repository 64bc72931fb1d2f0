"""A request of COS as it arrived: its signature is checked over exactly this.

Independent of shared/, so that a bug of the signer there cannot hide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.requests import Request

from local.cloud.bodies import TooLargeError, read_body
from local.cos.errors import CosError

MAX_KEY_BYTES = 850  # Source: "Object overview", COS document 436/13324
MOST_PARAMETERS = 100
SCHEME = b"http://"


@dataclass(frozen=True)
class CosRequest:
    """One HTTP request; the path is percent-decoded, names of headers and parameters are in lower case.

    Parameters that are no UTF-8 carry their bytes as surrogates.
    """

    method: str
    path: bytes
    parameters: Mapping[str, str]
    headers: Mapping[str, bytes]
    body: bytes

    def read_header(self, name: str) -> str | None:
        """A header's value, None when absent."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def host(self) -> str:
        """The Host header in lower case, with its port if it has one."""
        return (self.read_header("host") or "").lower()

    def read_key(self) -> str:
        """The object's key, "" for the bucket itself; raises CosError where no object can have it."""
        key = self.path[1:]
        if len(key) > MAX_KEY_BYTES:
            raise CosError("KeyTooLong")
        try:
            return key.decode()
        except UnicodeDecodeError:
            raise CosError("InvalidURI") from None


async def read_request(request: Request, max_body_bytes: int) -> CosRequest:
    """Read it whole; raises CosError EntityTooLarge, or InvalidArgument for too many parameters."""
    try:
        body = await read_body(request, max_body_bytes)
    except TooLargeError:
        raise CosError("EntityTooLarge") from None
    path: bytes = request.scope["raw_path"]
    if path.startswith(SCHEME):  # sent through a proxy
        path = b"/" + path.removeprefix(SCHEME).partition(b"/")[2]
    return CosRequest(
        request.method,
        unquote_to_bytes(path),
        _parse_query(request.scope["query_string"].decode("latin-1")),
        {name.decode("latin-1").lower(): value for name, value in request.headers.raw},
        body,
    )


def _parse_query(query: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            query,
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MOST_PARAMETERS,
        )
    except ValueError:
        raise CosError("InvalidArgument", "There are too many parameters.") from None
    return {name.lower(): value for name, value in pairs}
