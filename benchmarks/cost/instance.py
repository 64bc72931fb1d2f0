"""The program that is measured: one instance of a function, from its import to its last event.

`python instance.py MODULE FD STUBBED`: a JSON list of [event, context] comes on stdin. FD gets a line when
the first event is answered, and at the end a line of JSON with what was measured. The last STUBBED events
meet an API inside the process, so that what is left is the function's own time. It imports nothing of ours.
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
    """Run the events one after another; whoever waits is told of the first answer at once."""
    module, answers, stubbed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    calls = json.load(sys.stdin)
    handler = importlib.import_module(module).main_handler
    networked = len(calls) - stubbed
    statuses, took_s = [], []
    for event, context in calls[:networked]:
        began_s = time.perf_counter()
        statuses.append(handler(event, context)["statusCode"])
        took_s.append(time.perf_counter() - began_s)
        if len(statuses) == 1:
            os.write(answers, b"answered\n")
    peak_kib = read_peak_kib()
    if stubbed:
        stub_network()
    began_s = time.process_time()
    statuses += [handler(*call)["statusCode"] for call in calls[networked:]]
    cpu_s = (time.process_time() - began_s) / stubbed if stubbed else 0.0
    told = {"statuses": statuses, "took_s": took_s[1:], "cpu_s": cpu_s, "peak_kib": peak_kib}
    os.write(answers, json.dumps(told).encode() + b"\n")


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

    def makefile(self, *_args: object) -> io.BytesIO:
        """The next answer."""
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
    """Turn every open connection into a stub, and let their classes open only such from now on."""
    for module, name in (
        ("urllib3.connection", "HTTPSConnection"),
        ("shared.api.transport", "Connection"),
    ):
        if module not in sys.modules:
            continue
        kind = getattr(sys.modules[module], name)
        for connection in [one for one in gc.get_objects() if isinstance(one, kind)]:
            connection.close()
            connect_stub(connection)
        kind.connect = connect_stub


def connect_stub(connection: Any) -> None:
    """In the place of a connection's `connect`."""
    connection.sock, connection.is_verified = StubSocket(), True


if __name__ == "__main__":
    main()
