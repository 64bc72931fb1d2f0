"""What the sweep tells of all rooms, once a minute: a line of counters, and each gap that is not short."""

from __future__ import annotations

import secrets

from shared import log
from shared.fleet.state import list_marked, measure_fleet, show_marked
from shared.ledger.engine import Cell, Put, Score, Write
from shared.ledger.fleet import (
    HOUR_MS,
    MANY,
    MISSED_MS,
    Fleet,
    find_fleet_keys,
    read_fleet,
    sum_streams,
)
from shared.resources import Resources
from shared.scf import Json

EVERY_MS = 55_000  # a timer that fires each minute is never too early
NAMED = 200  # rooms of each kind that are told of in one minute
HOURS_KEPT = 48


def report_fleet(resources: Resources) -> None:
    """Write the lines, unless somebody has within the last minute; raises LedgerError."""
    now_ms = resources.now_ms()
    if not resources.ledger.take_lease("report", secrets.token_hex(16), now_ms, EVERY_MS):
        return
    for application in resources.settings.applications:
        sdk_app_id = application.sdk_app_id
        fleet = read_fleet(resources.ledger.engine, sdk_app_id, MANY)
        _write_counters(fleet, sdk_app_id, resources)
        _tell_gaps(fleet, sdk_app_id, resources)


def _write_counters(fleet: Fleet, sdk_app_id: int, resources: Resources) -> None:
    """One flat line: what is a dict is told by its own keys."""
    flat: Json = {}
    for name, value in measure_fleet(fleet, sdk_app_id, resources).items():
        if isinstance(value, dict) and name not in ("api_errors", "last_callback"):
            flat |= {f"{name}_{key}": one for key, one in value.items() if key != "codes"}
        elif isinstance(value, dict):
            told = {
                key: one["age_ms"] if isinstance(one, dict) else one for key, one in value.items()
            }
            flat[name] = " ".join(f"{key}={one}" for key, one in told.items() if one is not None)
        elif name not in ("at", "at_ms", "warnings"):
            flat[name] = value
    log.write("fleet.counted", outcome="counted", **flat)


def _tell_gaps(fleet: Fleet, sdk_app_id: int, resources: Resources) -> None:
    """One ERROR line a gap, once it is a minute old: those that began since the last report looked.

    In the same step what was counted long ago is forgotten, and streams are summed.
    """
    now_ms, cell = resources.now_ms(), Cell(f"told:{sdk_app_id}")
    until_ms, oldest = now_ms - MISSED_MS, now_ms // HOUR_MS - HOURS_KEPT
    hours, engine = find_fleet_keys(sdk_app_id).hours, resources.ledger.engine
    old = [name for name in fleet.hours if int(name.partition("/")[0]) < oldest]

    def move_on(seen: list[bytes]) -> tuple[int, list[Write]]:
        forgotten = (Score(hours, name, None) for name in old)
        writes = [Put(cell, b"%d" % until_ms), *forgotten, *sum_streams(engine, sdk_app_id)]
        return int(seen[0] or 0), writes

    above_ms = resources.ledger.exchange(str(sdk_app_id), [cell], move_on)
    for one in list_marked(fleet, NAMED, resources, above_ms=above_ms, until_ms=until_ms):
        if one.mark.kind in ("waiting", "failed"):
            shown = show_marked(one, fleet, resources)
            log.bind_room(*one.session.room)
            fields: Json = {
                key: shown[key] for key in shown if key not in ("since", *one.session.room._fields)
            }
            log.write("room.untranscribed", "error", outcome=fields.pop("kind"), **fields)
    log.unbind_room()
