"""How long Redis keeps things: garbage collection that follows the setting, and deletion that is whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from local.redis_server import RedisServer
from shared.ledger import Ledger, RoomBook, Session
from shared.ledger.changes import OPEN_KEPT_S
from shared.ledger.forgetting import SESSIONS_KEPT
from shared.ledger.open import open_redis
from shared.room import Room
from tests.support.ledger_steps import ROOM, RULE, T, claim, close_room, hear, open_session
from tests.support.redis_servers import be_patient, connect, empty

KEEP_DAYS = 3
OF_A_SESSION = ("people", "sentences", "versions", "deletion")


@pytest.fixture(params=["redis_server", "redis_cluster"])
def server(request: pytest.FixtureRequest) -> RedisServer:
    """One on its own, and one that keeps a cluster's rules: what is of a session lies in two slots."""
    server: RedisServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def ledger(server: RedisServer) -> Iterator[Ledger]:
    empty(server)
    with contextlib.closing(open_redis(be_patient(server), KEEP_DAYS)) as ledger:
        yield ledger


def meet(ledger: Ledger, at_ms: int = T, room: Room = ROOM) -> Session:
    """A session in which somebody says something."""
    session = open_session(ledger, at_ms, room)
    ledger.note_person(session, "ann", at_ms, present=True, microphone=True)
    ledger.keep_sentence(session, hear(1, event_ms=at_ms))
    return session


def read_times(server: RedisServer) -> dict[str, int]:
    """How long each key of a room is kept from now on, in days, by what it holds; -1 for ever."""
    kinds = ("document", "older", *OF_A_SESSION)
    with connect(server) as client:
        times_s = {
            kind: client.ttl(key)
            for key in client.scan_iter()
            for kind in kinds
            if kind in key.split(":")
        }
    return {name: s if s < 0 else round(s / 86_400) for name, s in times_s.items()}


def test_what_belongs_to_an_open_session_is_kept_longer(
    ledger: Ledger, server: RedisServer
) -> None:
    meet(ledger)
    days = KEEP_DAYS + OPEN_KEPT_S // 86_400
    assert read_times(server) == dict.fromkeys(("document", *OF_A_SESSION), days)


def test_time_begins_when_the_session_closes(ledger: Ledger, server: RedisServer) -> None:
    session = meet(ledger)
    ledger.forget_sentences(session, T - 1)
    ledger.keep_sentence(session, hear(2))
    close_room(ledger, T + 9_000)
    assert read_times(server) == dict.fromkeys(("document", *OF_A_SESSION), KEEP_DAYS)


def test_what_is_due_or_planned_is_kept_for_ever(ledger: Ledger, server: RedisServer) -> None:
    claim(ledger)
    assert read_times(server) == {"document": -1}
    empty(server)

    def plan(book: RoomBook) -> None:
        book.plan = RULE

    ledger.change(ROOM, plan)
    assert read_times(server) == {"document": -1}


def test_session_that_is_one_too_many_goes_with_all_that_was_said_in_it(
    ledger: Ledger, server: RedisServer
) -> None:
    for number in range(SESSIONS_KEPT + 1):
        meet(ledger, T + 100 * number)
        close_room(ledger, T + 100 * number + 50)
    sessions = ledger.list_sessions(ROOM, 1_000)
    assert sessions[-1].opened_ms == T + 100
    assert [ledger.find_session(session.id) for session in sessions] == sessions
    with connect(server) as client:
        assert len(client.keys("*:sentences:*")) == len(sessions) == SESSIONS_KEPT
        assert not client.keys(f"*/{T}*")


def test_nothing_of_what_was_said_stays_in_redis(ledger: Ledger, server: RedisServer) -> None:
    session = meet(ledger)
    ledger.forget_sentences(session, T + 5_000)
    with connect(server) as client:
        assert not client.keys("*:sentences:*")
        assert not client.keys("*:versions:*")
        values = [str(client.hgetall(key)) for key in client.keys("*:deletion:*")]
    assert values
    assert not any("sentence" in value for value in values)
