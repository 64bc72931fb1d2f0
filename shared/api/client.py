"""The Tencent Cloud API client: one `call`, and errors that carry code, message and RequestId.

It stands on the official SDK's CommonClient, kept across invocations so that a warm call reuses
the connection; any number of threads may call at once. Five traps of the SDK are closed: its
retryer repeats calls that succeeded (never used), an `Error` under an unexpected content type is
not raised (the body is checked), its credential chain reads other names than SCF sets (own
credential object), and a `.netrc` or proxy variable changes the request and a timeout bounds one
read only (own transport).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from shared.api.deadline import set_deadline
from shared.api.sdk import import_common_client
from shared.api.transport import NotSentError, Transport, UnwantedAnswerError
from shared.errors import NETWORK, ApiError
from shared.settings import Credentials, read_credentials

CommonClient = import_common_client()


class Client:
    """Calls actions of one API (TRTC's, if no other is named); threads and regions share it."""

    def __init__(
        self,
        endpoint: str,
        ca: str | None = None,
        credentials: Callable[[], Credentials] = read_credentials,
        *,
        service: str = "trtc",
        version: str = "2019-07-22",
    ) -> None:
        url = urlsplit(endpoint)
        self._api = (service, version)
        # The SDK asks this for (SecretId, SecretKey, token) at every signature.
        self._credential = SimpleNamespace(get_credential_info=credentials)
        self._profile = ClientProfile(
            httpProfile=HttpProfile(protocol=url.scheme, endpoint=url.netloc), language="en-US"
        )
        self._transport = Transport(f"{url.scheme}://{url.netloc}/", ca)
        self._by_region: dict[str, Any] = {}

    def call(
        self, action: str, params: Mapping[str, Any], region: str, timeout_s: float
    ) -> dict[str, Any]:
        """Call `action` and return its Response without RequestId's wrapper; raise ApiError.

        `timeout_s` bounds all of it, from connecting to the last byte of the answer, whatever the
        server does; only the resolution of its name is not bounded.
        """
        set_deadline(timeout_s)
        try:
            answer = self._find_client(region).call(action, dict(params))
        except TencentCloudSDKException as error:
            raise _convert_sdk_error(error) from None
        except NotSentError as error:
            raise ApiError(f"{NETWORK}.{error}") from None
        except (OSError, UnwantedAnswerError) as error:
            kind = type(error).__name__
            raise ApiError(f"{NETWORK}.{kind}", may_have_happened=True) from None
        except (ValueError, KeyError, TypeError) as error:
            raise _unreadable_error(error) from None
        return _read_answer(answer)

    def _find_client(self, region: str) -> Any:
        if region not in self._by_region:
            client = CommonClient(*self._api, self._credential, region, self._profile)
            client.request = self._transport
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
    """The ApiError for an SDK error; after an HTTP status other than 200 the call may have succeeded."""
    # An HTTP status other than 200 comes as ServerNetworkError with the raw body as its text.
    from_gateway = error.get_code() == "ServerNetworkError"
    message = "" if from_gateway else str(error.get_message())
    request_id = str(error.get_request_id() or "")
    return ApiError(str(error.get_code()), message, request_id, may_have_happened=from_gateway)


def _unreadable_error(cause: Exception) -> ApiError:
    return ApiError("ServerNetworkError", type(cause).__name__, may_have_happened=True)
