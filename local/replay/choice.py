"""Which of the saved callbacks are played: those of a time, a room, an outcome."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone

from local.errors import LocalError
from local.replay.records import Record

UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
TIME_FORMS = "like 2h, 30m or 3d ago, or 2026-11-27T03:00 (UTC unless it says +08:00)"

Tests = Mapping[str, Callable[[Record], bool]]  # by the option that asks for it


def make_tests(
    since: str | None, until: str | None, room: str | None, outcome: str | None, now_ms: int
) -> Tests:
    """What a callback must pass to be played, in the order of the options that were given.

    `since` and `until` are as in TIME_FORMS, and times of events; a callback without a time passes
    neither. Raises LocalError for what is no time.
    """
    tests: dict[str, Callable[[Record], bool]] = {}
    if since is not None:
        since_ms = read_time("--since", since, now_ms)
        tests["--since"] = lambda record: since_ms <= (record.event_ms or -1)
    if until is not None:
        until_ms = read_time("--until", until, now_ms)
        tests["--until"] = lambda record: 0 <= (record.event_ms or -1) < until_ms
    if room is not None:
        tests["--room"] = lambda record: str(record.event.get("RoomId")) == room
    if outcome is not None:
        tests["--outcome"] = lambda record: outcome in record.outcomes
    return tests


def choose(records: Iterable[Record], tests: Tests) -> tuple[list[Record], Counter[str]]:
    """The records that pass, and how many failed first at which option."""
    chosen, left_out = [], Counter[str]()
    for record in records:
        failed = next((option for option, passes in tests.items() if not passes(record)), None)
        if failed:
            left_out[failed] += 1
        else:
            chosen.append(record)
    return chosen, left_out


def read_time(option: str, text: str, now_ms: int) -> int:
    """An instant in ms since 1970; raises LocalError for what is none."""
    ago = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if ago:
        return now_ms - int(ago[1]) * UNITS_MS[ago[2]]
    try:
        moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", text))
    except ValueError as error:
        raise LocalError(f"{option} {text}: must be {TIME_FORMS}") from error
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return round(zoned.timestamp() * 1000)
