"""What `describe_fleet` answers: all rooms of an application in numbers, in words, and those in trouble."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from shared.console.checks import try_ledger
from shared.console.request import Result, choose_application, read_event, require_shared_ledger
from shared.fleet.state import list_troubles, measure_fleet
from shared.ledger.fleet import read_fleet
from shared.resources import Resources
from shared.scf import Json
from shared.times import write_duration


class FleetEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """Which application is asked about, and how many rooms of each kind of trouble are named."""

    sdk_app_id: int | None = None
    limit: Annotated[int, Meta(ge=0, le=500)] = 20


def describe_fleet(asked: Json, resources: Resources) -> Result:
    """All rooms of an application: numbers, what is wrong, and the rooms behind it."""
    request = read_event(asked, FleetEvent, "a request about all rooms")
    require_shared_ledger(resources)
    level, text = try_ledger(resources.ledger)  # the numbers of one that cannot be written are old
    sdk_app_id = choose_application(request.sdk_app_id, resources.settings)
    fleet = read_fleet(resources.ledger.engine, sdk_app_id, max(request.limit, 1))
    numbers = measure_fleet(fleet, sdk_app_id, resources)
    numbers["warnings"] += [text] if level == "FAIL" else []
    rooms = list_troubles(fleet, request.limit, resources)
    summary = " · ".join(_summarise(numbers))
    return [], {"outcome": "described", "summary": summary, **numbers, "rooms": rooms}


def _summarise(numbers: Json) -> list[str]:
    """The numbers in words, a part for each."""
    parts = [f"running {numbers['running']}/{numbers['quota']}"]
    for kind in ("waiting", "failed", "silent", "held"):
        told = numbers[kind]
        about = [*told["codes"]]
        if kind == "waiting" and told["count"]:
            about.insert(0, f"oldest {write_duration(told['oldest_ms'])}")
        parts.append(f"{kind} {told['count']}" + (f" ({', '.join(about)})" if about else ""))
    streams, start, last = numbers["streams"], numbers["start_ms"], numbers["last_callback"]
    parts.append(f"streams {streams['recognition']}/{streams['recognition_quota']}")
    parts.append(f"today {numbers['stream_minutes_today']:,} stream minutes")
    if start["count"]:
        p50, p95 = (write_duration(start[name]) for name in ("p50", "p95"))
        parts.append(f"start p50 ≤ {p50}, p95 ≤ {p95}")
    ages = [f"{write_duration(one['age_ms'])} ago" if one else "never" for one in last.values()]
    groups = ", ".join(f"group {group}: {age}" for group, age in zip(last, ages, strict=True))
    return [*parts, f"last callback {groups}"]
