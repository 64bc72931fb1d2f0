"""A TCP proxy on loopback that counts how often a client waits for its server's answer."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Iterator

HOST = "127.0.0.1"
CHUNK = 65_536


class CountingProxy:
    """`round_trips`: bursts of requests that were followed by an answer, over all connections.

    A pipeline is one, and so is a script. A burst is counted when its first bytes come, so the count
    is complete as soon as the client has its answer.
    """

    def __init__(self, server_port: int, listener: socket.socket) -> None:
        self._server_port = server_port
        self._listener = listener
        self.port: int = listener.getsockname()[1]
        self.connections = 0
        self.round_trips = 0

    def accept(self) -> None:
        """Serve clients until the listener is shut down."""
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self.connections += 1
        with (
            contextlib.suppress(OSError),
            client,
            socket.create_connection((HOST, self._server_port)) as server,
        ):
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._carry(client, server)

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        """Hand on what comes from either side until one of them leaves."""
        is_waiting = False
        while True:
            for source in select.select((client, server), (), ())[0]:
                data = source.recv(CHUNK)
                if not data:
                    return
                if source is client:
                    self.round_trips += not is_waiting
                is_waiting = source is client
                (server if source is client else client).sendall(data)


@contextlib.contextmanager
def counting_round_trips(server_port: int) -> Iterator[CountingProxy]:
    """A proxy before that server, on a free port."""
    with socket.create_server((HOST, 0)) as listener:
        proxy = CountingProxy(server_port, listener)
        threading.Thread(target=proxy.accept, daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
