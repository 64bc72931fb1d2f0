"""What is left in the end: in the bucket, at the event endpoints, and in the ledger."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote

import httpx

from benchmarks.chaos.history import Delivered
from local.development import COS_FOLDER
from local.receiver.receiver import KEPT
from shared.ledger import Session, open_ledger
from shared.ledger.deliveries import Deliveries
from shared.ledger.events import DEAD, UNSENT
from shared.ledger.outbox import Outbox
from shared.transcripts.records import FOR_EVER_MS

MOST = 100_000


async def read_leftovers(
    http: httpx.AsyncClient, ledger_url: str, sessions: list[Session], now_ms: int
) -> Delivered:
    """Read all of it; `http` asks the local cloud."""
    ledger = open_ledger(ledger_url)
    outbox, deliveries = Outbox(ledger), Deliveries(ledger)
    due = {*deliveries.list_due(now_ms, MOST)}
    living = Counter({one.room.sdk_app_id: 0 for one in sessions})
    for one in sessions:
        tasks = one.tasks.values()
        living[one.room.sdk_app_id] += sum(t.state == "starting" or bool(t.alive) for t in tasks)
    events = (await http.get(f"/_local/events?limit={KEPT}")).json()["events"]
    return Delivered(
        objects={key: await _read_object(http, key) for key in await _list_keys(http)},
        events=events[::-1],
        sessions=sessions,
        deleted_versions={one.id: ledger.read_version(one.id).deleted for one in sessions},
        undelivered=deliveries.list_due(FOR_EVER_MS, MOST),
        unsent=outbox.list_names(UNSENT, MOST),
        dead=outbox.list_names(DEAD, MOST),
        miscounted=[f"{app}" for app in living if living[app] != ledger.count_living(app)],
        archived=[s.id for s in sessions if s.id not in due and _is_archived(s, deliveries)],
    )


def _is_archived(session: Session, deliveries: Deliveries) -> bool:
    """Whether the archive has the newest version of its text, by the ledger's own notes."""
    _, _, delivery, version = deliveries.read(session.id)
    return delivery.is_archived and (delivery.version, delivery.deleted) == version


async def _list_keys(http: httpx.AsyncClient) -> list[str]:
    listed = (await http.get(f"/_local/cos/objects?limit={MOST}")).json()["objects"]
    return [one["key"] for one in listed if one["key"].startswith(f"{COS_FOLDER}/")]


async def _read_object(http: httpx.AsyncClient, key: str) -> bytes:
    return (await http.get(f"/_local/cos/objects/{quote(key)}")).content
