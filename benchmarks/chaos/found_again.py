"""What a room may lack because Redis was lost wholly, and until when: as docs/failures.md promises."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.chaos.history import History
from benchmarks.chaos.machines import REDIS_AWAY_MS
from shared.callbacks import ANCHOR, Callback, parse_event

Entry = Mapping[str, Any]  # a room, or an interval, as the emulator's report has it

MAX_IDLE_MS = 60_000  # max_idle_s of rules.toml: a task that nobody knows ends by itself
LATE_MS = 180_000  # after a room has closed no webhook of it comes any more, delayed or repeated
NEVER_MS = 1 << 60


class Losses:
    """Tells which intervals are a loss's own; nothing is one in a world without losses."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._signs_ms: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for epoch in history.epochs[1:]:
            for one in epoch.told.values():
                callback = parse_event(one.sdk_app_id, json.loads(one.body))
                for sign in _list_signs(callback):
                    self._signs_ms[sign].append(max(callback.event_ms, epoch.begin_ms))

    def explain(self, room: Entry, interval: Entry, allowed_ms: int) -> bool:
        """Whether a loss did it, and it ended within `allowed_ms` of what told of it again."""
        lost = self._history.lost
        return any(self._is_of(one.end_ms, room, interval, allowed_ms) for one in lost)

    def _is_of(self, lost_ms: int, room: Entry, interval: Entry, allowed_ms: int) -> bool:
        key = (room["sdk_app_id"], room["room_id"], room["room_id_type"])
        from_ms, to_ms, kind = interval["from_ms"], interval["to_ms"], interval["kind"]
        if to_ms < lost_ms:
            return False
        if kind == "missing":  # not before the loss, nor after an event that asks for a start
            user_id = interval["user_id"] if room["room_id"].startswith("speakers-") else ""
            told_ms = self._find_sign_ms(lost_ms, key, user_id)
            return bool(max(lost_ms - from_ms, to_ms - told_ms) <= allowed_ms)
        starts_ms = {one: self._history.task_starts_ms[one] for one in interval["task_ids"]}
        former = [one for one, ms in starts_ms.items() if ms <= lost_ms]
        if kind == "orphaned":  # nobody knows the task, or that the room is over
            closings_ms = self._history.closings_ms.get(key, [])
            is_forgotten = any(lost_ms - LATE_MS <= ms <= lost_ms for ms in closings_ms)
            is_short = to_ms - from_ms <= max(allowed_ms, MAX_IDLE_MS)
            return is_short and (bool(former) or is_forgotten)
        heard_ms = max((self._find_sign_ms(lost_ms, one) for one in former), default=0)
        return 0 < len(former) < len(starts_ms) and to_ms - max(heard_ms, from_ms) <= allowed_ms

    def _find_sign_ms(self, lost_ms: int, *sign: object) -> int:
        signs_ms = [ms for ms in self._signs_ms[sign] if ms >= lost_ms]
        return max(min(signs_ms, default=NEVER_MS), lost_ms + REDIS_AWAY_MS)


def _list_signs(callback: Callback) -> Iterator[tuple[object, ...]]:
    """What is known again by a callback: a task that says something; people, and their rooms."""
    room, user_id = callback.room, callback.user_id or ""
    if callback.task and callback.said:
        yield (callback.task.task_id,)
    starters = (203,) if room.room_id.startswith("talk-") else (101, 103, 203)
    is_person = user_id.startswith("user-") and callback.role in (None, ANCHOR)
    if is_person and callback.event_type in starters:
        yield room, ""
        yield room, user_id
