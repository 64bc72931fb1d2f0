"""Where callbacks go: over HTTP to a function URL, or straight into the function here."""

from __future__ import annotations

import base64
import importlib
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import SplitResult, urlsplit

import httpx

from local.development import ENDPOINT, FUNCTIONS_DIR
from local.errors import LocalError
from local.host.scf_runtime import LIMITS, describe_context, new_request_id
from local.replay.play import NoAnswerError
from local.replay.signing import Delivery

FUNCTION = "trtc_callback"
DEFAULT_URL = f"{ENDPOINT}/functions/{FUNCTION}"
PORTS = {"http": 80, "https": 443}
TIMEOUT_S = 10.0  # TRTC itself gives up after 5 s; a slow answer is still worth comparing
UNCAUGHT = 430  # Source: SCF documentation, function status codes: user code exception

Handler = Callable[[dict[str, object], dict[str, object]], object]
Deliver = Callable[[Delivery], int]


def read_url(url: str) -> SplitResult:
    """The parts of a function URL; raises LocalError for what is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme in PORTS and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # brackets that do not match, a port that is no number
        pass
    raise LocalError(f"--url {url}: must be like {DEFAULT_URL}")


@contextmanager
def open_url(url: str, concurrency: int) -> Iterator[Deliver]:
    """Deliver over HTTP; raises LocalError when nothing listens at `url`."""
    _check_listening(url)
    limits = httpx.Limits(max_connections=concurrency)
    # trust_env off: a proxy for the internet must not stand between us and 127.0.0.1.
    with httpx.Client(timeout=TIMEOUT_S, limits=limits, trust_env=False) as client:
        yield lambda delivery: _post(client, url, delivery)


@contextmanager
def open_in_process(settings: Mapping[str, str]) -> Iterator[Deliver]:
    """Deliver by calling the function's main_handler, with `settings` as its environment."""
    before, path = dict(os.environ), list(sys.path)
    os.environ.update(settings)
    sys.path[:0] = [str(FUNCTIONS_DIR), str(FUNCTIONS_DIR.parent)]
    try:
        handler: Handler = importlib.import_module(FUNCTION).main_handler
        yield lambda delivery: _call(handler, delivery)
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.path[:] = path


def build_event(delivery: Delivery) -> dict[str, object]:
    """The function-URL event of a delivery.

    Source: SCF documentation, function URL (product 583, document 96099), 2025-08.
    """
    event: dict[str, object] = {
        "headers": {
            **{name.lower(): value for name, value in delivery.headers.items()},
            "content-length": str(len(delivery.body)),
            "x-scf-remote-addr": "127.0.0.1",
        },
        "httpMethod": delivery.method,
        "path": "/",
        "queryString": {},
    }
    try:
        return {"body": delivery.body.decode(), **event}
    except UnicodeDecodeError:
        body = base64.b64encode(delivery.body).decode()
        return {"body": body, "isBase64Encoded": True, **event}


def _post(client: httpx.Client, url: str, delivery: Delivery) -> int:
    try:
        request = client.build_request(
            delivery.method, url, content=delivery.body, headers=delivery.headers
        )
        return client.send(request).status_code
    except httpx.HTTPError as error:
        raise NoAnswerError(type(error).__name__) from error


def _call(handler: Handler, delivery: Delivery) -> int:
    context = describe_context(FUNCTION, LIMITS[FUNCTION], new_request_id())
    try:
        answer = handler(build_event(delivery), context)
    except Exception as error:  # noqa: BLE001  whatever escapes a function is SCF's status 430
        print(f"{FUNCTION} raised {type(error).__name__}", file=sys.stderr)
        return UNCAUGHT
    status = answer.get("statusCode", 200) if isinstance(answer, dict) else 200
    return int(status)


def _check_listening(url: str) -> None:
    """Before the first callback: one line is better than one for each of ten thousand."""
    parts = read_url(url)
    address = (parts.hostname or "", parts.port or PORTS[parts.scheme])
    try:
        socket.create_connection(address, TIMEOUT_S).close()
    except OSError as error:
        raise LocalError(
            f"--url {url}: nothing answers there; start the local cloud with `./roomscribe up`, "
            "or name another"
        ) from error
