"""`make walk`: the functions and files that one event passes through, from handler to answer.

Counted are the frames of functions/ and shared/ that `sys.setprofile` sees in a warm instance on
SQLite, with a stand-in for the API's client, without comprehensions, generator expressions and
lambdas; `switches` are the changes of file.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from benchmarks.cost.contenders import CONTEXT, FIRST_ROOM, SETTINGS, Json, write_event
from shared.api.client import Client
from shared.links import sign_link

ROOT = Path(__file__).parent.parent
SEEN = (str(ROOT / "functions") + os.sep, str(ROOT / "shared") + os.sep)
ROOM = FIRST_ROOM + 1
LOGGED = StringIO()
LINK_KEY, LINK_EXPIRES_S = "LinkKeyOfBenchmarks", 4_000_000_000


class Step(NamedTuple):
    """One call: the file below the repository, the line and the name of the function."""

    file: str
    line: int
    function: str


class Walk(NamedTuple):
    """The calls that one event made, in their order."""

    event: str
    steps: list[Step]

    def measure(self) -> tuple[int, int, int, int]:
        """Calls, different functions, files, changes of file."""
        files = [step.file for step in self.steps]
        switches = sum(one != other for one, other in pairwise(files))
        return len(files), len(set(self.steps)), len(set(files)), switches


@contextmanager
def recording(steps: list[Step]) -> Iterator[None]:
    """Note every call of a named function of the product."""

    def note(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(SEEN) and code.co_name[0] != "<":
            file = str(Path(code.co_filename).relative_to(ROOT))
            steps.append(Step(file, code.co_firstlineno, code.co_name))

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


def walk(event: str, handler: Callable[[Json, Json], Any], given: Json) -> Walk:
    """What one event passes through; RuntimeError unless it is answered 200."""
    steps: list[Step] = []
    with redirect_stdout(LOGGED), recording(steps):
        answer = handler(given, CONTEXT)
    if answer["statusCode"] != 200:
        raise RuntimeError(f"{event}: answered {answer['statusCode']}: {LOGGED.getvalue()}")
    return Walk(event, steps)


def walk_events(folder: Path) -> Iterator[Walk]:
    """The five events of a room, each the second of its kind in a warm instance."""
    sys.path.insert(0, str(ROOT / "functions"))
    callback = importlib.import_module("trtc_callback").main_handler
    read = importlib.import_module("read_transcript").main_handler
    Client.call = answer_call  # type: ignore[assignment, method-assign]
    own = {"LEDGER_URL": f"sqlite:///{folder}/ledger.db", "TRANSCRIPT_LINK_KEY": LINK_KEY}
    os.environ.update(SETTINGS | own)
    room, other = ({"RoomId": number, "UserId": "ann", "Role": 20} for number in (ROOM, ROOM + 1))
    created = write_event(101, room)
    walk("101", callback, write_event(101, other))
    yield walk("101 → start", callback, created)
    walk("103", callback, write_event(103, other))
    yield walk("103, task runs", callback, write_event(103, room))
    walk("1403", callback, write_event(1403, speak(1), 14))
    yield walk("1403 sentence", callback, write_event(1403, speak(2), 14))
    session_id = f"{SETTINGS['TRTC_SDK_APP_ID']}/0/{ROOM}/{read_event_ms(created)}"
    link = sign_link(LINK_KEY, session_id, LINK_EXPIRES_S)
    request: Json = {"httpMethod": "GET", "path": f"/{link}.json", "headers": {}, "queryString": {}}
    walk("read", read, request)
    yield walk("read .json", read, request)
    walk("102", callback, write_event(102, other))
    yield walk("102 → stop", callback, write_event(102, room))


def speak(number: int) -> Json:
    """The EventInfo of a sentence of the room's task."""
    said = {"UserId": "ann", "Text": "good morning", "RoundId": f"round-{number}"}
    times = {"StartTimeMs": number * 1000, "EndTimeMs": number * 1000 + 900}
    about = {"TaskId": f"task-{ROOM}", "RoomId": str(ROOM), "RoomIdType": 0}
    return {**about, "Payload": {**said, **times}}


def answer_call(
    _client: Client, _action: str, params: Mapping[str, Any], *_where: object
) -> dict[str, Any]:
    """In the place of `Client.call`: every start is answered with the room's own TaskId."""
    return {"TaskId": f"task-{params.get('RoomId')}", "RequestId": "request"}


def read_event_ms(event: Json) -> int:
    """The EventMsTs of a signed callback."""
    return int(json.loads(str(event["body"]))["EventInfo"]["EventMsTs"])


def main() -> None:
    """Print a line for each event, and every step of those whose name begins with the argument."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    print(f"{'event':<18}{'calls':>7}{'functions':>11}{'files':>7}{'switches':>10}")
    with tempfile.TemporaryDirectory(prefix="roomscribe-walk-") as name:
        for one in walk_events(Path(name)):
            calls, functions, files, switches = one.measure()
            print(f"{one.event:<18}{calls:>7}{functions:>11}{files:>7}{switches:>10}")
            if wanted and one.event.startswith(wanted):
                for step in one.steps:
                    print(f"    {step.file}:{step.line} {step.function}")


if __name__ == "__main__":
    main()
