"""One attempt to tell one endpoint of one event: signed, to an address that was checked, in ten seconds."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from standardwebhooks import Webhook

from shared.api.deadline import BoundSocket, open_socket, set_deadline
from shared.api.transport import find_bundle, load_context
from shared.delivery.addresses import AddressRefusedError, Resolve, resolve_name
from shared.delivery.retries import read_retry_after
from shared.endpoints import Endpoint
from shared.settings import Settings

LIMIT_S = 10.0  # of a whole attempt but the resolution, which the C library bounds
CONNECT_S = 3.0  # of each address
MOST_READ, CHUNK = 65_536, 16_384  # bytes of an answer


class Attempt(NamedTuple):
    """What came of an attempt: `word` is the answer's status, or says why there is none.

    `retry_after_ms` is the wait that the endpoint asked for, 0 for none.
    """

    word: str
    retry_after_ms: int = 0

    @property
    def is_taken(self) -> bool:
        """Whether the endpoint has taken the event."""
        return self.word.isdecimal() and 200 <= int(self.word) < 300

    @property
    def was_slow(self) -> bool:
        """Whether the attempt failed because nobody answered in time."""
        return self.word in (TimeoutError.__name__, socket.gaierror.__name__)


def send(
    endpoint: Endpoint,
    event_id: str,
    body: str,
    now_ms: int,
    settings: Settings,
    *,
    resolve: Resolve = socket.getaddrinfo,
    limit_s: float = LIMIT_S,
) -> Attempt:
    """Send `body` once; `now_ms` (since 1970) is the attempt's time, which is signed with it."""
    url = urlsplit(endpoint.url)
    request = _write_request(url, body.encode(), _sign(endpoint, event_id, body, now_ms))
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        private = settings.events_allow_private
        addresses = resolve_name(url.hostname or "", port, resolve, allow_private=private)
        set_deadline(limit_s)
        with _connect(url, addresses, port, settings.ca) as sock:
            sock.sendall(request)
            reply = _read_reply(sock)
    except (
        AddressRefusedError,
        OSError,
        UnicodeError,
        HttpParserError,
        HttpParserUpgrade,
    ) as error:
        return Attempt(type(error).__name__)  # its text may hold the address
    return Attempt(str(reply.status), read_retry_after(reply.retry_after, now_ms))


def _sign(endpoint: Endpoint, event_id: str, body: str, now_ms: int) -> dict[str, str]:
    """Source: Standard Webhooks, Webhook headers, 2023-11."""
    moment = datetime.fromtimestamp(now_ms // 1000, timezone.utc)
    signatures = [Webhook(secret).sign(event_id, moment, body) for secret in endpoint.secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": " ".join(signatures),
    }


def _write_request(url: SplitResult, body: bytes, signed: dict[str, str]) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = {
        "Host": url.netloc,
        "User-Agent": "roomscribe",
        "Content-Type": "application/json",
        "Content-Length": len(body),
        "Connection": "close",
        **signed,
    }
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _connect(
    url: SplitResult, addresses: Sequence[str], port: int, ca: str | None
) -> BoundSocket | ssl.SSLSocket:
    """A connection to the first of these addresses that answers; the certificate must have the URL's name."""
    failure: OSError = OSError("the name has no address")
    for address in addresses:
        try:
            sock = open_socket(address, port, CONNECT_S)
        except OSError as error:
            failure = error
            continue
        if url.scheme == "http":
            return sock
        return load_context(ca or find_bundle()).wrap_socket(sock, server_hostname=url.hostname)
    raise failure


class _Reply:
    """The head of an answer; httptools calls the methods whose names begin with `on_`."""

    def __init__(self) -> None:
        self.status, self.retry_after, self.is_over = 0, "", False
        self._parser = HttpResponseParser(self)
        self.feed = self._parser.feed_data

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after":
            self.retry_after = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self.status = status if status >= 200 else 0  # an interim one is followed by the answer

    def on_message_complete(self) -> None:
        self.is_over = self.status > 0


def _read_reply(sock: BoundSocket | ssl.SSLSocket) -> _Reply:
    """The answer, of which only the head counts: the rest is read for politeness, and not for long."""
    reply, left = _Reply(), MOST_READ
    try:
        while left > 0 and not reply.is_over and (data := sock.recv(min(CHUNK, left))):
            reply.feed(data)
            left -= len(data)
    except (OSError, HttpParserError, HttpParserUpgrade):
        if not reply.status:
            raise
    if not reply.status:
        raise ConnectionError("the connection ended, or the head is too long")
    return reply
