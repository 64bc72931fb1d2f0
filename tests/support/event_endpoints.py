"""Event endpoints that a test scripts, the settings that name them, and events to tell them of."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from standardwebhooks import Webhook

from shared.endpoints import Endpoint
from shared.ledger.events import Event
from shared.settings import Settings, read_settings
from tests.support.instance import SETTINGS
from tests.support.scripted_server import Peer, Script

NEW_SECRET = "whsec_" + base64.b64encode(b"the new secret, of thirty bytes").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"the old secret, of thirty bytes").decode()
SESSION = "1400000000/1/class-7/1700000000000"
T = 1_700_000_000_000


def read_event_settings(url: str, **more: str) -> Settings:
    """Settings that name one or several endpoints, on this machine too."""
    events = {
        "EVENTS_URL": url,
        "EVENTS_SECRET": f"{NEW_SECRET},{OLD_SECRET}",
        "EVENTS_ALLOW_PRIVATE": "true",
    }
    return read_settings({**SETTINGS, **events, **more})


def find_endpoint(settings: Settings) -> Endpoint:
    """The only endpoint."""
    (endpoint,) = settings.endpoints
    return endpoint


def write_event(number: int = 1, type_: Any = "transcription.started", **more: Any) -> Event:
    """An event of the session, another one for each number."""
    facts = {"service": "cloud", "target": "*", "task_id": f"task-{number}"}
    given = {"at_ms": T + number, "facts": facts, **more}
    return Event(f"msg_{number}", type_, SESSION, "everything else", "course-9", **given)


def answering(status: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Script:
    """Answers every connection's request with that status line's end, such as "200 OK"."""

    def answer(peer: Peer) -> None:
        peer.shake_hands()
        if peer.read_request():
            given = {"Content-Length": str(len(body)), **(headers or {})}
            lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in given.items())]
            peer.send("\r\n".join([*lines, "", ""]).encode() + body)

    return answer


def sign(secret: str, at_s: int, body: str, event_id: str = "msg_1") -> dict[str, str]:
    """An event's headers, signed by the official package."""
    moment = datetime.fromtimestamp(at_s, timezone.utc)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": Webhook(secret).sign(event_id, moment, body),
    }
