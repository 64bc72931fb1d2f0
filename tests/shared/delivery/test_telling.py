"""The sweep: who is told of what and when, whatever endpoints do, and what the log says of it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from msgspec.structs import replace

from shared.delivery import telling
from shared.delivery.sending import LONGEST_WAIT_MS
from shared.delivery.telling import MOST_TRIES, tell
from shared.ledger import close_ledgers, open_ledger
from shared.ledger.events import DEAD, Entry, Event, Send, post
from shared.ledger.outbox import Outbox
from shared.lifecycle.outcome import Outcome
from shared.room import Room
from shared.settings import DAY_MS
from shared.transcripts.records import FOR_EVER_MS
from tests.support.event_endpoints import (
    NEW_SECRET,
    SESSION,
    T,
    answering,
    read_event_settings,
    write_event,
)
from tests.support.faked_api import Stage
from tests.support.ledger_steps import APP, hear, open_session
from tests.support.scripted_server import ApiServer, Peer, Script, run_server

CLASS = Room(APP, "class-7", 1)


class Office:
    """Endpoints, the events they are to be told of, and a clock that is moved by hand."""

    def __init__(self, stage: Stage, exits: ExitStack) -> None:
        self.stage, self._exits = stage, exits
        self.servers: list[ApiServer] = []
        stage.now_ms = T + 1_000

    def open(self, *scripts: Script | tuple[Script, ...]) -> None:
        """An endpoint for each script, or for several, one a connection."""
        for script in scripts:
            several = script if isinstance(script, tuple) else (script,)
            self.servers.append(self._exits.enter_context(run_server(*several)))
        self.use(*(server.url for server in self.servers))

    def use(self, *urls: str) -> None:
        """These are the endpoints."""
        settings = read_event_settings(" ".join(urls), EVENTS_SECRET=NEW_SECRET)
        self.stage.resources = replace(self.stage.resources, settings=settings)

    @property
    def keys(self) -> list[str]:
        return [endpoint.key for endpoint in self.stage.resources.settings.endpoints]

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.stage.resources.ledger)

    def happen(self, *events: Event) -> None:
        ledger = self.stage.resources.ledger
        open_session(ledger, T, CLASS)
        for event in events:
            with ledger.engine.changing():
                ledger.engine.swap(str(APP), {}, post(event, self.keys))

    def sweep(self, after_ms: int = 0) -> list[Outcome]:
        self.stage.now_ms += after_ms
        return tell(self.stage.resources)

    def find(self, number: int = 1, endpoint: int = 0) -> Send | None:
        entry = self.outbox.read(f"{APP}/msg_{number}")
        return entry.sends[self.keys[endpoint]] if entry else None

    def list_ids(self, endpoint: int = 0) -> list[str]:
        return [one.headers["webhook-id"] for one in self.servers[endpoint].requests]


@pytest.fixture
def office(stage: Stage) -> Iterator[Office]:
    with ExitStack() as exits:
        yield Office(stage, exits)


def ignore(peer: Peer) -> None:
    """Reads the request, and says nothing."""
    peer.read_request()


def words(outcomes: list[Outcome]) -> list[str]:
    return [outcome.message for outcome in outcomes]


def test_event_is_sent_and_leaves_the_outbox(office: Office) -> None:
    office.open(answering("200 OK"))
    office.happen(write_event())
    (sent,) = office.sweep()
    assert (sent.message, sent.level) == ("event.sent", "info")
    assert sent.fields == {
        "session": SESSION,
        "type": "transcription.started",
        "event_id": "msg_1",
        "endpoint": office.keys[0],
        "tries": 1,
        "status": "200",
    }
    assert office.find() is None
    assert office.sweep(60_000) == []
    assert office.list_ids() == ["msg_1"]


def test_events_come_in_the_order_in_which_they_happened(office: Office) -> None:
    office.open(answering("200 OK"))
    office.happen(*(write_event(number) for number in (3, 1, 2)))
    office.sweep()
    assert office.list_ids() == ["msg_1", "msg_2", "msg_3"]


def test_nothing_is_sent_before_its_time(office: Office) -> None:
    office.open(answering("200 OK"))
    office.happen(write_event(at_ms=T + 5_000))
    assert office.sweep() == []
    assert words(office.sweep(4_000)) == ["event.sent"]


def test_event_is_tried_for_days_with_the_same_id_and_then_dead(office: Office) -> None:
    office.open(answering("503 Busy"))
    office.happen(write_event())
    told: list[Outcome] = []
    while not office.outbox.list_names(DEAD, 9):
        told += office.sweep()
        if send := office.find():
            office.stage.now_ms = max(send.next_at_ms, office.stage.now_ms)
    assert office.list_ids() == ["msg_1"] * MOST_TRIES
    assert office.find() == Send(MOST_TRIES, 0, False, "503")
    assert [(one.message, one.level, one.fields["tries"]) for one in told] == [
        *(("event.deferred", "warning", tries) for tries in (1, 2, 4, 8)),
        ("event.dead", "error", MOST_TRIES),
    ]
    assert {one.fields["error_code"] for one in told} == {"EndpointFailed"}
    days = (office.stage.now_ms - T) / DAY_MS
    assert 3.1 < days < 3.6
    bodies = {request.body for request in office.servers[0].requests}
    stamps = {request.headers["webhook-timestamp"] for request in office.servers[0].requests}
    assert (len(bodies), len(stamps)) == (1, MOST_TRIES)
    assert office.sweep(LONGEST_WAIT_MS) == []


def test_try_that_is_not_due_yet_waits(office: Office) -> None:
    office.open((answering("500 No"), answering("200 OK")))
    office.happen(write_event())
    office.sweep()
    assert office.sweep(4_999) == []
    assert words(office.sweep(600)) == ["event.sent"]


def test_endpoint_may_ask_for_more_time(office: Office) -> None:
    office.open((answering("429 Slow", {"Retry-After": "3600"}), answering("200 OK")))
    office.happen(write_event())
    office.sweep()
    assert office.sweep(3_599_000) == []
    assert words(office.sweep(1_000)) == ["event.sent"]


def test_endpoint_that_wants_no_more_of_an_event_is_not_asked_again(office: Office) -> None:
    office.open(answering("410 Gone"), answering("500 No"))
    office.happen(write_event())
    assert sorted(words(office.sweep())) == ["event.dead", "event.deferred"]
    assert office.find() == Send(1, 0, False, "410")
    office.sweep(10_000)
    assert (len(office.list_ids(0)), len(office.list_ids(1))) == (1, 2)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 304, 302])
def test_other_refusals_are_tried_again(office: Office, status: int) -> None:
    office.open(answering(f"{status} No"))
    office.happen(write_event())
    office.sweep()
    send = office.find()
    assert send
    assert (send.last, send.next_at_ms > office.stage.now_ms) == (str(status), True)


def test_dropped_answer_is_tried_again_with_the_same_id(office: Office) -> None:
    def hang_up(peer: Peer) -> None:
        peer.read_request()
        peer.sock.shutdown(socket.SHUT_RDWR)

    office.open((hang_up, answering("200 OK")))
    office.happen(write_event())
    assert words(office.sweep()) == ["event.deferred"]
    assert words(office.sweep(10_000)) == ["event.sent"]
    assert office.list_ids() == ["msg_1", "msg_1"]


def test_silent_endpoint_delays_neither_another_nor_the_sweep(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked twice in a sweep; what is left waits without being counted as tried."""
    monkeypatch.setattr(telling, "LIMIT_S", 0.2)
    office.open(ignore, answering("200 OK"))
    office.happen(*(write_event(number) for number in range(1, 6)))
    told = office.sweep()
    assert words(told).count("event.sent") == 5
    assert len(office.servers[0].requests) == 2
    tries = [send.tries for number in range(1, 6) if (send := office.find(number))]
    assert tries == [1, 1, 0, 0, 0]
    assert [office.find(number, 1) for number in (1, 5)] != [None, None]


