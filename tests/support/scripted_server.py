"""A loopback server that treats each connection as a test's script says, and sees how it ends."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.api.client import Client
from shared.settings import Credentials
from tests.support.openssl import require_openssl

PATIENCE_S = 10.0
PULSE_S = 0.02  # between two bytes of a server that drips
CREDENTIALS = Credentials("the-id", "the-key", "the-token")


@dataclass(frozen=True)
class Request:
    """An HTTP request as it arrived: its first line, header names in lower case, body."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Peer:
    """The server's end of one connection."""

    server: ApiServer
    sock: socket.socket
    closed: threading.Event = field(default_factory=threading.Event)
    bytes_sent: int = 0

    def shake_hands(self) -> None:
        """Become a TLS connection if the server has a certificate."""
        if self.server.context:
            self.sock = self.server.context.wrap_socket(self.sock, server_side=True)

    def read_request(self) -> Request | None:
        """The next request, or None when the client has closed the connection."""
        self.sock.settimeout(PATIENCE_S)
        with self.sock.makefile("rb") as lines:
            if not (first := lines.readline().decode("latin-1").strip()):
                return None
            headers: dict[str, str] = {}
            while line := lines.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            request = Request(first, headers, lines.read(int(headers.get("content-length", 0))))
        self.server.requests.append(request)
        return request

    def send(self, data: bytes) -> None:
        """Send all of `data`, whoever reads it."""
        self.sock.sendall(data)
        self.bytes_sent += len(data)

    def answer(self, response: dict[str, Any]) -> None:
        """Send an HTTP answer with this Response."""
        self.send(write_answer(response))

    def echo(self) -> None:
        """Answer every further request with what it asked: action, region and parameters."""
        while request := self.read_request():
            self.answer(
                {
                    "Action": request.headers["x-tc-action"],
                    "Region": request.headers["x-tc-region"],
                    "Params": json.loads(request.body),
                    "RequestId": "request-1",
                }
            )

    def drip(self, data: bytes) -> None:
        """Send `data` byte by byte, again and again, until the client is gone."""
        while True:
            for index in range(len(data)):
                if self.is_left_within(PULSE_S):
                    return
                self.send(data[index : index + 1])

    def is_left_within(self, seconds: float) -> bool:
        """Whether the client closes the connection in this time; what it sends is thrown away."""
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65_536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        else:
            return True


Script = Callable[[Peer], None]


@dataclass
class ApiServer:
    """What a test looks at: the connections, the requests, and how to reach it."""

    scripts: tuple[Script, ...]
    url: str
    context: ssl.SSLContext | None = None
    ca: str | None = None
    peers: list[Peer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    given_up: threading.Event = field(default_factory=threading.Event)

    def open_client(self) -> Client:
        """A client of this server, which trusts its certificate."""
        return Client(self.url, self.ca, credentials=lambda: CREDENTIALS)

    def serve(self, peer: Peer, script: Script) -> None:
        """Follow the script, then wait for the client to close the connection."""
        with suppress(OSError):
            script(peer)
        if peer.sock.fileno() >= 0 and peer.is_left_within(PATIENCE_S):
            peer.closed.set()
        peer.sock.close()

    def accept(self, listener: socket.socket) -> None:
        """Serve each connection in a thread: the first by the first script, the last by the rest."""
        with suppress(OSError):
            while True:
                peer = Peer(self, listener.accept()[0])
                self.peers.append(peer)
                script = self.scripts[min(len(self.peers), len(self.scripts)) - 1]
                threading.Thread(target=self.serve, args=(peer, script), daemon=True).start()


@contextmanager
def run_server(*scripts: Script, certificate: Path | None = None) -> Iterator[ApiServer]:
    """Serve `scripts` on a free loopback port; over TLS if there is a certificate (with its key)."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        scheme = "https" if certificate else "http"
        server = ApiServer(scripts, f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
        if certificate:
            server.ca = str(certificate)
            server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            server.context.load_cert_chain(certificate)
        threading.Thread(target=server.accept, args=(listener,), daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts


def make_certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 and events.test that is its own CA, and its key, in one file."""
    require_openssl()
    path, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-keyout", key, "-out", path),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:events.test"),
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
        ],
        check=True,
        capture_output=True,
        timeout=PATIENCE_S,
    )
    path.write_text(path.read_text() + key.read_text())
    return path


def echo(peer: Peer) -> None:
    """Answer every request with what it asked."""
    peer.shake_hands()
    peer.echo()


def write_answer(response: dict[str, Any]) -> bytes:
    """An HTTP answer with this Response."""
    body = json.dumps({"Response": response}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body
