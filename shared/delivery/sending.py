"""One attempt to deliver an event to an endpoint: signed, to a checked address, within ten seconds."""

from __future__ import annotations

import socket
import ssl
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from standardwebhooks import Webhook

from shared.api.deadline import AddressInfo, BoundSocket, open_socket, set_deadline
from shared.api.transport import (
    CHUNK,
    Reader,
    UnwantedAnswerError,
    find_bundle,
    load_context,
    write_request,
)
from shared.delivery.addresses import AddressRefusedError, Resolve, resolve_host
from shared.endpoints import Endpoint
from shared.settings import Settings

LIMIT_S = 10.0  # of a whole attempt but the resolution, which the C library bounds
CONNECT_S = 3.0  # of each address
MOST_READ = 65_536  # bytes of an answer's head
LONGEST_WAIT_MS = 86_400_000  # that an endpoint may ask for


class Attempt(NamedTuple):
    """The result of an attempt: `word` is the HTTP status, or one word for why there is no answer.

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
    request = _write_request(url, endpoint, event_id, body, now_ms)
    private, head = settings.events_allow_private, _Head(MOST_READ)
    try:
        found = resolve_host(url, resolve, allow_private=private)
        set_deadline(limit_s)
        with _connect(url, found, settings.ca) as sock:
            sock.sendall(request)
            while not head.answer:
                head.feed(sock.recv(CHUNK))
    except (AddressRefusedError, OSError, UnicodeError, UnwantedAnswerError) as error:
        return Attempt(type(error).__name__)  # its text may hold the address
    asked = head.answer.headers.get("retry-after", "")
    return Attempt(str(head.answer.status_code), read_retry_after(asked, now_ms))


def _write_request(
    url: SplitResult, endpoint: Endpoint, event_id: str, body: str, now_ms: int
) -> bytes:
    """Source: Standard Webhooks, Webhook headers, 2023-11."""
    moment = datetime.fromtimestamp(now_ms // 1000, timezone.utc)
    signatures = [Webhook(secret).sign(event_id, moment, body) for secret in endpoint.secrets]
    headers = {
        "Host": url.netloc,
        "User-Agent": "roomscribe",
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": " ".join(signatures),
    }
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return write_request("POST", target, headers, body.encode())


def _connect(
    url: SplitResult, found: list[AddressInfo], ca: str | None
) -> BoundSocket | ssl.SSLSocket:
    """A connection to one of the addresses; the certificate must have the URL's name."""
    sock = open_socket(found, CONNECT_S)
    if url.scheme == "http":
        return sock
    return load_context(ca or find_bundle()).wrap_socket(sock, server_hostname=url.hostname)


class _Head(Reader):
    """Reads the head of an answer and ignores its body, which may be compressed or endless."""

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the one header that counts."""
        if name.lower() == b"retry-after":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Take the head for the answer, unless it is that of an interim one."""
        self.on_message_complete()


def read_retry_after(text: str, now_ms: int) -> int:
    """The wait in ms that a Retry-After header asks for; 0 for a time that is over, and for nonsense.

    Source: RFC 9110, 10.2.3.
    """
    if text.isascii() and text.isdecimal():
        return min(int(text[:9]) * 1000, LONGEST_WAIT_MS)
    try:
        at_ms = int(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return 0
    return min(max(at_ms - now_ms, 0), LONGEST_WAIT_MS)
