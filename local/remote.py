"""One of our functions, run with a JSON event: in the local cloud, or on SCF through its Invoke."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from local.development import ENDPOINT
from local.env_file import read_deployment
from local.errors import LocalError
from local.invoke import invoke_function, is_refusal
from shared.api.client import Client
from shared.errors import ApiError
from shared.settings import DEFAULT_ENDPOINT, Credentials, read_credentials
from shared.site import find_scf_host

TIMEOUT_S = 90.0  # longer than any of them may run


class Where(NamedTuple):
    """Where a function runs: on SCF if there is a `stage`, else in the local cloud at `url`."""

    url: str = ENDPOINT
    stage: str = ""
    region: str = ""


class RefusalError(LocalError):
    """A function has answered an error; `code` is its error code, "" where it gave none."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def invoke(name: str, event: Mapping[str, object], where: Where) -> dict[str, object]:
    """What the function returns.

    Raises RefusalError when it answers an error, LocalError when it fails or cannot be reached.
    """
    result = _invoke_on_scf(name, event, where) if where.stage else _invoke_here(name, event, where)
    if not isinstance(result, dict):
        raise LocalError(f"{name} returned no object")
    if is_refusal(result):
        code = str(result.get("error_code") or "")
        raise RefusalError(f"{name}: {result.get('message')}", code)
    return result


def _invoke_here(name: str, event: Mapping[str, object], where: Where) -> object:
    succeeded, result = invoke_function(where.url, name, event)
    if not succeeded:
        raise LocalError(f"{name} failed: {json.dumps(result)}")
    return result


def _invoke_on_scf(name: str, event: Mapping[str, object], where: Where) -> object:
    """Source: SCF API 2018-04-16, Invoke."""
    environ = read_deployment()
    region = where.region or environ.get("REGION", "")
    if not region:
        raise LocalError("--region: which region is the deployment in? .env may say it as REGION")
    host = environ.get("INVOKE_ENDPOINT") or find_scf_host(
        environ.get("TRTC_ENDPOINT") or DEFAULT_ENDPOINT
    )
    endpoint = host if "://" in host else f"https://{host}"

    def credentials() -> Credentials:
        return read_credentials(environ)

    client = Client(
        endpoint, environ.get("TRTC_CA"), credentials, service="scf", version="2018-04-16"
    )
    params = {
        "FunctionName": f"roomscribe-{where.stage}-{name}",
        "InvocationType": "RequestResponse",
        "ClientContext": json.dumps(event),
    }
    try:
        answer = client.call("Invoke", params, region, TIMEOUT_S)
    except ApiError as error:
        raise LocalError(f"Invoke of {params['FunctionName']}: {error} {error.message}") from error
    return _read_result(name, answer.get("Result") or {})


def _read_result(name: str, result: Mapping[str, object]) -> object:
    text = str(result.get("RetMsg", ""))
    if result.get("InvokeResult"):
        raise LocalError(f"{name} failed on SCF: {text or result.get('ErrMsg')}")
    try:
        return json.loads(text)
    except ValueError as error:
        raise LocalError(f"{name} on SCF returned no JSON") from error
