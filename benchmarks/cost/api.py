"""A TLS server on this machine that answers as the TRTC API does, and counts what it was asked."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from local.errors import LocalError

HOST = "127.0.0.1"


class Api:
    """What it was asked, by action; every start is answered with the room's own TaskId."""

    def __init__(self, port: int, certificate: Path) -> None:
        self.host = f"{HOST}:{port}"
        self.certificate = certificate
        self.calls: Counter[str] = Counter()

    def serve(self, sock: socket.socket) -> None:
        """Answer one request after another until the client leaves."""
        with contextlib.suppress(OSError), sock:
            received = b""
            while True:
                head, mark, rest = received.partition(b"\r\n\r\n")
                length = _read_length(head) if mark else 0
                if mark and len(rest) >= length:
                    sock.sendall(self._answer(head, rest[:length]))
                    received = rest[length:]
                    continue
                chunk = sock.recv(65_536)
                if not chunk:
                    return
                received += chunk

    def _answer(self, head: bytes, body: bytes) -> bytes:
        self.calls[_read_header(head, b"x-tc-action")] += 1
        room_id = json.loads(body).get("RoomId")
        answer = {"TaskId": f"task-{room_id}", "RequestId": "0e6f4b2a-7f0c-4bd0-9d53-7a3ac6a1c0de"}
        text = json.dumps({"Response": answer}).encode()
        lines = (
            "HTTP/1.1 200 OK",
            "Content-Type: application/json",
            f"Content-Length: {len(text)}",
            "Connection: keep-alive",
        )
        return "\r\n".join((*lines, "", "")).encode() + text


@contextlib.contextmanager
def running_api(folder: Path) -> Iterator[Api]:
    """Serve on a free port, with a certificate of its own making."""
    certificate = make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server((HOST, 0), backlog=64) as listener:
        api = Api(listener.getsockname()[1], certificate)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock = listener.accept()[0]
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=welcome, args=(sock,), daemon=True).start()

        def welcome(sock: socket.socket) -> None:
            with contextlib.suppress(OSError):  # whoever breaks off the handshake
                api.serve(context.wrap_socket(sock, server_side=True))

        threading.Thread(target=accept, daemon=True).start()
        yield api
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts


def make_certificate(folder: Path) -> Path:
    """A certificate of this machine that is its own CA, and its key, in one file."""
    if not shutil.which("openssl"):
        raise LocalError("openssl is not installed; on Debian: apt-get install openssl")
    path, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(  # noqa: S603  nobody else's words
        [
            *("openssl", "req", "-x509", "-nodes", "-keyout", str(key), "-out", str(path)),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"),
            *("-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST}"),
            *("-addext", "keyUsage=critical,digitalSignature,keyCertSign"),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + key.read_text())
    return path


def _read_length(head: bytes) -> int:
    return int(_read_header(head, b"content-length") or 0)


def _read_header(head: bytes, name: bytes) -> str:
    for line in head.split(b"\r\n"):
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip().decode()
    return ""
