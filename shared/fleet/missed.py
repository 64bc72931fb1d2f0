"""What `list_missed` answers: where somebody was not transcribed, or not heard, and for how long."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from shared.console.checks import try_ledger
from shared.console.request import Result, choose_application, read_event, require_shared_ledger
from shared.ledger import Session
from shared.ledger.fleet import MISSED_MS, find_fleet_keys
from shared.ledger.gaps import find_gaps
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
    try_ledger(resources)  # what could not be written is not known to be missed
    sdk_app_id = choose_application(request.sdk_app_id, resources.settings)
    now_ms = resources.now_ms()
    since_ms = read_time(request.since, now_ms)
    ids = _list_ids(sdk_app_id, since_ms, request.limit, resources)
    known = resources.ledger.read_sessions(ids).known
    rooms = [_show(session, since_ms, now_ms) for session in known.values()]
    missing, silent = (
        sum(gap["lasted_ms"] for room in rooms for gap in room["gaps"] if gap["kind"] == kind)
        for kind in ("missing", "silent")
    )
    return [], {
        "outcome": "listed",
        "since": write_time(since_ms),
        "is_cut": len(ids) == request.limit,
        "missing_s": missing // 1000,
        "silent_s": silent // 1000,
        "rooms": [room for room in rooms if room["gaps"]],
    }


def _list_ids(sdk_app_id: int, since_ms: int, most: int, resources: Resources) -> list[str]:
    """The sessions in which something goes on, then those in which it has ended, the newest first."""
    keys, engine, tag = find_fleet_keys(sdk_app_id), resources.ledger.engine, str(sdk_app_id)
    now_ms = resources.now_ms()
    long_ms = now_ms - MISSED_MS
    indexes = (
        (keys.marked["failed"], 0, long_ms),
        (keys.marked["waiting"], 0, long_ms),
        (keys.marked["silent"], 0, now_ms),
        (keys.missed, -FOR_EVER_MS, -since_ms),
    )
    found = [
        name
        for key, above, until in indexes
        for name, _ in engine.list_scores(tag, key, above, until, most)
    ]
    return [*dict.fromkeys(found)][:most]


def _show(session: Session, since_ms: int, now_ms: int) -> Json:
    gaps = []
    for gap in find_gaps(session, now_ms):
        if gap.is_over and gap.began_ms and gap.began_ms + gap.lasted_ms < since_ms:
            continue
        advice = find_advice(gap.code or gap.kind)
        shown: Json = {
            **gap._asdict(),
            "began": write_time(gap.began_ms) if gap.began_ms else "",
            **(advice._asdict() if advice else {}),
        }
        gaps.append({key: value for key, value in shown.items() if value not in ("", 0)})
    return {**session.room._asdict(), "session": session.id, "gaps": gaps}
