"""All rooms of an application as plain data: numbers, and the sessions in trouble."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import NamedTuple

from shared.ledger import Session
from shared.ledger.fleet import HOUR_MS, KINDS, Fleet, Kind, Mark, find_mark
from shared.resources import Resources
from shared.scf import Json
from shared.times import write_time
from shared.traffic import Traffic, read_traffic
from shared.transcripts.records import FOR_EVER_MS

GROUPS = {"ai": 9, "cloud": 14}  # of events about tasks; 1 is that of rooms
NEARLY = 0.8  # of a quota


class Marked(NamedTuple):
    """A session in trouble, what is wrong, how often a start was tried, and its place among its kind."""

    session: Session
    mark: Mark
    attempts: int
    place: int


def measure_fleet(fleet: Fleet, sdk_app_id: int, resources: Resources) -> Json:
    """The numbers: plain data, times in ms."""
    now_ms, settings = resources.now_ms(), resources.settings
    hour = now_ms // HOUR_MS
    counted = fleet.hours[hour] + fleet.hours[hour - 1]
    today = (fleet.hours[one]["spoken_s"] for one in range(hour - hour % 24, hour + 1))
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
    chosen: list[tuple[Kind, int, str]] = []
    for kind in KINDS:
        named = (
            (kind, place, session_id)
            for place, (session_id, since_ms) in enumerate(fleet.marked[kind], 1)
            if above_ms < since_ms <= until_ms
        )
        chosen += islice(named, most)
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
    from shared.remedies import find_advice  # late: mostly nothing is wrong

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
        **(advice._asdict() if advice else {}),
    }
    return {
        key: value for key, value in shown.items() if value not in ("", 0) or key == "room_id_type"
    }


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
    return warnings + [f"{reason}: {count} {what}" for reason, count in traffic.refusals.items()]
