"""Strangers send 2,000 bad requests at once, on and on: TRTC's callbacks among them are answered in time.

besieging: the strangers · calling_in: TRTC · siege: both, and the functions on the local host
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.figures import Figure
from benchmarks.ledgers import running_ledger
from benchmarks.strangers.besieging import CROWD
from benchmarks.strangers.siege import CALLBACKS, Siege, besiege_functions

ABOUT = f"{CALLBACKS} callbacks while {CROWD.size:,} bad requests are under way at any time"
ENGINES = ("sqlite", "redis")
MOST_MS = 5_000.0  # Source: TRTC documentation, event callbacks: TRTC waits 5 s for an answer


def run() -> Sequence[Figure]:
    """Both engines, one after the other."""
    return [figure for engine in ENGINES for figure in _measure(engine)]


def _measure(engine: str) -> Iterator[Figure]:
    with running_ledger(engine) as url:
        siege = besiege_functions(url, CROWD, CALLBACKS)
    yield from describe(engine, siege)


def describe(engine: str, siege: Siege) -> Iterator[Figure]:
    """How long TRTC waited, and what must not happen to any of its callbacks or to any stranger."""
    waits_ms = [each.waited_ms for each in siege.answers]
    yield Figure(engine, "answer to a callback, p50", median(waits_ms), "ms")
    yield Figure(engine, "answer to a callback, longest", max(waits_ms), "ms", MOST_MS)
    missed = sum(each.status != 200 for each in siege.answers)
    yield Figure(engine, "callbacks not answered with 200", missed, "", 0)
    untranscribed = len(siege.answers) - len(siege.transcribed)
    yield Figure(engine, "rooms without a task", untranscribed, "", 0)
    yield Figure(engine, "bad requests refused", siege.refused, "")
    yield Figure(engine, "bad requests not refused", siege.not_refused, "", 0)
    yield Figure(engine, "bad requests answered", siege.refused / siege.took_s, "/s")