def test_backlog_of_a_dead_endpoint_hides_nothing_from_another(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "MOST", 3)
    office.open(answering("500 No"), answering("200 OK"))
    office.happen(*(write_event(number) for number in range(1, 10)))
    for _ in range(3):
        office.sweep()
    assert len(office.list_ids(1)) == 9


def test_endpoints_are_told_at_the_same_time(office: Office) -> None:
    """Each answers only when the other has been asked, too."""
    both = threading.Barrier(2)

    def answer(peer: Peer) -> None:
        peer.read_request()
        both.wait(10)
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    office.open(answer, answer)
    office.happen(write_event())
    assert words(office.sweep()) == ["event.sent", "event.sent"]


def test_sweep_without_enough_time_sends_nothing(office: Office) -> None:
    office.open(answering("200 OK"))
    office.happen(write_event())
    resources = office.stage.resources
    late = replace(resources.invocation, deadline_s=time.monotonic() + 12)
    office.stage.resources = replace(resources, invocation=late)
    assert office.sweep() == []
    assert office.servers[0].peers == []


@pytest.mark.parametrize("type_", ["transcript.completed", "transcript.updated"])
def test_event_about_a_text_that_was_deleted_is_dropped(office: Office, type_: str) -> None:
    office.open(answering("500 No"))
    ledger = office.stage.resources.ledger
    session = open_session(ledger, T, CLASS)
    assert session.id == SESSION
    ledger.keep_sentence(session, hear(1))
    office.happen(write_event(1, type_, version=1), write_event(2, "transcript.deleted", version=2))
    assert words(office.sweep()) == ["event.deferred"] * 2
    ledger.forget_sentences(session.id, FOR_EVER_MS)
    told = {one.message: one.fields["event_id"] for one in office.sweep(10_000)}
    assert told == {"event.dropped": "msg_1", "event.deferred": "msg_2"}
    assert office.find() is None
    assert office.list_ids() == ["msg_1", "msg_2", "msg_2"]


