"""What the webhook accepted and refused: counted in an instance, kept in the ledger once a minute.

Strangers can cause no more writing than that; what an instance has counted since is lost with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.json import Decoder, encode

from shared.errors import RoomscribeError
from shared.scf import Invocation

if TYPE_CHECKING:
    from shared.ledger import Ledger
    from shared.ledger.engine import Write

MINUTE_MS, BUCKET_MS, HOUR_MS = 60_000, 600_000, 3_600_000
FLUSH_S = 1.5  # of the time to answer: a store that is away may take so long
MEDIA = 2  # what is told of microphones comes with what is told of rooms


class Traffic(Struct, frozen=True):
    """What was accepted and refused of one application.

    `accepted` is the ms since 1970 at which the last callback came, by event group (1: rooms and media,
    9: 1.0 tasks, 14: 2.0 tasks). `refused` has counts by reason (no_sign, wrong_sign, foreign_app, stale,
    malformed, too_large, wrong_method), and by the ms at which their ten minutes began.
    """

    accepted: dict[int, int] = {}
    refused: dict[str, dict[int, int]] = {}

    def merge(self, more: Traffic, since_ms: int = 0) -> Traffic:
        """The later of the times, the sums of the counts; without ten minutes that began before then."""
        accepted, refused = {**self.accepted}, {**self.refused}
        for group, at_ms in more.accepted.items():
            accepted[group] = max(at_ms, accepted.get(group, 0))
        for reason in self.refused | more.refused:
            counts = Counter(self.refused.get(reason)) + Counter(more.refused.get(reason))
            refused[reason] = {ms: count for ms, count in counts.items() if ms >= since_ms}
        return Traffic(accepted, refused)

    def count_refused(self) -> dict[str, int]:
        """How many were refused, by reason."""
        return {reason: sum(counts.values()) for reason, counts in self.refused.items() if counts}


TRAFFIC = Decoder(Traffic)  # made here, once: msgspec 0.22 crashes when two threads learn a type


class Counts:
    """What an instance has counted and not kept yet, by SdkAppId; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock, self._due_ms = Lock(), 0
        self._counted: dict[int, Traffic] = {}

    def accept(self, sdk_app_id: int, event_type: int, now_ms: int) -> None:
        """Count a callback that was accepted."""
        group = event_type // 100
        self._add([sdk_app_id], Traffic({1 if group == MEDIA else group: now_ms}))

    def refuse(self, sdk_app_ids: Iterable[int], reason: str, now_ms: int) -> None:
        """Count a callback that was refused; an instance waits a minute before it keeps its first."""
        self._due_ms = self._due_ms or now_ms + MINUTE_MS
        self._add(sdk_app_ids, Traffic(refused={reason: {now_ms - now_ms % BUCKET_MS: 1}}))

    def flush(self, open_ledger: Callable[[], Ledger], invocation: Invocation) -> None:
        """Keep what was counted, at most once a minute; without a ledger it is counted on."""
        now_ms = invocation.started_ms
        if 0 < self._due_ms - now_ms <= MINUTE_MS or invocation.remaining_s() < FLUSH_S:
            return
        self._due_ms = now_ms + MINUTE_MS
        with self._lock, suppress(RoomscribeError):  # whoever needs the ledger says what it lacks
            for sdk_app_id in [*self._counted]:
                read_traffic(open_ledger(), sdk_app_id, now_ms, self._counted[sdk_app_id])
                del self._counted[sdk_app_id]

    def _add(self, sdk_app_ids: Iterable[int], more: Traffic) -> None:
        with self._lock:
            for sdk_app_id in sdk_app_ids:
                self._counted[sdk_app_id] = self._counted.get(sdk_app_id, Traffic()).merge(more)


COUNTS = Counts()  # of this instance


def read_traffic(
    ledger: Ledger, sdk_app_id: int, now_ms: int, more: Traffic | None = None
) -> Traffic:
    """What the ledger knows of the last hour, after `more` was added to it; raises LedgerError."""
    from shared.ledger.engine import Put  # late: what is refused or ignored needs no ledger
    from shared.ledger.layout import traffic_cell

    cell = traffic_cell(sdk_app_id)

    def merge(seen: list[bytes]) -> tuple[Traffic, list[Write]]:
        known = ledger.decode(TRAFFIC.decode, seen[0]) if seen[0] else Traffic()
        merged = known.merge(more or Traffic(), now_ms - HOUR_MS)
        return merged, [Put(cell, encode(merged))] if more else []

    return ledger.exchange(str(sdk_app_id), [cell], merge)
