"""How API requests travel: kept connections that threads share, a deadline and a size limit.

It takes the place of the SDK's transport (see shared/api/sdk.py) and stands on http.client, so there are no
proxy variables, no .netrc, no cookies and no redirects in it; one call leaves nothing behind for the next
but an idle connection, and a connection that was given up is closed.
"""

from __future__ import annotations

import select
import ssl
import threading
import weakref
from collections.abc import Mapping
from functools import lru_cache, partial
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from shared.api.deadline import BoundTlsSocket, open_socket
from shared.api.sdk import RequestInternal

CONNECT_TIMEOUT_S = 1.0  # of each address
MAX_IDLE = 32  # connections kept; more than a drainer has calls in flight
MAX_ANSWER = 1_000_000  # bytes; the API's answers to us are a few hundred
CHUNK = 16_384

_loading = threading.Lock()


class NotSentError(Exception):
    """Nothing was sent, whatever became of the connection; the text is a word for logs."""


class UnwantedAnswerError(HTTPException):
    """The answer is longer than anything this API says, or packed although nobody asked for that."""


class Answer(NamedTuple):
    """What the SDK looks at in a response."""

    status_code: int
    headers: Mapping[str, str] | HTTPMessage
    content: bytes


class Connection(HTTPConnection):
    """A connection that opens in time, or says that nothing was sent; with a CA, under TLS."""

    _held: list[bytes] | None = None

    def __init__(self, host: str, port: int, ca: str | None) -> None:
        super().__init__(host, port)
        self._ca = ca

    def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a request as one TLS record: http.client would make two, and wake the server twice."""
        parts: list[bytes] = []
        self._held = parts
        try:
            self.request("POST", "/", body, headers)
        except ValueError as error:  # a header that cannot be one
            raise NotSentError("InvalidHeader") from error
        finally:
            self._held = None
        self.send(b"".join(parts))

    def send(self, data: Any) -> None:
        """Send, or hold back what `post` collects."""
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)

    def connect(self) -> None:
        """Open the socket, as the first request asks for it."""
        try:
            self.sock = open_socket(self.host, self.port, CONNECT_TIMEOUT_S)
            if self._ca:  # all connections share what it loads
                context = load_context(self._ca)
                self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
        except ssl.SSLError as error:
            raise NotSentError("SSLError") from error
        except TimeoutError as error:
            raise NotSentError("ConnectTimeout") from error
        except (OSError, UnicodeError) as error:  # UnicodeError: not a host name
            raise NotSentError("ConnectionError") from error

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that nobody asked for, such as the end of it."""
        watch = select.poll()
        watch.register(self.sock, select.POLLIN)
        return not watch.poll(0)


class Transport:
    """Sends the SDK's requests to one endpoint, for any number of threads at once."""

    def __init__(self, url: str, ca: str | None = None) -> None:
        parts = urlsplit(url)
        is_tls = parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        trusted = (ca or _find_bundle()) if is_tls else None
        self._make = partial(Connection, parts.hostname or "", port, trusted)
        self._idle: list[Connection] = []  # its append and pop are atomic
        weakref.finalize(self, _close_all, self._idle)

    def send_request(self, request: RequestInternal) -> Answer:
        """Send and read the whole answer before the thread's deadline, or close the connection.

        Raises NotSentError, or an OSError or HTTPException after which it may have arrived.
        """
        connection = self._take()
        try:
            connection.post(request.data.encode(), {**request.header, "Connection": "keep-alive"})
            response = connection.getresponse()
            body = _read_body(response)
        except BaseException:
            connection.close()
            raise
        self._keep(connection)
        return Answer(response.status, response.headers, body)

    def _take(self) -> Connection:
        """The connection used last that is still good, else a new one."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was quicker
                break
            if connection.is_quiet:
                return connection
            connection.close()
        return self._make()

    def _keep(self, connection: Connection) -> None:
        if connection.sock is None:  # the server said that it will close it
            return
        if len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()


def _close_all(connections: list[Connection]) -> None:
    for connection in connections:
        connection.close()


def _read_body(response: HTTPResponse) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise UnwantedAnswerError
    body = bytearray()
    while chunk := response.read(CHUNK):
        body += chunk
        if len(body) > MAX_ANSWER:
            raise UnwantedAnswerError
    if response.length:  # http.client takes an early end for the end
        raise IncompleteRead(bytes(body), response.length)
    return bytes(body)


def _find_bundle() -> str:
    import certifi  # only without a CA of one's own: the package has the directory ca/

    return certifi.where()


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
