"""All rooms of an application as plain data: numbers, and the sessions in trouble."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import accumulate

from shared.counts import write_count
from shared.errors import UnreadableError
from shared.ledger import Ledger, Session
from shared.ledger.fleet import BOUNDS, HOUR_MS, KINDS, Fleet, Kind, list_marks
from shared.resources import Resources
from shared.scf import Json
from shared.times import write_time
from shared.traffic import Traffic, read_traffic
from shared.transcripts.records import FOR_EVER_MS

GROUPS = {"ai": 9, "cloud": 14}  # of events about tasks; 1 is that of rooms
NEARLY = 0.8  # of a quota


def measure_fleet(fleet: Fleet, sdk_app_id: int, resources: Resources) -> Json:
    """The numbers of an application as plain data: durations in ms, instants in ms since 1970 and in ISO."""
    now_ms, settings = resources.now_ms(), resources.settings
    hour = now_ms // HOUR_MS
    counted = fleet.hours[hour] + fleet.hours[hour - 1]
    today = (fleet.hours[one]["spoken_s"] for one in range(hour - hour % 24, hour + 1))
    traffic = read_traffic(resources.ledger, sdk_app_id, now_ms)
    return {
        "sdk_app_id": sdk_app_id,
        "at": write_time(now_ms),
        "at_ms": now_ms,
        "running": fleet.running,
        "quota": settings.task_quota,
        **{kind: _measure_kind(fleet, kind, now_ms) for kind in KINDS},
        "streams": {
            "recognition": fleet.marks.get("recognition", 0),
            "recognition_quota": settings.stream_quota,
            "translation": fleet.marks.get("translation", 0),
        },
        "stream_minutes_today": sum(today) // 60,
        "start_ms": _find_percentiles(counted, "start"),
        "first_sentence_ms": _find_percentiles(counted, "text"),
        "api_errors": _select(counted, "error"),
        "last_callback": {
            str(group): _show_callback(traffic.accepted.get(group), now_ms)
            for group in _list_groups(resources)
        },
        "warnings": _warn(fleet, traffic, resources),
    }


def list_troubles(
    fleet: Fleet,
    most: int,
    resources: Resources,
    *,
    kinds: Sequence[Kind] = KINDS,
    above_ms: int = 0,
    until_ms: int = FOR_EVER_MS,
) -> list[Json]:
    """The sessions in trouble since between these times, as answers and log lines tell of them.

    The worst kind comes first, of each kind the longest, at most `most`. What cannot be read is left out.
    """
    chosen: list[tuple[Kind, int, str]] = []
    for kind in kinds:
        places = enumerate(fleet.marked[kind], 1)
        named = [(kind, place, one) for place, (one, ms) in places if above_ms < ms <= until_ms]
        chosen += named[:most]
    known = _read_sessions([session_id for *_, session_id in chosen], resources.ledger)
    shown = [
        _show_trouble(known[session_id], kind, place, fleet, resources)
        for kind, place, session_id in chosen
        if session_id in known
    ]
    return [one for one in shown if one]


def _read_sessions(session_ids: Sequence[str], ledger: Ledger) -> dict[str, Session]:
    known: dict[str, Session] = {}
    try:
        known |= ledger.read_sessions(session_ids).known
    except UnreadableError:
        for session_id in session_ids:
            with suppress(UnreadableError):  # who asks for that room is told of it
                known |= ledger.read_sessions([session_id]).known
    return known


def _show_trouble(
    session: Session, kind: Kind, place: int, fleet: Fleet, resources: Resources
) -> Json:
    """A session in trouble, without what there is nothing to say of; {} if that is over meanwhile."""
    from shared.remedies import find_advice  # late: mostly nothing is wrong

    marks = [found for found in list_marks(session) if found[0].kind == kind]
    if not marks:
        return {}
    mark, task = min(marks, key=lambda found: found[0].since_ms)
    quota = resources.settings.task_quota
    advice = find_advice(mark.code or kind, used=fleet.running, limit=quota)
    shown: Json = {
        **session.room._asdict(),
        "session": session.id,
        "kind": kind,
        "error_code": mark.code,
        "since": write_time(mark.since_ms),
        "since_ms": mark.since_ms,
        "waited_ms": resources.now_ms() - mark.since_ms,
        "attempts": sum(one.times for one in task.troubles),
        "place": place if kind == "waiting" else 0,
        **(advice._asdict() if advice else {}),
    }
    return {
        key: value for key, value in shown.items() if value not in ("", 0) or key == "room_id_type"
    }


def _measure_kind(fleet: Fleet, kind: Kind, now_ms: int) -> Json:
    codes = _select(fleet.marks, kind)
    measured: Json = {
        "count": sum(codes.values()),
        "codes": {code: count for code, count in codes.items() if code},
    }
    if fleet.marked[kind]:
        measured["oldest_ms"] = now_ms - fleet.marked[kind][0][1]
    elif codes:  # counters are read before the index, which such a session has left meanwhile
        measured["oldest_ms"] = 0
    return measured


def _select(counted: Mapping[str, int], kind: str) -> dict[str, int]:
    """The counts of a kind, by what stands after it."""
    split = ((*name.partition("/"), count) for name, count in counted.items())
    return {what: count for first, _, what, count in split if first == kind}


def _find_percentiles(counted: Counter[str], what: str) -> Json:
    """How many latencies there were, and the ms below which half of them, and 95 %, lie: one of BOUNDS."""
    below = [*accumulate(counted[f"{what}/{bound}"] for bound in BOUNDS)]
    shares = {"p50": 0.5, "p95": 0.95} if below[-1] else {}
    found = {name: BOUNDS[bisect_left(below, share * below[-1])] for name, share in shares.items()}
    return {"count": below[-1], **found}


def _list_groups(resources: Resources) -> list[int]:
    """The groups of which callbacks are expected: of rooms, and of the services that the rules name."""
    named = {name for rule in resources.rules.rules for name in (rule.service, rule.fallback)}
    return [1, *(group for service, group in GROUPS.items() if service in named)]


def _show_callback(at_ms: int | None, now_ms: int) -> Json | None:
    return None if at_ms is None else {"at": write_time(at_ms), "age_ms": max(now_ms - at_ms, 0)}


def _warn(fleet: Fleet, traffic: Traffic, resources: Resources) -> list[str]:
    settings, warnings = resources.settings, []
    streams = fleet.marks.get("recognition", 0)
    for what, used, quota in (
        ("TASK_QUOTA: tasks", fleet.running, settings.task_quota),
        ("STREAM_QUOTA: recognition streams", streams, settings.stream_quota),
    ):
        if used >= NEARLY * quota:
            warnings.append(f"{what}: {used} of {quota} are in use; ask Tencent for a higher quota")
    what = "refused in the last hour; `./roomscribe why ROOM` says what to do"
    return warnings + [
        f"{reason}: {write_count(count, 'callback')} {what}"
        for reason, count in traffic.refusals.items()
    ]
