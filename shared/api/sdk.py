"""The SDK's CommonClient without its transport, whose place shared/api/transport.py takes.

Measured on Python 3.10: requests, urllib3 and what they need are 60 ms of a cold start and 1 MB of the
package, for a class that Roomscribe never uses. So the SDK finds this module where it looks for that one.
Whoever else uses the SDK in the same process gets the SDK's own transport, with the first request.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from msgspec import Struct

TRANSPORT = "tencentcloud.common.http.request"


class RequestInternal(Struct):
    """What the SDK asks its transport to send; `data` is the body."""

    host: str = ""
    method: str = ""
    uri: str = ""
    header: dict[str, str] = {}
    data: str = ""


class ApiRequest:
    """The SDK's own transport, loaded when something is asked of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._given = args, kwargs

    def __getattr__(self, name: str) -> Any:
        from tencentcloud.common.http.request import ApiRequest as Real

        args, kwargs = self._given
        real = self.__dict__.setdefault("_real", Real(*args, **kwargs))
        return getattr(real, name)


class ResponsePrettyFormatter:
    """Keeps the SDK from logging answers at level DEBUG."""

    def __init__(self, _answer: object) -> None: ...


def import_common_client() -> Any:
    """The class CommonClient."""
    own_place = sys.modules.get(TRANSPORT)
    sys.modules[TRANSPORT] = sys.modules[__name__]
    try:
        from tencentcloud.common.common_client import CommonClient
    finally:
        del sys.modules[TRANSPORT]
        if own_place:
            sys.modules[TRANSPORT] = own_place
    logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)  # DEBUG: whole answers
    return CommonClient
