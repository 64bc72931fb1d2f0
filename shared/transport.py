"""How API requests travel: kept connections that threads share, a deadline and a size limit.

It takes the place of the SDK's ApiRequest. There is no requests.Session in it, hence no proxy
variables, no .netrc, no cookies and no redirects; one call leaves nothing behind for the next but
an idle connection, and a connection that was given up is closed.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import certifi
import requests
from requests.adapters import HTTPAdapter
from tencentcloud.common.http.request import RequestInternal
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from shared.deadline import BoundSocket, BoundTlsSocket, open_socket

CONNECT_TIMEOUT_S = 1.0  # of each address
MAX_IDLE = 32  # connections kept; more than a drainer has calls in flight
MAX_ANSWER = 1_000_000  # bytes; the API's answers to us are a few hundred

logging.getLogger("tencentcloud_sdk_common").setLevel(logging.WARNING)  # DEBUG writes whole answers
_loading = threading.Lock()


class AnswerTooLargeError(ValueError):
    """The answer is longer than anything this API says."""


class Answer(NamedTuple):
    """What the SDK looks at in a response."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class Transport:
    """Sends the SDK's requests to one endpoint, for any number of threads at once."""

    def __init__(self, url: str, ca: str | None = None) -> None:
        self._url = url
        self._ca = ca or certifi.where()
        self._adapter = Adapter()

    def send_request(self, request: RequestInternal) -> Answer:
        """Send and read the whole answer before the thread's deadline, or close the connection."""
        headers = {**request.header, "Connection": "keep-alive"}
        prepared = requests.Request("POST", self._url, headers, data=request.data).prepare()
        response = self._adapter.send(prepared, stream=True, verify=self._ca)
        return Answer(response.status_code, response.headers, _read_body(response))


def _read_body(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(65_536):
        body += chunk
        if len(body) > MAX_ANSWER:
            response.close()
            raise AnswerTooLargeError
    return bytes(body)


class Connection(HTTPConnection):
    """A connection that opens in time, or says that nothing was sent."""

    def connect(self) -> None:
        """Open the socket; whatever this raises (an SSLError too) means that nothing was sent."""
        try:
            self.sock = self._open()
        except ssl.SSLError:
            raise
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except (OSError, UnicodeError) as error:  # UnicodeError: not a host name
            raise NewConnectionError(self, "no connection") from error

    def _open(self) -> BoundSocket | ssl.SSLSocket:
        return open_socket(self.host, self.port, CONNECT_TIMEOUT_S)


class TlsConnection(Connection, HTTPSConnection):
    """The same under TLS, with certificates that all connections share."""

    def _open(self) -> ssl.SSLSocket:
        context = load_context(str(self.ca_certs or self.ca_cert_dir))
        sock = context.wrap_socket(super()._open(), server_hostname=self.host)
        self.is_verified = True
        return sock


class Pool(HTTPConnectionPool):
    """Connections of http://."""

    ConnectionCls = Connection


class TlsPool(HTTPSConnectionPool):
    """Connections of https://."""

    ConnectionCls = TlsConnection


class Adapter(HTTPAdapter):
    """The transport of requests, over connections of our classes."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=MAX_IDLE)
        self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}

    def cert_verify(self, conn: object, url: str, verify: object, cert: object) -> None:
        """Nothing: `load_context` says what is trusted, whatever the pool's settings are."""


def load_context(ca: str) -> ssl.SSLContext:
    """Trust a CA file or hashed directory; parsing a bundle takes 16 ms, so it is done once."""
    with _loading:
        return _load_context(ca)


@lru_cache(maxsize=4)
def _load_context(ca: str) -> ssl.SSLContext:
    directory = Path(ca).is_dir()
    context = ssl.create_default_context(
        cafile=None if directory else ca, capath=ca if directory else None
    )
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = BoundTlsSocket
    return context
