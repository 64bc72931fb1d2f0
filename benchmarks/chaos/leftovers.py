"""What is left in the end: in the bucket, at the event endpoints, and in the ledger."""

from __future__ import annotations

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
    http: httpx.AsyncClient, ledger_url: str, sessions: list[Session]
) -> Delivered:
    """Read all of it; `http` asks the local cloud."""
    ledger = open_ledger(ledger_url)
    outbox = Outbox(ledger)
    events = (await http.get(f"/_local/events?limit={KEPT}")).json()["events"]
    return Delivered(
        objects={key: await _read_object(http, key) for key in await _list_keys(http)},
        events=events[::-1],
        sessions=sessions,
        deleted_versions={one.id: ledger.read_version(one.id).deleted for one in sessions},
        undelivered=Deliveries(ledger).list_due(FOR_EVER_MS, MOST),
        unsent=outbox.list_names(UNSENT, MOST),
        dead=outbox.list_names(DEAD, MOST),
    )


async def _list_keys(http: httpx.AsyncClient) -> list[str]:
    listed = (await http.get(f"/_local/cos/objects?limit={MOST}")).json()["objects"]
    return [one["key"] for one in listed if one["key"].startswith(f"{COS_FOLDER}/")]


async def _read_object(http: httpx.AsyncClient, key: str) -> bytes:
    return (await http.get(f"/_local/cos/objects/{quote(key)}")).content
