"""The program that is measured: one instance of a function, from its import to its last event.

`python instance.py MODULE FD NETWORKED`: each line of stdin is the JSON of an event and its context. FD gets
a line for each answer (its status, the seconds it took, those of CPU time), and at the end one with the most
memory the process had before event NETWORKED + 1, in KiB. That event and all after it meet an API inside the
process, so that what is left is the function's own time. It imports nothing of ours.
"""

import gc
import importlib
import io
import json
import os
import socket
import sys
import time
from typing import Any

BODY = b'{"Response": {"TaskId": "task-stub", "RequestId": "request-stub"}}'
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
ANSWER = HEAD.format(len(BODY)).encode() + BODY
OPENED = ("/proc/self/status", "VmHWM:")  # the most memory it ever had, in KiB (Linux)


def main() -> None:
    """Answer one event after another, until stdin ends."""
    module, answers, networked = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    handler = importlib.import_module(module).main_handler
    peak_kib = 0
    for number, line in enumerate(sys.stdin):
        if number == networked:
            peak_kib = read_peak_kib()
            stub_network()
        call = json.loads(line)
        began_cpu_s, began_s = time.process_time(), time.perf_counter()
        status = handler(*call)["statusCode"]
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        os.write(answers, json.dumps([status, took_s, cpu_s]).encode() + b"\n")
    os.write(answers, b"%d\n" % (peak_kib or read_peak_kib()))


def read_peak_kib() -> int:
    """Since this program began; getrusage would count what its parent had, too."""
    path, key = OPENED
    with open(path) as status:  # noqa: PTH123  pathlib would be one import more
        return next(int(line.split()[1]) for line in status if line.startswith(key))


class StubSocket:
    """A connection to an API inside the process: whatever is sent, the same answer comes."""

    def __init__(self) -> None:
        self._quiet = socket.socket()  # to be watched: nothing ever comes

    def sendall(self, data: object) -> None:
        """Nobody reads it."""

    def recv(self, _size: int) -> bytes:
        """The next answer, as our transport reads it."""
        return ANSWER

    def makefile(self, *_args: object) -> io.BytesIO:
        """The next answer, as http.client reads it."""
        return io.BytesIO(ANSWER)

    def fileno(self) -> int:
        """Of a socket on which nothing comes."""
        return self._quiet.fileno()

    def settimeout(self, _seconds: object) -> None:
        """Nothing is waited for."""

    def close(self) -> None:
        """Let go."""
        self._quiet.close()


def stub_network() -> None:
    """Turn every open connection into a stub, and let only such be opened from now on."""
    for connection in stub_class("urllib3.connection", "HTTPSConnection"):
        connection.close()
        connect_stub(connection)
    for transport in stub_class("shared.api.transport", "Transport"):
        idle = transport._idle  # noqa: SLF001  nobody else closes what is kept
        while idle:
            idle.pop().close()


def stub_class(module: str, name: str) -> list[Any]:
    """Let a class, if it was imported, connect to stubs only; its instances."""
    if module not in sys.modules:
        return []
    kind = getattr(sys.modules[module], name)
    kind.connect = connect_stub
    return [one for one in gc.get_objects() if isinstance(one, kind)]


def connect_stub(connection: Any) -> StubSocket:
    """In the place of a class's `connect`: urllib3's sets the socket, our transport's returns it."""
    stub = StubSocket()
    connection.sock, connection.is_verified = stub, True
    return stub


if __name__ == "__main__":
    main()
