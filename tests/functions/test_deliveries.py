"""What a person does with the outbox: look, send again, test; no text that was said is in an answer."""

from __future__ import annotations

import json
from typing import Any

import deliveries
import pytest
from standardwebhooks import Webhook

from shared.endpoints import Endpoint
from shared.ledger import Ledger, open_ledger
from shared.ledger.events import Entry, Event, Send, post
from shared.ledger.outbox import Outbox
from tests.support.event_endpoints import NEW_SECRET, SESSION, T, answering, write_event
from tests.support.ledger_steps import APP, open_session
from tests.support.scripted_server import run_server

CONTEXT = {"request_id": "r", "time_limit_in_ms": 60_000}
URL = "https://events.test/"
KEY = Endpoint(URL, ()).key


@pytest.fixture
def outbox(environment: pytest.MonkeyPatch, room_ledger_url: str) -> Outbox:
    """The outbox of a deployment with one endpoint; an event waits, and one is dead."""
    environment.setenv("LEDGER_URL", room_ledger_url)
    environment.setenv("EVENTS_URL", URL)
    environment.setenv("EVENTS_SECRET", NEW_SECRET)
    ledger = open_ledger(room_ledger_url)
    open_session(ledger)
    put(ledger, write_event(1), write_event(2, version=3))
    outbox = Outbox(ledger)
    outbox.change(f"{APP}/msg_2", give_up)
    return outbox


def put(ledger: Ledger, *events: Event) -> None:
    for event in events:
        with ledger.engine.changing():
            ledger.engine.swap(str(APP), {}, post(event, [KEY]))


def give_up(entry: Entry) -> None:
    entry.sends = {KEY: Send(10, 0, False, "503")}


def run(**event: Any) -> dict[str, Any]:
    return deliveries.main_handler(event, CONTEXT)


def test_dead_and_waiting_are_listed(outbox: Outbox) -> None:
    answer = run(action="list")
    shown = {"type": "transcription.started", "session": SESSION}
    assert answer == {
        "outcome": "listed",
        "dead_count": 1,
        "dead": [
            {
                "id": "msg_2",
                **shown,
                "at": "2023-11-14T22:13:20.002Z",
                "at_ms": T + 2,
                "endpoints": [{"endpoint": KEY, "state": "dead", "tries": 10, "status": "503"}],
            }
        ],
        "waiting_count": 1,
        "waiting": [
            {
                "id": "msg_1",
                **shown,
                "at": "2023-11-14T22:13:20.001Z",
                "at_ms": T + 1,
                "endpoints": [
                    {
                        "endpoint": KEY,
                        "state": "waiting",
                        "next_at": "2023-11-14T22:13:20.001Z",
                        "next_at_ms": T + 1,
                        "tries": 0,
                        "status": "",
                    }
                ],
            }
        ],
    }


def test_list_can_be_shorter(outbox: Outbox) -> None:
    assert run() == run(action="list")
    assert "waiting" not in run(state="dead")
    assert run(state="waiting", sdk_app_id=APP + 1)["waiting"] == []
    assert len(run(state="waiting", sdk_app_id=APP, limit=1)["waiting"]) == 1


def test_one_is_shown_with_what_is_sent(outbox: Outbox) -> None:
    answer = run(action="show", id="msg_2")
    assert answer["outcome"] == "shown"
    assert answer["payload"]["data"]["version"] == 3
    assert answer["endpoints"][0]["state"] == "dead"


@pytest.mark.parametrize("number", [1, 2])
def test_one_is_sent_again_from_the_first_try(outbox: Outbox, number: int) -> None:
    answer = run(action="retry", id=f"msg_{number}")
    assert (answer["outcome"], answer["endpoints"][0]["tries"]) == ("due", 0)
    entry = outbox.read(f"{APP}/msg_{number}")
    assert entry
    assert entry.sends[KEY].next_at_ms > T + 10
    assert run(state="dead")["dead_count"] == 2 - number
    assert run(action="retry", id=f"msg_{number}")["outcome"] == "due"


def test_one_is_sent_again_to_the_endpoints_of_today(
    outbox: Outbox, environment: pytest.MonkeyPatch
) -> None:
    """Whoever mends a misspelt address wants what was not taken there; who has taken it is left alone."""

    def move(entry: Entry) -> None:
        entry.sends = {"gone": Send(10, 0, False, "gaierror"), "done": Send(1, 0, True, "200")}

    outbox.change(f"{APP}/msg_2", move)
    run(action="retry", id="msg_2")
    entry = outbox.read(f"{APP}/msg_2")
    assert entry
    assert [*entry.sends] == ["done", KEY]


def test_test_event_is_sent_at_once_and_verifies(
    outbox: Outbox, environment: pytest.MonkeyPatch
) -> None:
    with run_server(answering("204 OK")) as good, run_server(answering("500 No")) as bad:
        environment.setenv("EVENTS_URL", f"{good.url} {bad.url}")
        environment.setenv("EVENTS_ALLOW_PRIVATE", "true")
        answer = run(action="test")
    assert answer["outcome"] == "not_taken"
    assert [(one["taken"], one["status"]) for one in answer["endpoints"]] == [
        (True, "204"),
        (False, "500"),
    ]
    (request,) = good.requests
    payload = Webhook(NEW_SECRET).verify(request.body, request.headers)
    assert (payload["type"], request.headers["webhook-id"]) == ("roomscribe.test", answer["id"])


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({"action": "forget"}, "action"),
        ({"action": "show", "id": "msg_9"}, "no such event"),
        ({"action": "retry"}, "no such event"),
        ({"action": "show", "id": "msg_1", "sdk_app_id": 7}, "no such event"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"room_id": "1"}, "room_id"),
        ({"httpMethod": "POST", "body": "{}"}, "send a JSON event"),
    ],
)
def test_mistakes_are_answered_with_an_example(
    outbox: Outbox, event: dict[str, Any], says: str
) -> None:
    answer = run(**event)
    assert (answer["outcome"], answer["error_code"]) == ("error", "bad_request")
    assert says in answer["message"]
    assert answer["example"]["action"] == "list"


def test_test_needs_an_endpoint(environment: pytest.MonkeyPatch) -> None:
    assert "EVENTS_URL" in run(action="test")["message"]


def test_answers_name_no_address_and_no_secret(outbox: Outbox) -> None:
    said = json.dumps([run(), run(action="show", id="msg_1"), run(action="retry", id="msg_1")])
    assert "events.test" not in said
    assert NEW_SECRET not in said
