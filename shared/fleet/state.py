"""What `describe_fleet` answers: all rooms of an application in numbers, and those in trouble."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from shared.console.checks import try_ledger
from shared.console.describe import require_shared_ledger
from shared.console.request import Result, choose_application
from shared.errors import RequestError
from shared.ledger import Session
from shared.ledger.fleet import HOUR_MS, KINDS, Fleet, Kind, Mark, find_mark, read_fleet
from shared.remedies import find_advice
from shared.resources import Resources
from shared.scf import Json
from shared.times import write_duration, write_time
from shared.traffic import Traffic, read_traffic
from shared.transcripts.records import FOR_EVER_MS

GROUPS = {"ai": 9, "cloud": 14}  # of events about tasks; 1 is that of rooms
NEARLY = 0.8  # of a quota


class FleetEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """Which application is asked about, and how many rooms of each kind of trouble are named."""

    sdk_app_id: int | None = None
    limit: Annotated[int, Meta(ge=0, le=500)] = 20


class Marked(NamedTuple):
    """A session in trouble, what is wrong, how often a start was tried, and its place among its kind."""

    session: Session
    mark: Mark
    attempts: int
    place: int


def describe_fleet(asked: Json, resources: Resources) -> Result:
    """All rooms of an application: numbers, what is wrong, and the rooms behind it."""
    try:
        request = msgspec.convert(asked, FleetEvent)
    except msgspec.ValidationError as error:
        raise RequestError(f"the event is not a request about all rooms: {error}") from None
    require_shared_ledger(resources)
    level, text = try_ledger(resources)  # the numbers of one that cannot be written are old
    sdk_app_id = choose_application(request.sdk_app_id, resources.settings)
    fleet = read_fleet(resources.ledger.engine, sdk_app_id, max(request.limit, 1))
    numbers = measure_fleet(fleet, sdk_app_id, resources)
    numbers["warnings"] += [text] if level == "FAIL" else []
    rooms = [
        show_marked(one, fleet, resources) for one in list_marked(fleet, request.limit, resources)
    ]
    summary = " · ".join(_summarise(numbers))
    return [], {"outcome": "described", "summary": summary, **numbers, "rooms": rooms}


def measure_fleet(fleet: Fleet, sdk_app_id: int, resources: Resources) -> Json:
    """The numbers: plain data, times in ms."""
    now_ms, settings = resources.now_ms(), resources.settings
    hour = now_ms // HOUR_MS
    recent = [_count_hour(fleet, one) for one in (hour, hour - 1)]
    counted = recent[0] + recent[1]
    today = [_count_hour(fleet, one)["spoken_s"] for one in range(hour - hour % 24, hour + 1)]
    traffic = read_traffic(resources.ledger, sdk_app_id, now_ms)
    living = sum(fleet.living.values())
    return {
        "sdk_app_id": sdk_app_id,
        "at": write_time(now_ms),
        "at_ms": now_ms,
        "running": living,
        "quota": settings.task_quota,
        **{kind: _show_kind(fleet, kind, now_ms) for kind in KINDS},
        "streams": {
            "recognition": fleet.marks.get("recognition", 0),
            "recognition_quota": settings.stream_quota,
            "translation": fleet.marks.get("translation", 0),
        },
        "stream_minutes_today": sum(today) // 60,
        "start_ms": _find_percentiles(counted, "start"),
        "first_sentence_ms": _find_percentiles(counted, "text"),
        "api_errors": {
            what.partition("/")[2]: number
            for what, number in counted.items()
            if what.startswith("error/")
        },
        "last_callback": {
            str(group): _show_callback(traffic.accepted.get(group), now_ms)
            for group in _list_groups(resources)
        },
        "warnings": _warn(fleet, living, traffic, resources),
    }


def list_marked(
    fleet: Fleet, most: int, resources: Resources, *, above_ms: int = 0, until_ms: int = FOR_EVER_MS
) -> list[Marked]:
    """The sessions in trouble since between these times, the worst kind first, of each the longest first."""
    named = [
        (kind, place, session_id)
        for kind in KINDS
        for place, (session_id, since_ms) in enumerate(fleet.marked[kind], 1)
        if above_ms < since_ms <= until_ms
    ]
    chosen = [one for kind in KINDS for one in [*filter(lambda one: one[0] == kind, named)][:most]]
    known = resources.ledger.read_sessions([session_id for *_, session_id in chosen]).known
    marked: list[Marked] = []
    for kind, place, session_id in chosen:
        session = known.get(session_id)
        tasks = [*session.tasks.values()] if session else []
        marks = [(mark, task) for task in tasks if (mark := find_mark(task)) and mark.kind == kind]
        if session and marks:
            mark, task = min(marks, key=lambda found: found[0].since_ms)
            marked.append(Marked(session, mark, sum(one.times for one in task.troubles), place))
    return marked


def show_marked(marked: Marked, fleet: Fleet, resources: Resources) -> Json:
    """A session in trouble as answers and log lines tell of it; without what there is nothing to say of."""
    session, mark = marked.session, marked.mark
    living, quota = sum(fleet.living.values()), resources.settings.task_quota
    advice = find_advice(mark.code or mark.kind, used=living, limit=quota)
    shown: Json = {
        **session.room._asdict(),
        "session": session.id,
        "kind": mark.kind,
        "error_code": mark.code,
        "since": write_time(mark.since_ms),
        "since_ms": mark.since_ms,
        "waited_ms": resources.now_ms() - mark.since_ms,
        "attempts": marked.attempts,
        "place": marked.place if mark.kind == "waiting" else 0,
        "reason": advice.reason if advice else "",
        "remedy": advice.remedy if advice else "",
    }
    return {
        key: value for key, value in shown.items() if value not in ("", 0) or key == "room_id_type"
    }


def _count_hour(fleet: Fleet, hour: int) -> Counter[str]:
    begin = f"{hour}/"
    return Counter(
        {name[len(begin) :]: count for name, count in fleet.hours.items() if name.startswith(begin)}
    )


def _show_kind(fleet: Fleet, kind: Kind, now_ms: int) -> Json:
    codes = {
        name.partition("/")[2]: count
        for name, count in fleet.marks.items()
        if name.startswith(f"{kind}/")
    }
    first = fleet.marked[kind][:1]
    oldest = {"oldest_ms": now_ms - first[0][1]} if first else {}
    return {
        "count": sum(codes.values()),
        "codes": {code: n for code, n in codes.items() if code},
        **oldest,
    }


def _find_percentiles(counted: Counter[str], what: str) -> Json:
    """The bounds below which half of the latencies lie, and 95 % of them; and how many there were."""
    bounds = sorted(
        (int(name.partition("/")[2]), number)
        for name, number in counted.items()
        if name.startswith(f"{what}/")
    )
    total = sum(number for _, number in bounds)
    found: Json = {"count": total}
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        below = 0
        for bound, number in bounds:
            below += number
            if below >= total * share:
                found[name] = bound
                break
    return found


def _list_groups(resources: Resources) -> list[int]:
    """The groups of which callbacks are expected: of rooms, and of the services that the rules name."""
    named = {name for rule in resources.rules.rules for name in (rule.service, rule.fallback)}
    return [1, *(group for service, group in GROUPS.items() if service in named)]


def _show_callback(at_ms: int | None, now_ms: int) -> Json | None:
    return None if at_ms is None else {"at": write_time(at_ms), "age_ms": max(now_ms - at_ms, 0)}


def _warn(fleet: Fleet, living: int, traffic: Traffic, resources: Resources) -> list[str]:
    settings, warnings = resources.settings, []
    streams = fleet.marks.get("recognition", 0)
    for what, used, quota in (
        ("TASK_QUOTA: tasks", living, settings.task_quota),
        ("STREAM_QUOTA: recognition streams", streams, settings.stream_quota),
    ):
        if used >= NEARLY * quota:
            warnings.append(f"{what}: {used} of {quota} are in use; ask Tencent for a higher quota")
    what = "callbacks were refused in the last hour; `./roomscribe why ROOM` says what to do"
    for reason, times in traffic.refused.items():
        if times:
            warnings.append(f"{reason}: {sum(times.values())} {what}")
    return warnings


def _summarise(numbers: Json) -> list[str]:
    """The numbers in words, a part for each."""
    parts = [f"running {numbers['running']}/{numbers['quota']}"]
    for kind in ("waiting", "failed", "silent", "held"):
        told = numbers[kind]
        about = (
            [f"oldest {write_duration(told['oldest_ms'])}"]
            if kind == "waiting" and told["count"]
            else []
        )
        about += told["codes"]
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
