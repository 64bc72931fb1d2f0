"""What an endpoint is told: an envelope by Standard Webhooks, facts, and never a word that was said."""

from __future__ import annotations

import json

from shared.delivery.payloads import compose
from tests.support.event_endpoints import SESSION, write_event


def test_body_has_the_envelope_and_what_the_event_is_about() -> None:
    event = write_event(at_ms=1_700_000_000_123, version=7, facts={"files": ["a.vtt"]})
    assert json.loads(compose(event)) == {
        "type": "transcription.started",
        "timestamp": "2023-11-14T22:13:20.123Z",
        "data": {
            "session": SESSION,
            "sdk_app_id": 1400000000,
            "room_id": "class-7",
            "room_id_type": 1,
            "rule": "everything else",
            "reference": "course-9",
            "version": 7,
            "files": ["a.vtt"],
        },
    }


def test_body_is_the_same_at_every_try() -> None:
    assert compose(write_event()) == compose(write_event())


def test_facts_do_not_hide_what_the_event_is_about() -> None:
    body = json.loads(compose(write_event(facts={"session": "another"})))
    assert body["data"]["session"] == SESSION
