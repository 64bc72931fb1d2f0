"""How long Redis keeps things, and deletion that is whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from local.redis_server import RedisServer
from shared.ledger import Ledger, Session
from shared.ledger.ledger import OPEN_KEPT_DAYS, Forgotten
from shared.room import Room
from tests.support.ledger_steps import (
    ROOM,
    T,
    close_room,
    hear,
    note_person,
    open_redis,
    open_session,
)
from tests.support.redis_servers import be_patient, connect, empty

KEEP_DAYS = 3
SAID = ("sentences", "versions", "deletion")


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
    note_person(ledger, session, "ann", at_ms, present=True, microphone=True)
    ledger.keep_sentence(session, hear(1, event_ms=at_ms))
    return session


def read_times(server: RedisServer) -> dict[str, int]:
    """How long each key of a room is kept from now on, in days, by what it holds; -1 for ever."""
    kinds = ("document", "older", "people", *SAID)
    with connect(server) as client:
        times_s = {
            kind: client.ttl(key)
            for key in client.scan_iter()
            for kind in kinds
            if kind in key.split(":")
        }
    return {name: s if s < 0 else round(s / 86_400) for name, s in times_s.items()}


def test_what_was_said_ends_by_itself_should_nobody_delete_it(
    ledger: Ledger, server: RedisServer
) -> None:
    session = meet(ledger)
    ledger.forget_sentences(session.id, T - 1)
    ledger.keep_sentence(session, hear(2))
    close_room(ledger, T + 9_000)
    said = dict.fromkeys(SAID, KEEP_DAYS + OPEN_KEPT_DAYS)
    assert read_times(server) == {"document": -1, "people": KEEP_DAYS + OPEN_KEPT_DAYS, **said}


def test_nothing_is_left_of_rooms_that_are_over(ledger: Ledger, server: RedisServer) -> None:
    for number in range(3):
        meet(ledger, T + 100 * number)
        close_room(ledger, T + 100 * number + 50)
    ledger.change(ROOM.twin, lambda book: book.bury(T))
    assert ledger.forget_old(T + 251) == Forgotten(sessions=3, sentences=3, people=3, rooms=1)
    assert ledger.forget_old(T + 251) == Forgotten()
    with connect(server) as client:
        assert [key.rpartition(":")[2] for key in client.scan_iter()] == ["applications"]


def test_nothing_of_what_was_said_stays_in_redis(ledger: Ledger, server: RedisServer) -> None:
    session = meet(ledger)
    ledger.forget_sentences(session.id, T + 5_000)
    with connect(server) as client:
        assert not client.keys("*:sentences:*")
        assert not client.keys("*:versions:*")
        values = [str(client.hgetall(key)) for key in client.keys("*:deletion:*")]
    assert values
    assert not any("sentence" in value for value in values)
