"""The HTTP transport for APIs and COS: connections shared by threads, a deadline, a size limit.

The SDK uses it instead of its own transport (see shared/api/sdk.py), and httptools reads the answers,
so there are no proxy variables, no .netrc, no cookies and no redirects in it; one call leaves nothing behind
for the next but an idle connection, and a connection that was given up is closed.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import weakref
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from shared.api.deadline import BoundSocket, BoundTlsSocket, open_socket

if TYPE_CHECKING:
    from shared.api.sdk import RequestInternal

CONNECT_TIMEOUT_S = 1.0  # of each address
MAX_IDLE = 32  # connections kept; more than a drainer has calls in flight
MAX_ANSWER = 1_000_000  # bytes, head included; the API's answers to us are a few hundred
CHUNK = 16_384  # bytes; a whole TLS record, as poll does not see what is left of one
OWN_HEADERS = {"Accept-Encoding": "identity", "Connection": "keep-alive"}

_loading = threading.Lock()


class NotSentError(Exception):
    """Nothing of the request was sent; the text is one word for logs."""


class UnwantedAnswerError(Exception):
    """The answer is no HTTP, longer than the transport's limit, or packed although nobody asked for that."""


class Answer(NamedTuple):
    """An HTTP answer; `headers` have their names in lower case."""

    status_code: int
    content: bytes
    headers: Mapping[str, str] = MappingProxyType({})


class Reader:
    """Reads one answer as it comes; httptools calls the methods whose names begin with `on_`."""

    def __init__(self, max_answer: int = MAX_ANSWER) -> None:
        self.answer: Answer | None = None
        self.keeps_alive = False  # whether another request may follow
        self._parser = HttpResponseParser(self)
        self._size = 0
        self._max_answer = max_answer
        self._headers: dict[str, str] = {}
        self._has_length = False
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """Read what was received; no data is the end of the connection."""
        self._size += len(data)
        if self._size > self._max_answer:
            raise UnwantedAnswerError
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.answer:
                raise UnwantedAnswerError from error
            self.keeps_alive = False
        if not data:
            if self._has_length or not self._body:
                raise ConnectionError("the connection ended before the answer")
            self.on_message_complete()

    def on_message_begin(self) -> None:
        """Refuse what follows the answer, and forget the headers of an interim one before it."""
        if self.answer:
            raise UnwantedAnswerError
        self._headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the header, refuse a packed body, and note whether the body says where it ends."""
        name = name.lower()
        if name == b"content-encoding" and value != b"identity":
            raise UnwantedAnswerError
        self._has_length |= name in (b"content-length", b"transfer-encoding")
        self._headers[name.decode("latin-1")] = value.decode("latin-1")

    def on_body(self, part: bytes) -> None:
        """Collect the body."""
        self._body += part

    def on_message_complete(self) -> None:
        """Take the answer, unless it is an interim one, which the answer follows."""
        status = self._parser.get_status_code()
        if not 100 <= status < 200:
            self.answer = Answer(status, bytes(self._body), self._headers)
            self.keeps_alive = self._parser.should_keep_alive()


class Transport:
    """Sends requests to one endpoint, for any number of threads at once.

    An answer of more than `max_answer` bytes, head included, is refused.
    """

    def __init__(self, url: str, ca: str | None = None, max_answer: int = MAX_ANSWER) -> None:
        parts = urlsplit(url)
        self._ca = (ca or find_bundle()) if parts.scheme == "https" else None
        self._address = parts.hostname or "", parts.port or (443 if self._ca else 80)
        self._max_answer = max_answer
        self._idle: list[BoundSocket | ssl.SSLSocket] = []  # its append and pop are atomic
        weakref.finalize(self, _close_all, self._idle)

    def send_request(self, request: RequestInternal) -> Answer:
        """What the SDK calls: `send`, without the answer's headers.

        Without a content type the SDK leaves errors in the answer to client.py.
        """
        answer = self.send("POST", "/", request.header, request.data.encode())
        return Answer(answer.status_code, answer.content)

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send and read the whole answer before the thread's deadline, or close the connection.

        `target` is the path and query, percent-encoded. Raises NotSentError, or an OSError or
        UnwantedAnswerError after which the request may have arrived.
        """
        written = write_request(method, target, headers, body)
        sock = self._take() or self.connect()
        reader = Reader(self._max_answer)
        try:
            sock.sendall(written)
            while not reader.answer:
                reader.feed(sock.recv(CHUNK))
        except BaseException:
            sock.close()
            raise
        if reader.keeps_alive and len(self._idle) < MAX_IDLE:
            self._idle.append(sock)
        else:
            sock.close()
        return reader.answer

    def connect(self) -> BoundSocket | ssl.SSLSocket:
        """Open a connection in time, or say that nothing was sent."""
        try:
            # Only this is not bounded: the C library does it, with time limits of its own.
            found = socket.getaddrinfo(*self._address, type=socket.SOCK_STREAM)
            sock = open_socket(found, CONNECT_TIMEOUT_S)
            if not self._ca:
                return sock
            return load_context(self._ca).wrap_socket(sock, server_hostname=self._address[0])
        except ssl.SSLError as error:
            raise NotSentError("SSLError") from error
        except TimeoutError as error:
            raise NotSentError("ConnectTimeout") from error
        except (socket.gaierror, UnicodeError) as error:  # UnicodeError: not a host name
            raise NotSentError("UnknownHost") from error
        except OSError as error:
            raise NotSentError("NoConnection") from error

    def _take(self) -> BoundSocket | ssl.SSLSocket | None:
        """The connection used last on which nothing has come since, such as the end of it."""
        try:
            while True:
                sock = self._idle.pop()
                watch = select.poll()
                watch.register(sock, select.POLLIN)
                if not watch.poll(0):
                    return sock
                sock.close()
        except IndexError:  # there is none left
            return None


def _close_all(sockets: list[BoundSocket | ssl.SSLSocket]) -> None:
    for sock in sockets:
        sock.close()


def write_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request in one piece: two records of TLS would wake the server twice. Raises NotSentError."""
    fields = {**headers, **OWN_HEADERS}
    if method != "GET":
        fields["Content-Length"] = str(len(body))
    first = f"{method} {target} HTTP/1.1"
    lines = [first, *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    head = "\r\n".join(lines)
    if head.count("\r") + head.count("\n") != 2 * (len(lines) - 1):
        raise NotSentError("InvalidHeader")
    try:
        return head.encode("latin-1") + body
    except UnicodeEncodeError as error:
        raise NotSentError("InvalidHeader") from error


def find_bundle() -> str:
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
