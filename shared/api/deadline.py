"""One deadline for all socket operations of a thread, whatever their number.

A timeout of the standard library bounds one read, so a server that sends a byte now and then is
waited for without end. These sockets allow each step only what is left until the thread's deadline.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


AddressInfo = tuple[Any, ...]  # as socket.getaddrinfo has them


class _Thread(threading.local):
    deadline = 0.0


_thread = _Thread()


def set_deadline(timeout_s: float) -> None:
    """Let everything that this thread does on its sockets from now on end within `timeout_s`."""
    _thread.deadline = time.monotonic() + timeout_s


def remaining_s() -> float:
    """What is left until this thread's deadline; raises TimeoutError when it has passed."""
    left = _thread.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


class BoundSocket(socket.socket):
    """A socket that sends and receives only until the thread's deadline."""

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """Receive what is there, or the first that comes in time."""
        self.settimeout(remaining_s())
        return super().recv(bufsize, flags)

    def sendall(self, data: ReadableBuffer, flags: int = 0) -> None:
        """Send all of `data` in time."""
        self.settimeout(remaining_s())
        super().sendall(data, flags)


class BoundTlsSocket(ssl.SSLSocket):
    """A BoundSocket under TLS, where an error after the handshake is a ConnectionError.

    An SSLError is then left to mean that the handshake failed, before anything was sent.
    """

    def recv(self, bufsize: int = 1024, flags: int = 0) -> bytes:
        """Receive what is there, or the first that comes in time."""
        self.settimeout(remaining_s())
        try:
            return super().recv(bufsize, flags)
        except ssl.SSLError as error:
            raise ConnectionError("TLS failed while receiving") from error

    def send(self, data: ReadableBuffer, flags: int = 0) -> int:
        """Send one TLS record of `data` in time; `sendall` repeats this."""
        self.settimeout(remaining_s())
        try:
            return super().send(data, flags)
        except ssl.SSLError as error:
            raise ConnectionError("TLS failed while sending") from error


def open_socket(found: Iterable[AddressInfo], connect_s: float) -> BoundSocket:
    """Connect in time to the first of the addresses found that answers within `connect_s`."""
    failure: OSError = OSError("the name has no address")
    for family, kind, protocol, _, address in found:
        sock = BoundSocket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(min(connect_s, remaining_s()))
            sock.connect(address)
            sock.settimeout(remaining_s())  # the whole of a TLS handshake is bounded by one timeout
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure
