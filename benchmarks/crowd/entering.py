"""Lets a crowd enter a room: processes, each an instance of the webhook, that begin at the same moment."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.pool import Pool
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import NamedTuple

from benchmarks.cost.api import Api, running_api
from benchmarks.cost.contenders import CONTEXT, FIRST_ROOM, SDK_APP_ID, SETTINGS, write_event
from benchmarks.ingest.flood import become_instance
from shared.ledger import close_ledgers, open_ledger
from shared.room import Room

PEOPLE, INSTANCES = 100, 8
BARRIER_TIMEOUT_S = 60  # when an instance has died, the others fail instead of waiting for ever
NUMERIC_ROOM = 0
ANCHOR = 20
STARTS = ("CreateCloudTranscription", "StartAITranscription")
start_line: list[Barrier] = []  # an instance's own


class Answers(NamedTuple):
    """What one instance answered: the HTTP status and the ms of each 103, in order."""

    statuses: list[int]
    answers_ms: list[float]


class Entered(NamedTuple):
    """What came of a crowd in one room; `starts` counts the API calls that asked for a task."""

    statuses: list[int]
    answers_ms: list[float]
    people: set[str]
    starts: int


class Crowd:
    """A hundred people, spread evenly over the instances of one ledger."""

    def __init__(self, ledger_url: str, api: Api, instances: Pool) -> None:
        self._ledger_url = ledger_url
        self._api = api
        self._instances = instances
        self._rooms = itertools.count(FIRST_ROOM)

    def enter_room(self) -> Entered:
        """Create a room, whose task is started, and let everybody enter it at once."""
        room_id, before = next(self._rooms), self._count_starts()
        status = self._instances.apply(create_room, (room_id,))
        if status != 200:
            raise RuntimeError(f"room {room_id} could not be created: status {status}")
        shares = [(room_id, range(n, PEOPLE, INSTANCES)) for n in range(INSTANCES)]
        told = self._instances.starmap(enter, shares, chunksize=1)
        return Entered(
            [status for each in told for status in each.statuses],
            [ms for each in told for ms in each.answers_ms],
            self._list_people(room_id),
            self._count_starts() - before,
        )

    def _count_starts(self) -> int:
        return sum(self._api.calls[action] for action in STARTS)

    def _list_people(self, room_id: int) -> set[str]:
        """Who is present in the room's only session, by the ledger."""
        ledger = open_ledger(self._ledger_url)
        (session,) = ledger.read(Room(SDK_APP_ID, str(room_id), NUMERIC_ROOM)).sessions
        people = ledger.list_people(session)
        close_ledgers()
        return {one.user_id for one in people if one.present}


@contextlib.contextmanager
def running_crowd(ledger_url: str, prepare: Callable[[], None] | None = None) -> Iterator[Crowd]:
    """Instances on that ledger, and an API on this machine; `prepare` runs first in each instance."""
    spawn = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="roomscribe-crowd-") as folder,
        running_api(Path(folder)) as api,
    ):
        places = {
            "LEDGER_URL": ledger_url,
            "TRTC_ENDPOINT": f"https://{api.host}",
            "TRTC_CA": str(api.certificate),
        }
        given = (SETTINGS | places, spawn.Barrier(INSTANCES), prepare)
        with spawn.Pool(INSTANCES, join, given) as instances:
            yield Crowd(ledger_url, api, instances)


def join(environ: dict[str, str], barrier: Barrier, prepare: Callable[[], None] | None) -> None:
    """What an instance does before its first event."""
    become_instance(environ)
    start_line.append(barrier)
    if prepare:
        prepare()


def create_room(room_id: int) -> int:
    """The HTTP status of the answer to a 101."""
    event = write_event(101, {"RoomId": room_id, "UserId": "creator"})
    return int(importlib.import_module("trtc_callback").main_handler(event, CONTEXT)["statusCode"])


def enter(room_id: int, numbers: range) -> Answers:
    """Sign a 103 for each of these people, wait for the other instances, then hand over one by one."""
    handle = importlib.import_module("trtc_callback").main_handler
    people = [{"RoomId": room_id, "UserId": f"person-{n}", "Role": ANCHOR} for n in numbers]
    events = [write_event(103, person) for person in people]
    answers = Answers([], [])
    start_line[0].wait(BARRIER_TIMEOUT_S)
    for event in events:
        began_s = time.perf_counter()
        answers.statuses.append(int(handle(event, CONTEXT)["statusCode"]))
        answers.answers_ms.append((time.perf_counter() - began_s) * 1000)
    return answers
