"""The program that is measured: one instance of a function, from its import to its last event.

`python instance.py MODULE FD STUBBED`: a JSON list of [event, context] comes on stdin. FD gets a line when
the first event is answered, and at the end a line of JSON with what was measured. The last STUBBED events
meet an API inside the process, so that what is left is the function's own time. It imports nothing of ours.
"""

import importlib
import json
import os
import sys
import time

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


def stub_network() -> None:
    """Answer at the place where urllib3 would take a connection: everybody here comes through it."""
    if "urllib3" not in sys.modules:
        return
    import io

    from urllib3 import HTTPResponse
    from urllib3.connectionpool import HTTPConnectionPool

    body = b'{"Response": {"TaskId": "task-stub", "RequestId": "request-stub"}}'
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}

    def urlopen(*_args: object, **_kwargs: object) -> HTTPResponse:
        return HTTPResponse(io.BytesIO(body), headers, 200, preload_content=False)

    HTTPConnectionPool.urlopen = urlopen  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
