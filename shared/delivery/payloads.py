"""The bodies of events for endpoints: small JSON without spoken text and without read links."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.json import encode

from shared.ledger.events import Event
from shared.ledger.layout import parse_room
from shared.times import write_time


def compose(event: Event) -> str:
    """The body of an event, the same at every try."""
    room = parse_room(event.session.rpartition("/")[0])
    data = {
        "session": event.session,
        **room._asdict(),
        "rule": event.rule,
        "reference": event.reference,
        "version": event.version,
    }
    return compose_body(event.type, event.at_ms, {**event.facts, **data})


def compose_body(type_: str, at_ms: int, data: Mapping[str, object]) -> str:
    """A body of that type about something that happened at `at_ms` (since 1970).

    Source: Standard Webhooks, Payload structure, 2023-11.
    """
    return encode({"type": type_, "timestamp": write_time(at_ms), "data": data}).decode()
