"""Two worlds of one seed, with the same callbacks: in one of them archive and endpoints fail."""

from __future__ import annotations

import contextlib
import random
import uuid
from collections.abc import Iterator
from unittest import mock

from benchmarks.chaos.history import History
from benchmarks.chaos.plan import Meeting
from benchmarks.chaos.troubles import list_delivery_faults
from benchmarks.chaos.world import HOUR_MS, Pace, play
from local.cloud import delivery, speech, task_ids

BEGIN_MS = 1_800_000_000_000
# Time stops at every timer, so that what happens has one order.
CALM = Pace(kill_every_ms=0, far_away_ms=0, deliveries_ms=6 * HOUR_MS, step_ms=None)


def play_pair(
    engine: str, meetings: list[Meeting], seed: int, pace: Pace = CALM
) -> tuple[History, History]:
    """The same meetings with the faults of the archive and the endpoints alone, and without any."""
    return (
        _play(engine, meetings, seed, pace, is_troubled=True),
        _play(engine, meetings, seed, pace, is_troubled=False),
    )


def _play(
    engine: str, meetings: list[Meeting], seed: int, pace: Pace, *, is_troubled: bool
) -> History:
    faults = list_delivery_faults(seed) if is_troubled else []
    with _repeating(seed):
        return play(engine, meetings, faults, seed, pace=pace, begin_ms=BEGIN_MS)


@contextlib.contextmanager
def _repeating(seed: int) -> Iterator[None]:
    """Let the emulator draw its ids from the seed, and send one callback after the other."""
    drawn = random.Random(seed)  # noqa: S311  repeatable, not secret
    fakes = mock.Mock(
        token_bytes=drawn.randbytes,
        token_urlsafe=lambda size: drawn.randbytes(size).hex()[: size * 4 // 3],
        choice=drawn.choice,
        uuid4=lambda: uuid.UUID(int=drawn.getrandbits(128), version=4),
    )
    with (
        mock.patch.object(task_ids, "secrets", fakes),
        mock.patch.object(speech, "uuid", fakes),
        mock.patch.object(delivery, "MAX_AT_ONCE", 1),
    ):
        yield
