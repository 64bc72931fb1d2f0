"""What is sent verifies with the official Standard Webhooks packages, of PyPI and of npm."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from shared.delivery.payloads import compose
from shared.delivery.sending import send
from shared.scf import now_ms
from tests.emulator.official_clients import NODE_MODULES, find_missing_node
from tests.support.event_endpoints import (
    NEW_SECRET,
    OLD_SECRET,
    answering,
    find_endpoint,
    read_event_settings,
    write_event,
)
from tests.support.scripted_server import Request, run_server

VERIFIER = Path(__file__).with_name("verify_webhooks.js")
STRANGE = "whsec_c3RyYW5nZXIgc3RyYW5nZXIgc3RyYW5nZXIgc3RyYW5nZXI="


@pytest.fixture
def received() -> Request:
    """An event as a server received it, just now; its text is not only ASCII."""
    event = write_event(facts={"languages": ["中文", "🎧"]})
    with run_server(answering("204 No Content")) as server:
        settings = read_event_settings(server.url)
        assert send(find_endpoint(settings), event.id, compose(event), now_ms(), settings).is_taken
        return server.requests[0]


@pytest.mark.parametrize("secret", [NEW_SECRET, OLD_SECRET])
def test_python_package_verifies_with_either_secret(received: Request, secret: str) -> None:
    payload = Webhook(secret).verify(received.body, received.headers)
    assert payload["type"] == "transcription.started"
    assert len(received.headers["webhook-signature"].split()) == 2


def test_python_package_refuses_what_was_changed(received: Request) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW_SECRET).verify(received.body.replace(b"lass-7", b"lass-8"), received.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(STRANGE).verify(received.body, received.headers)


@pytest.mark.skipif(find_missing_node() is not None, reason=str(find_missing_node()))
def test_npm_package_verifies_with_either_secret_and_refuses_what_was_changed(
    received: Request,
) -> None:
    body, headers = received.body.decode(), received.headers
    another_id = {**headers, "webhook-id": "msg_2"}
    tried = [
        (NEW_SECRET, body, headers),
        (OLD_SECRET, body, headers),
        (STRANGE, body, headers),
        (NEW_SECRET, body.replace("class-7", "class-8"), headers),
        (NEW_SECRET, body, another_id),
    ]
    requests = [{"secret": s, "body": b, "headers": h} for s, b, h in tried]
    done = subprocess.run(
        ["node", str(VERIFIER)],
        input=json.dumps(requests),
        env={**os.environ, "NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == [*["transcription.started"] * 2, None, None, None]


def test_secret_in_bytes_without_the_prefix_is_the_same(received: Request) -> None:
    assert Webhook(NEW_SECRET.removeprefix("whsec_")).verify(received.body, received.headers)
