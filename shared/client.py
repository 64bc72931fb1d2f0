"""The Tencent Cloud API client: one `call`, and errors that carry code, message and RequestId.

It stands on the official SDK's CommonClient, kept across invocations so that a warm call reuses
the connection. Four traps of the SDK are closed here: its retryer repeats calls that succeeded
(never used), an `Error` under an unexpected content type is not raised (the body is checked), a
`.netrc` or proxy variable changes the request (`trust_env` off), and its credential chain reads
other names than SCF sets (own credential object).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.http.request import ApiRequest
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from urllib3 import Timeout
from urllib3.exceptions import NewConnectionError

from shared.errors import ApiError
from shared.settings import Credentials, read_credentials

SERVICE, VERSION = "trtc", "2019-07-22"
CONNECT_TIMEOUT_S = 1.0
NEVER_SENT = (
    requests.ConnectTimeout,
    requests.exceptions.SSLError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidHeader,
)

Params = Mapping[str, Any]


class RuntimeCredential:
    """What the SDK asks for a SecretId at every signature: the environment as it is then."""

    def __init__(self, read: Callable[[], Credentials]) -> None:
        self._read = read

    def get_credential_info(self) -> Credentials:
        """(SecretId, SecretKey, token); the SDK unpacks it."""
        return self._read()


class Client:
    """Calls actions of one API endpoint; one connection pool for all regions."""

    def __init__(
        self,
        endpoint: str,
        ca: str | None = None,
        credentials: Callable[[], Credentials] = lambda: read_credentials(os.environ),
        *,
        service: str = SERVICE,
        version: str = VERSION,
    ) -> None:
        self._api = service, version
        url = urlsplit(endpoint)
        self._credential = RuntimeCredential(credentials)
        self._profile = ClientProfile(
            httpProfile=HttpProfile(protocol=url.scheme, endpoint=url.netloc, certification=ca),
            language="en-US",
        )
        self._request = ApiRequest(url.netloc, is_http=url.scheme == "http", certification=ca)
        self._request.set_keep_alive()
        self._request.conn.proxy = None
        self._request.conn._session.trust_env = False  # noqa: SLF001  the SDK has no door to its session
        self._by_region: dict[str, CommonClient] = {}

    def call(self, action: str, params: Params, region: str, timeout_s: float) -> dict[str, Any]:
        """Call `action` and return its Response without RequestId's wrapper; raise ApiError.

        `timeout_s` bounds connecting (1 s at most) and the wait for the answer together; an answer
        that drips in byte by byte is not bounded.
        """
        connect_s = min(CONNECT_TIMEOUT_S, timeout_s)
        self._request.conn.timeout = Timeout(total=timeout_s, connect=connect_s)
        try:
            answer = self._find_client(region).call(action, dict(params))
        except TencentCloudSDKException as error:
            raise _convert_sdk_error(error) from None
        except requests.RequestException as error:
            raise _network_error(error) from None
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable_error(error) from None
        return _read_answer(answer)

    def _find_client(self, region: str) -> CommonClient:
        if region not in self._by_region:
            client = CommonClient(*self._api, self._credential, region, self._profile)
            client.request = self._request
            self._by_region[region] = client
        return self._by_region[region]


def _read_answer(body: bytes) -> dict[str, Any]:
    """The Response object of an answer, whatever its content type; an Error in it is raised."""
    try:
        response = json.loads(body)["Response"]
        error = response.get("Error")
        code, message = (error["Code"], error["Message"]) if error else ("", "")
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise _unreadable_error(problem) from None
    if error:
        raise ApiError(str(code), str(message), str(response.get("RequestId", "")))
    return dict(response)


def _convert_sdk_error(error: TencentCloudSDKException) -> ApiError:
    """An API error as it is; a network error with whether the request may have arrived."""
    if error.get_code() == "ClientNetworkError":
        return _network_error(error.__context__)
    # An HTTP status other than 200 comes as ServerNetworkError with the raw body as its text.
    from_gateway = error.get_code() == "ServerNetworkError"
    message = "" if from_gateway else str(error.get_message())
    request_id = str(error.get_request_id() or "")
    return ApiError(str(error.get_code()), message, request_id, may_have_happened=from_gateway)


def _network_error(cause: BaseException | None) -> ApiError:
    reason = getattr(cause.args[0], "reason", None) if cause and cause.args else None
    never_sent = isinstance(cause, NEVER_SENT) or isinstance(reason, NewConnectionError)
    return ApiError("ClientNetworkError", type(cause).__name__, may_have_happened=not never_sent)


def _unreadable_error(cause: Exception) -> ApiError:
    return ApiError("ServerNetworkError", type(cause).__name__, may_have_happened=True)
