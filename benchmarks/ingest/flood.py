"""Lets the callbacks come: several processes at once, each an instance of the webhook on one ledger."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from benchmarks.ingest.plan import Size, plan_posts, read_post
from benchmarks.ingest.posting import Webhook
from local.development import FUNCTIONS_DIR, local_environment

NOWHERE = "http://127.0.0.1:9"  # the API: nothing here needs it
PATIENCE = 20  # deliveries of one callback; TRTC gives up after a minute
COME_BACK = 503

Result = TypeVar("Result")


class Taken(NamedTuple):
    """What one process took: the ms each answer needed, and how many answers had which status."""

    answers_ms: array[float]
    statuses: Counter[int]
    given_up: int


class Flood(NamedTuple):
    """What all of them took, and in how many seconds."""

    answers_ms: list[float]
    statuses: Counter[int]
    given_up: int
    took_s: float


class Instances:
    """Processes that run functions on a ledger, as instances of SCF would."""

    def __init__(self, ledger_url: str, count: int) -> None:
        given = {"LEDGER_URL": ledger_url, "CALLBACK_MAX_AGE_S": "86400"}
        environ = local_environment(given, endpoint=NOWHERE)
        self._pool = ProcessPoolExecutor(
            count,
            multiprocessing.get_context("spawn"),
            initializer=become_instance,
            initargs=(environ,),
        )

    def __enter__(self) -> Instances:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Let one of them do something."""
        return self._pool.submit(work, *arguments).result()

    def flood(self, size: Size) -> Flood:
        """Open the rooms, then deliver everything that is said in them."""
        began_ms = time.time_ns() // 1_000_000 - size.find_end_ms(size.sentences)
        self.run(open_rooms, size, began_ms)
        posts = plan_posts(size)
        began_s = time.perf_counter()
        taking = [self._pool.submit(take, size, began_ms, each) for each in posts]
        taken = [each.result() for each in taking]
        return Flood(
            [ms for each in taken for ms in each.answers_ms],
            sum((each.statuses for each in taken), Counter()),
            sum(each.given_up for each in taken),
            time.perf_counter() - began_s,
        )


def open_rooms(size: Size, began_ms: int) -> None:
    """Begin the meetings."""
    webhook = Webhook(size, began_ms)
    for room in range(size.rooms):
        status = webhook.open_room(room)
        if status != 200:
            raise RuntimeError(f"room {room} could not be opened: status {status}")


def take(size: Size, began_ms: int, posts: array[int]) -> Taken:
    """Take deliveries one after the other; what is told to come back does so when all others have."""
    webhook, taken = Webhook(size, began_ms), Taken(array("d"), Counter(), 0)
    waiting, tries = deque(posts), Counter[int]()
    given_up = 0
    while waiting:
        code = waiting.popleft()
        status, took_ms = webhook.post(read_post(code, size))
        taken.answers_ms.append(took_ms)
        taken.statuses[status] += 1
        if status == 200:
            continue
        tries[code] += 1
        if status == COME_BACK and tries[code] < PATIENCE:
            waiting.append(code)
        else:
            given_up += 1
    return taken._replace(given_up=given_up)


def become_instance(environ: dict[str, str]) -> None:
    """Let this process import the functions, with settings as in `environ`; what it logs is lost."""
    os.environ.update(environ)
    sys.path.insert(0, str(FUNCTIONS_DIR))
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  its log, for as long as it lives
