"""One attempt to tell one endpoint of one event: signed, to an address that was checked, in ten seconds."""

from __future__ import annotations

import socket
import ssl
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from standardwebhooks import Webhook

from shared.api.deadline import AddressInfo, BoundSocket, open_socket, set_deadline
from shared.api.transport import (
    CHUNK,
    Answer,
    Reader,
    UnwantedAnswerError,
    find_bundle,
    load_context,
    write_request,
)
from shared.delivery.addresses import AddressRefusedError, Resolve, resolve_name
from shared.delivery.retries import read_retry_after
from shared.endpoints import Endpoint
from shared.settings import Settings

LIMIT_S = 10.0  # of a whole attempt but the resolution, which the C library bounds
CONNECT_S = 3.0  # of each address
MOST_READ = 65_536  # bytes of an answer


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
    request = _write_request(url, body, _sign(endpoint, event_id, body, now_ms))
    port = url.port or (443 if url.scheme == "https" else 80)
    private = settings.events_allow_private
    try:
        found = resolve_name(url.hostname or "", port, resolve, allow_private=private)
        set_deadline(limit_s)
        with _connect(url, found, settings.ca) as sock:
            sock.sendall(request)
            head = _read_head(sock)
    except (AddressRefusedError, OSError, UnicodeError, UnwantedAnswerError) as error:
        return Attempt(type(error).__name__)  # its text may hold the address
    asked = head.headers.get("retry-after", "")
    return Attempt(str(head.status_code), read_retry_after(asked, now_ms))


def _sign(endpoint: Endpoint, event_id: str, body: str, now_ms: int) -> dict[str, str]:
    """Source: Standard Webhooks, Webhook headers, 2023-11."""
    moment = datetime.fromtimestamp(now_ms // 1000, timezone.utc)
    signatures = [Webhook(secret).sign(event_id, moment, body) for secret in endpoint.secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(now_ms // 1000),
        "webhook-signature": " ".join(signatures),
    }


def _write_request(url: SplitResult, body: str, signed: dict[str, str]) -> bytes:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    about = {"User-Agent": "roomscribe", "Content-Type": "application/json"}
    return write_request("POST", target, {"Host": url.netloc, **about, **signed}, body.encode())


def _connect(
    url: SplitResult, found: list[AddressInfo], ca: str | None
) -> BoundSocket | ssl.SSLSocket:
    """A connection to one of the addresses; the certificate must have the URL's name."""
    sock = open_socket(found, CONNECT_S)
    if url.scheme == "http":
        return sock
    return load_context(ca or find_bundle()).wrap_socket(sock, server_hostname=url.hostname)


class _Reply(Reader):
    """An answer of which only the head counts: the body may be packed, and need not end."""

    head: Answer | None = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the one header that counts."""
        if name.lower() == b"retry-after":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Take the head, unless it is that of an interim answer."""
        status = self._parser.get_status_code()
        if status >= 200:
            self.head = Answer(status, b"", self._headers)


def _read_head(sock: BoundSocket | ssl.SSLSocket) -> Answer:
    """The head of the answer; the rest is read for politeness, and not for long."""
    reply = _Reply(MOST_READ)
    while not reply.answer:
        try:
            reply.feed(sock.recv(CHUNK))
        except (OSError, UnwantedAnswerError):
            if reply.head:
                return reply.head
            raise
    return reply.answer
