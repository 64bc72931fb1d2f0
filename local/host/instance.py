"""The program inside one function instance: imports a function once, then runs it event by event.

Started by local/host/process.py as `python instance.py NAME FD [NOW_MS]`. Standard library only, and
nothing of local/: a cold start costs here what the function itself costs. An event arrives as one
JSON line on stdin; its result leaves as one JSON line on FD; stdout and stderr are the function's
logs, and a line of NUL and request id ends the logs of one event. NOW_MS says that the host's clock
is moved by hand: see manual_time.py.
"""

import importlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.host.manual_time import ManualTime

LOCAL_PACKAGES = ("click", "httpx", "rich", "starlette", "typer", "uvicorn")
Json = dict[str, Any]  # whatever JSON the events and results of a function hold
Handler = Callable[[Any, Json], object]
Send = Callable[[str], None]


def main() -> None:
    """Serve events until the host closes stdin or ends this process."""
    name, send = sys.argv[1], open_results(int(sys.argv[2]))
    manual_time = take_over_time(int(sys.argv[3]), send) if len(sys.argv) > 3 else None
    sys.path.pop(0)  # this file's own folder; PYTHONPATH says what a function sees
    hide_local_packages()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a TextIOWrapper here
    events: SimpleQueue[Json] = SimpleQueue()
    reading = (take_stdin(), events, manual_time)
    threading.Thread(target=read_messages, args=reading, daemon=True).start()
    handler, loaded = load_handler(name)
    send(loaded)
    while handler:
        event = events.get()
        result = run_handler(handler, event)
        end_logs(event["context"]["request_id"])
        send(result)


def hide_local_packages() -> None:
    """Let what is installed for local/ not be there: it is not in the package that SCF gets."""
    for name in LOCAL_PACKAGES:
        sys.modules[name] = None  # type: ignore[assignment]  # what makes an import fail


def open_results(descriptor: int) -> Send:
    """A way to send the host a line, from any thread."""
    os.set_inheritable(descriptor, False)
    pipe, lock = os.fdopen(descriptor, "w", buffering=1), threading.Lock()

    def send(line: str) -> None:
        with lock:
            pipe.write(line + "\n")

    return send


def take_over_time(now_ms: int, send: Send) -> "ManualTime":
    """Replace this process's time; imported here, because most instances live on real time."""
    module = importlib.import_module("manual_time")  # beside this file, and not in a package
    manual_time: ManualTime = module.ManualTime(now_ms, send, own_file=__file__)
    manual_time.install()
    return manual_time


def take_stdin() -> int:
    """Keep the event pipe to ourselves: a function reading stdin finds nothing, as on SCF."""
    pipe, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return pipe


def read_messages(pipe: int, events: "SimpleQueue[Json]", manual_time: "ManualTime | None") -> None:
    """Pass events on; when the host is gone, end at once, even in the middle of a handler."""
    with os.fdopen(pipe, "rb") as lines:
        for line in lines:
            message = json.loads(line)
            if manual_time:
                manual_time.hear(message["now_ms"])
            if "event" in message:
                events.put(message)
    os._exit(0)


def load_handler(name: str) -> tuple[Handler | None, str]:
    """Import the function; return its main_handler and what to tell the host about it."""
    try:
        handler: Handler | None = getattr(importlib.import_module(name), "main_handler", None)
    except Exception:  # noqa: BLE001  a function may fail in any way
        return None, write_failure(430, traceback.format_exc())
    if handler is None:
        return None, write_failure(437, f"{name}.main_handler not found")
    return handler, '{"ready": true}'


def run_handler(handler: Handler, message: Json) -> str:
    """Run one event; the result is {"value": …}, or {"failure": …} for an uncaught exception."""
    try:
        value = handler(message["event"], message["context"])
        return json.dumps({"value": value}, allow_nan=False)
    except Exception:  # noqa: BLE001  as above
        return write_failure(430, traceback.format_exc())


def write_failure(status: int, trace: str) -> str:
    """Log the stack trace as SCF does, and word it for the host."""
    sys.stderr.write(trace if trace.endswith("\n") else trace + "\n")
    return json.dumps({"failure": {"statusCode": status, "stackTrace": trace}})


def end_logs(request_id: str) -> None:
    """Mark the end of this event's logs, on a line of its own."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(1, b"\n\0" + request_id.encode() + b"\n")


if __name__ == "__main__":
    main()
