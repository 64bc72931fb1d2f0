"""Direct invocation of a function in a running local cloud."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import quote

import httpx

from local.development import ENDPOINT
from local.errors import LocalError

TIMEOUT = httpx.Timeout(900.0, connect=5.0)  # the longest run that SCF allows


def read_event(source: str) -> object:
    """The JSON in a file, or on standard input for `-`."""
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        event: object = json.loads(content)
    except OSError as error:
        raise LocalError(f"{source}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise LocalError(f"{source}: is not JSON: {error}") from error
    return event


def invoke_function(url: str, name: str, event: object) -> tuple[bool, object]:
    """Whether the function returned, and its value or SCF's error result."""
    answer = _send(f"{url.rstrip('/')}/_local/invoke/{quote(name, safe='')}", event, url)
    try:
        result = answer.json()
    except ValueError as error:
        raise LocalError(f"what answers at {url} is no local cloud") from error
    if answer.status_code not in (200, 500):
        reason = result.get("error") if isinstance(result, dict) else None
        raise LocalError(str(reason or f"status {answer.status_code} from {url}"))
    return answer.status_code == 200, result


def is_refusal(result: object) -> bool:
    """Whether a function did not do what its event asks, and says so in its answer."""
    return isinstance(result, dict) and result.get("outcome") == "error"


def _send(address: str, event: object, url: str) -> httpx.Response:
    try:
        return httpx.post(address, content=json.dumps(event), timeout=TIMEOUT, trust_env=False)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise LocalError(f"{url} is not a URL like {ENDPOINT}") from error
    except httpx.TransportError as error:
        raise LocalError(f"nothing answers at {url}; start it with: ./roomscribe up") from error
