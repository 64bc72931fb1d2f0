"""Which of the saved callbacks are played: those of a time, a room, an outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from local.errors import LocalError
from local.replay.records import Record
from shared.errors import RequestError
from shared.times import read_time

Tests = Mapping[str, Callable[[Record], bool]]  # by the option that asks for it


def make_tests(
    since: str | None, until: str | None, room: str | None, outcome: str | None, now_ms: int
) -> Tests:
    """What a callback must pass to be played, in the order of the options that were given.

    `since` and `until` are read by `read_time`, and times of events; a callback without a time passes
    neither. Raises LocalError for what is no time.
    """
    tests: dict[str, Callable[[Record], bool]] = {}
    if since is not None:
        since_ms = read_option("--since", since, now_ms)
        tests["--since"] = lambda record: since_ms <= (record.event_ms or -1)
    if until is not None:
        until_ms = read_option("--until", until, now_ms)
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


def read_option(option: str, text: str, now_ms: int) -> int:
    """An instant in ms since 1970; raises LocalError for what is none."""
    try:
        return read_time(text, now_ms)
    except RequestError as error:
        raise LocalError(f"{option} {text}: {error}") from None
