"""What the webhook accepted and refused: counted in an instance, kept in the ledger once a minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from shared import log
from shared.callbacks import read_event_type
from shared.errors import RoomscribeError
from shared.scf import Invocation, fold_names
from shared.stored import Form, FrozenStored

if TYPE_CHECKING:
    from shared.ledger import Ledger

SECOND_MS, MINUTE_MS, BUCKET_MS, HOUR_MS = 1_000, 60_000, 600_000, 3_600_000
REASONS = {"method_not_allowed": "wrong_method", "too_large": "too_large"}  # by an error's code


class Traffic(FrozenStored, frozen=True):
    """What was accepted and refused of one application.

    `accepted`: the ms since 1970 of the last, by event group (1: rooms, 2: media, 9: 1.0, 14: 2.0 tasks).
    `refused`: counts by reason (no_sign, wrong_sign, foreign_app, stale, malformed, too_large or
    wrong_method), then by the ms at which their ten minutes began.
    """

    accepted: dict[int, int] = {}
    refused: dict[str, dict[int, int]] = {}

    @property
    def refusals(self) -> dict[str, int]:
        """How many were refused, by reason."""
        return {reason: sum(counts.values()) for reason, counts in self.refused.items() if counts}

    def merge(self, more: Traffic, since_ms: int = 0) -> Traffic:
        """The later of the times and the sums of the counts, of ten minutes that began since then."""
        refused = {}
        for reason in self.refused | more.refused:
            counts = Counter(self.refused.get(reason)) + Counter(more.refused.get(reason))
            refused[reason] = {ms: count for ms, count in counts.items() if ms >= since_ms}
        # Of two times of a group the later one comes last.
        accepted = dict(sorted([*self.accepted.items(), *more.accepted.items()]))
        return replace(self, accepted=accepted, refused=refused)


NOTHING, TRAFFIC = Traffic(), Form(Traffic)


class Counts:
    """What an instance has counted and not kept yet; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock, self._due_ms = Lock(), 0
        self._counted: dict[int, Traffic] = {}  # by SdkAppId
        self._accepted: dict[tuple[int, int], int] = {}  # when, by SdkAppId and group
        self._told: dict[tuple[str, str], tuple[int, int]] = {}  # when last, and how many since

    def add(self, sdk_app_ids: Sequence[int], more: Traffic) -> None:
        """Count for each application."""
        with self._lock:
            for sdk_app_id in sdk_app_ids:
                self._counted[sdk_app_id] = self._counted.get(sdk_app_id, NOTHING).merge(more)

    def accept(self, sdk_app_id: int, event_type: int, now_ms: int) -> None:
        """Count an accepted callback, at most one a second of a group; its first is kept at once."""
        group = event_type // 100
        last_ms = self._accepted.get((sdk_app_id, group), 0)
        if not 0 <= now_ms - last_ms < SECOND_MS:
            self._accepted[sdk_app_id, group] = now_ms
            self._due_ms = self._due_ms if last_ms else 0
            self.add([sdk_app_id], Traffic({group: now_ms}))

    def refuse(self, event: object, error: RoomscribeError, ours: list[int], now_ms: int) -> None:
        """Count a refused callback, and log it, at most once a minute, reason and level.

        A Sign, or an SdkAppId of `ours`, makes it a warning; without the latter it counts for all of them.
        """
        reason = getattr(error, "refusal", REASONS.get(error.code, "malformed"))
        headers = fold_names(fold_names(event).get("headers"))
        claimed = str(headers.get("sdkappid")).strip()
        named = [sdk_app_id for sdk_app_id in ours if str(sdk_app_id) == claimed]
        self._due_ms = self._due_ms or now_ms + MINUTE_MS  # strangers alone connect nothing
        self.add(named or ours, Traffic({}, {reason: {now_ms - now_ms % BUCKET_MS: 1}}))
        level = "warning" if named or headers.get("sign") else "info"
        logged_ms, count = self._told.get((reason, level), (0, 0))
        is_due = not 0 <= now_ms - logged_ms < MINUTE_MS
        self._told[reason, level] = (now_ms, 0) if is_due else (logged_ms, count + 1)
        if is_due:
            came = claimed if claimed.isdecimal() else "malformed"
            facts = {"error_code": error.code, "claimed_sdk_app_id": came, "count": count + 1}
            facts["reason"] = f"{error} (SdkAppId {came}, ours {', '.join(map(str, ours))})"
            facts["clock_off_ms"] = getattr(error, "clock_off_ms", None)
            facts["event_type"] = read_event_type(event)
            log.write("callback.refused", level, outcome=reason, **facts)

    def flush(self, open_ledger: Callable[[], Ledger], invocation: Invocation) -> None:
        """Keep what was counted, at most once a minute; without a ledger it is counted on."""
        now_ms = invocation.started_ms
        if 0 < self._due_ms - now_ms <= MINUTE_MS or invocation.remaining_s() < 1.5:
            return  # so long may a store take that is away
        self._due_ms = now_ms + MINUTE_MS
        with self._lock, suppress(RoomscribeError):  # whoever needs the ledger says what it lacks
            for sdk_app_id in [*self._counted]:
                read_traffic(open_ledger(), sdk_app_id, now_ms, self._counted[sdk_app_id])
                del self._counted[sdk_app_id]


COUNTS = Counts()  # of this instance


def read_traffic(ledger: Ledger, sdk_app_id: int, now_ms: int, more: Traffic = NOTHING) -> Traffic:
    """What the ledger knows of an application's last hour, once `more` is added; raises LedgerError."""
    from shared.ledger.engine import Cell, Put  # late: a refused callback needs no ledger

    cell = Cell(f"traffic:{sdk_app_id}")

    def add(seen: list[bytes]) -> tuple[Traffic, list[Any]]:
        known = ledger.decode(TRAFFIC.decode, seen[0]) if seen[0] else NOTHING
        merged = known.merge(more, now_ms - HOUR_MS)
        return merged, [Put(cell, TRAFFIC.encode(merged))] if more is not NOTHING else []

    return ledger.exchange(str(sdk_app_id), [cell], add)