def test_event_about_a_text_without_a_sentence_is_sent(office: Office) -> None:
    """Its version is 0, and so is that of the last deletion: there was none."""
    office.open(answering("200 OK"))
    office.happen(write_event(1, "transcript.completed", version=0))
    assert words(office.sweep()) == ["event.sent"]


def test_later_version_after_a_deletion_is_sent(office: Office) -> None:
    office.open(answering("200 OK"))
    ledger = office.stage.resources.ledger
    session = open_session(ledger, T, CLASS)
    ledger.forget_sentences(session.id, T)
    deleted = ledger.read_version(session.id).deleted
    office.happen(write_event(1, "transcript.updated", version=deleted + 1))
    assert words(office.sweep()) == ["event.sent"]


def test_entry_that_is_sent_again_meanwhile_begins_anew(office: Office) -> None:
    """A person asks for it while an attempt is under way: what was asked for is not lost."""

    def again(entry: Entry) -> None:
        entry.sends = {key: Send(next_at_ms=office.stage.now_ms) for key in entry.sends}

    def interfere(peer: Peer) -> None:
        peer.read_request()
        office.outbox.change(f"{APP}/msg_1", again)
        peer.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    office.open(interfere)
    office.happen(write_event())
    office.outbox.change(
        f"{APP}/msg_1", lambda entry: entry.sends.update({office.keys[0]: Send(5, T)})
    )
    office.sweep()
    send = office.find()
    assert send
    assert send.tries == 1


def test_event_that_is_dropped_meanwhile_stays_so(office: Office) -> None:
    def interfere(peer: Peer) -> None:
        peer.read_request()
        office.outbox.drop(f"{APP}/msg_1")
        peer.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    office.open(interfere)
    office.happen(write_event())
    assert (office.sweep(), office.find()) == ([], None)


def test_what_nobody_took_is_forgotten_with_the_transcripts_of_its_time(office: Office) -> None:
    office.open(answering("410 Gone"))
    office.happen(write_event())
    office.sweep()
    keep_ms = office.stage.resources.settings.transcript_keep_days * DAY_MS
    assert office.sweep(keep_ms - 60_000) == []
    (told,) = office.sweep(60_000)
    assert (told.message, told.fields, office.find()) == ("events.forgotten", {"events": 1}, None)


def test_nothing_is_told_without_endpoints(office: Office) -> None:
    assert office.sweep() == []


def test_log_says_neither_address_nor_secret_nor_body(office: Office) -> None:
    office.open(answering("500 No"))
    office.use(office.servers[0].url + "/hidden-path?token=hidden")
    office.happen(write_event(facts={"note": "hidden"}))
    line = json.dumps([dict(one.fields) for one in office.sweep()])
    assert "deferred" not in line
    for secret in ("hidden", "127.0.0.1", NEW_SECRET[6:20]):
        assert secret not in line


def test_another_process_goes_on_where_one_ended(office: Office, room_ledger_url: str) -> None:
    office.open((answering("500 No"), answering("200 OK")))
    office.happen(write_event())
    office.sweep()
    close_ledgers()
    resources = replace(office.stage.resources, ledger=open_ledger(room_ledger_url))
    office.stage.resources = resources
    assert words(office.sweep(10_000)) == ["event.sent"]
