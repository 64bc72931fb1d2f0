"""What `list_missed` answers: where somebody was not transcribed, or not heard, and for how long."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from msgspec import Meta, Struct

from shared.console.checks import try_ledger
from shared.console.request import Result, choose_application, read_event, require_shared_ledger
from shared.ledger import Session
from shared.ledger.fleet import MISSED_MS, find_fleet_keys
from shared.ledger.gaps import Gap, find_gaps
from shared.remedies import find_advice
from shared.resources import Resources
from shared.scf import Json
from shared.times import read_time, write_time
from shared.transcripts.records import FOR_EVER_MS


class MissedEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """Which application is asked about, since when, and how many rooms are named."""

    sdk_app_id: int | None = None
    since: str | int = "24h"
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


def list_missed(asked: Json, resources: Resources) -> Result:
    """The rooms in which something was missed since then, the newest first; what goes on comes first."""
    request = read_event(asked, MissedEvent, "a request for what was missed")
    require_shared_ledger(resources)
    try_ledger(resources.ledger)  # what could not be written is not known to be missed
    sdk_app_id = choose_application(request.sdk_app_id, resources.settings)
    since_ms = read_time(request.since, resources.now_ms())
    ids = _list_ids(sdk_app_id, since_ms, request.limit, resources)
    known = resources.ledger.read_sessions(ids).known
    rooms = [_show(session, since_ms, resources.now_ms()) for session in known.values()]
    lasted_ms = Counter[str]()
    for gap in (gap for room in rooms for gap in room["gaps"]):
        lasted_ms[gap["kind"]] += gap["lasted_ms"]
    return [], {
        "outcome": "listed",
        "since": write_time(since_ms),
        "is_cut": len(ids) == request.limit,
        "missing_s": lasted_ms["missing"] // 1000,
        "silent_s": lasted_ms["silent"] // 1000,
        "rooms": [room for room in rooms if room["gaps"]],
    }


def _list_ids(sdk_app_id: int, since_ms: int, most: int, resources: Resources) -> list[str]:
    """The sessions in which something goes on, then those in which it has ended, the newest first."""
    keys, engine, now_ms = find_fleet_keys(sdk_app_id), resources.ledger.engine, resources.now_ms()
    indexes = (
        (keys.marked["failed"], 0, now_ms - MISSED_MS),
        (keys.marked["waiting"], 0, now_ms - MISSED_MS),
        (keys.marked["silent"], 0, now_ms),
        (keys.missed, -FOR_EVER_MS, -since_ms),
    )
    found = [engine.list_scores(str(sdk_app_id), *bounds, most) for bounds in indexes]
    return [*dict.fromkeys(name for scores in found for name, _ in scores)][:most]


def _show(session: Session, since_ms: int, now_ms: int) -> Json:
    gaps = [
        _show_gap(gap)
        for gap in find_gaps(session, now_ms)
        if not gap.began_ms or gap.began_ms + gap.lasted_ms >= since_ms
    ]
    return {**session.room._asdict(), "session": session.id, "gaps": gaps}


def _show_gap(gap: Gap) -> Json:
    """A gap, its remedy, and no more than there is to say of it."""
    advice = find_advice(gap.code or gap.kind)
    shown: Json = {
        **gap._asdict(),
        "began": write_time(gap.began_ms) if gap.began_ms else "",
        **(advice._asdict() if advice else {}),
    }
    return {key: value for key, value in shown.items() if value not in ("", 0)}
