"""The outbox as a person sees it: what waits, what no endpoint took; once more, and a test."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from shared.console.request import Result, read_event, require_shared_ledger
from shared.delivery.payloads import compose, compose_body
from shared.delivery.sending import send
from shared.endpoints import Endpoint
from shared.errors import RequestError
from shared.ledger.events import DEAD, UNSENT, Entry, Send
from shared.ledger.outbox import Outbox
from shared.lifecycle.outcome import Outcome
from shared.resources import Resources
from shared.scf import Json
from shared.times import write_time

SCANNED = 10_000  # events looked at for those of one application
TEST = "roomscribe.test"


class DeliveriesEvent(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of the outbox; `id` names an event by its webhook-id, `limit` is of each state."""

    action: Literal["list", "show", "retry", "test"] = "list"
    id: str = ""
    state: Literal["dead", "waiting"] | None = None
    sdk_app_id: int | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


def answer_deliveries(asked: Json, resources: Resources) -> Result:
    """List the outbox, show an event of it, send it again, or send a test event to every endpoint."""
    request = read_event(asked, DeliveriesEvent, "a request for deliveries")
    require_shared_ledger(resources)
    if request.action == "test":
        return _test(resources)
    outbox = Outbox(resources.ledger)
    return _list(request, outbox) if request.action == "list" else _ask(request, outbox, resources)


def _list(request: DeliveriesEvent, outbox: Outbox) -> Result:
    """The dead and the waiting; of each state the longest waiting first, so the newest last."""
    answer: Json = {"outcome": "listed"}
    for state, index in (("dead", DEAD), ("waiting", UNSENT)):
        if request.state in (None, state):
            names = outbox.list_names(index, SCANNED)
            if request.sdk_app_id:
                names = [name for name in names if name.startswith(f"{request.sdk_app_id}/")]
            entries = map(outbox.read, names[: request.limit])
            answer[state] = [_show(entry) for entry in entries if entry]
            answer[f"{state}_count"] = len(names)
    return [], answer


def _ask(request: DeliveriesEvent, outbox: Outbox, resources: Resources) -> Result:
    """Show one event, or make it due at once for every endpoint that has not taken it."""
    known = [application.sdk_app_id for application in resources.settings.applications]
    for sdk_app_id in known:
        name = f"{sdk_app_id}/{request.id}"
        if request.sdk_app_id in (None, sdk_app_id) and (entry := outbox.read(name)):
            break
    else:
        raise RequestError("id: no such event is waiting or dead; what was taken leaves the outbox")
    if request.action == "show":
        payload = msgspec.json.decode(compose(entry.event))
        return [], {"outcome": "shown", **_show(entry), "payload": payload}
    now_ms, endpoints = resources.now_ms(), resources.settings.endpoints

    def begin_again(entry: Entry) -> None:
        taken = {key for key, send in entry.sends.items() if send.taken}
        due = {one.key: Send(next_at_ms=now_ms) for one in endpoints if one.key not in taken}
        entry.sends = {key: entry.sends[key] for key in taken} | due

    changed = outbox.change(name, begin_again) or entry
    fields = {"session": entry.event.session, "event_id": entry.event.id}
    return [Outcome("event.retried", "due", fields=fields)], {"outcome": "due", **_show(changed)}


def _test(resources: Resources) -> Result:
    """Send a test event on the way that all events go, and tell what each endpoint said."""
    event_id, endpoints = f"msg_{secrets.token_hex(15)}", resources.settings.endpoints
    if not endpoints:
        raise RequestError("EVENTS_URL: is not set, so there is no endpoint to be told")
    now_ms = resources.now_ms()
    body = compose_body(TEST, now_ms, {"text": "This is a test: nothing has happened."})

    def test(endpoint: Endpoint) -> Json:
        attempt = send(endpoint, event_id, body, now_ms, resources.settings)
        return {"endpoint": endpoint.key, "taken": attempt.is_taken, "status": attempt.word}

    with ThreadPoolExecutor(len(endpoints)) as pool:
        said = list(pool.map(test, endpoints))
    outcome = "taken" if all(one["taken"] for one in said) else "not_taken"
    return [], {"outcome": outcome, "id": event_id, "endpoints": said}


def _show(entry: Entry) -> Json:
    event = entry.event
    shown: Json = {"id": event.id, "type": event.type, "session": event.session}
    sends = [{"endpoint": key, **_show_send(send)} for key, send in entry.sends.items()]
    return {**shown, "at": write_time(event.at_ms), "at_ms": event.at_ms, "endpoints": sends}


def _show_send(send: Send) -> Json:
    waits: Json = {"state": "taken" if send.taken else "dead"}
    if send.next_at_ms:
        next_at = write_time(send.next_at_ms)
        waits = {"state": "waiting", "next_at": next_at, "next_at_ms": send.next_at_ms}
    return {**waits, "tries": send.tries, "status": send.last}
