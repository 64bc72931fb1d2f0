"""What the sweep tells of all rooms, once a minute: a line of counters, and each gap that is not short."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from shared import log
from shared.fleet.state import list_troubles, measure_fleet
from shared.fleet.streams import count_streams
from shared.ledger.engine import Cell, Put, Score, Write
from shared.ledger.fleet import (
    HOUR_MS,
    MANY,
    MISSED_MS,
    Fleet,
    Kind,
    find_fleet_keys,
    read_fleet,
    read_hours,
)
from shared.resources import Resources
from shared.room import Room
from shared.scf import Json

EVERY_MS = 55_000  # a timer that fires each minute is never too early
NAMED = 200  # rooms of each kind that are told of in one minute
HOURS_KEPT = 48
LONGEST_MS = 120_000  # of one sample: nobody knows what was on in a longer pause of the sweep


def report_fleet(resources: Resources) -> None:
    """Write the lines, unless another sweep has within the last minute; raises LedgerError."""
    now_ms, ledger = resources.now_ms(), resources.ledger
    if not ledger.take_lease("report", secrets.token_hex(16), now_ms, EVERY_MS):
        return
    for application in resources.settings.applications:
        sdk_app_id = application.sdk_app_id
        told_ms = _count_on(sdk_app_id, resources)
        fleet = read_fleet(ledger.engine, sdk_app_id, MANY)
        _write_counters(fleet, sdk_app_id, resources)
        _tell_gaps(fleet, told_ms, resources)


def _count_on(sdk_app_id: int, resources: Resources) -> int:
    """Keep how many streams there are, and count their time.

    Returns the ms since 1970 up to which the report before this one has told of gaps; 0: there was none.
    """
    now_ms, ledger, keys = resources.now_ms(), resources.ledger, find_fleet_keys(sdk_app_id)
    told, tag, oldest = Cell(f"told:{sdk_app_id}"), str(sdk_app_id), now_ms // HOUR_MS - HOURS_KEPT
    counted = read_hours(ledger.engine, sdk_app_id)
    old = [f"{hour}/{what}" for hour in counted if hour < oldest for what in counted[hour]]
    recognition, translation = count_streams(sdk_app_id, ledger)

    def count(seen: list[bytes]) -> tuple[int, list[Write]]:
        told_ms = int(seen[0] or 0)
        sampled_ms = min(now_ms - MISSED_MS - told_ms, LONGEST_MS) if told_ms else 0
        spoken_s = recognition * sampled_ms // 1000
        return told_ms, [
            Put(told, b"%d" % (now_ms - MISSED_MS)),
            Score(keys.marks, "recognition", recognition),
            Score(keys.marks, "translation", translation),
            *([keys.count(now_ms, "spoken_s", spoken_s)] if spoken_s > 0 else []),
            *(Score(keys.hours, name, None) for name in old),
        ]

    return ledger.exchange(tag, [told], count)


def _write_counters(fleet: Fleet, sdk_app_id: int, resources: Resources) -> None:
    """One flat line: what is a dict is told by its own keys, or as text where these may be any."""
    flat: Json = {}
    for name, value in measure_fleet(fleet, sdk_app_id, resources).items():
        if name == "api_errors":
            flat[name] = _join(value)
        elif name == "last_callback":
            flat[name] = _join({group: one["age_ms"] for group, one in value.items() if one})
        elif isinstance(value, dict):
            flat |= {f"{name}_{key}": one for key, one in value.items() if key != "codes"}
        elif name not in ("at", "at_ms", "warnings"):
            flat[name] = value
    log.write("fleet.counted", outcome="counted", **flat)


def _join(told: Mapping[str, int]) -> str:
    return " ".join(f"{key}={value}" for key, value in told.items())


def _tell_gaps(fleet: Fleet, told_ms: int, resources: Resources) -> None:
    """One ERROR line a gap, once it is a minute old: those that began since the last report looked."""
    kinds: tuple[Kind, ...] = ("failed", "waiting")
    until_ms = resources.now_ms() - MISSED_MS
    for trouble in list_troubles(
        fleet, NAMED, resources, kinds=kinds, above_ms=told_ms, until_ms=until_ms
    ):
        del trouble["since"]
        log.bind_room(*(trouble.pop(name) for name in Room._fields))
        log.write("room.untranscribed", "error", outcome=trouble.pop("kind"), **trouble)
    log.unbind_room()
