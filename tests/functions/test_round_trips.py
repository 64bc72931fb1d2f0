"""How often an event waits for Redis, in a warm instance whose connection is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from local.redis_server import RedisServer
from tests.functions.counting_proxy import CountingProxy, counting_round_trips
from tests.support.redis_servers import empty, wait_long
from tests.support.signed_callbacks import Scene

STRING_ROOM = 1
ROOMS = ("lobby", "hall")  # the second is counted: the first has opened whatever is kept
MOST = {
    101: 4,  # the room is created, and its task started
    103: 2,  # somebody enters while the task runs
    203: 2,
    1403: 3,
    104: 2,
    102: 4,  # the room closes, and its task is stopped
}


@pytest.fixture
def proxy(redis_server: RedisServer) -> Iterator[CountingProxy]:
    """Between the handler and an empty Redis."""
    empty(redis_server)
    wait_long()
    with counting_round_trips(redis_server.port) as proxy:
        yield proxy


@pytest.fixture
def room_ledger_url(proxy: CountingProxy) -> str:
    """The LEDGER_URL of Redis behind the proxy."""
    return f"redis://127.0.0.1:{proxy.port}/0"


def play_room(scene: Scene, proxy: CountingProxy, room_id: str) -> dict[int, int]:
    """The round trips of each event of a short meeting; of two sentences, those of the second."""
    counted: dict[int, int] = {}

    def send(event_type: int, user_id: str | None = None, **info: Any) -> None:
        before = proxy.round_trips
        assert scene.send(event_type, room_id, user_id, **info) == 200
        counted[event_type] = proxy.round_trips - before

    send(101, "ann")
    (task,) = scene.tasks()
    send(103, "bob")
    send(203, "bob")
    for round_id in ("1", "2"):  # the first of a task is measured, too
        said = {"UserId": "bob", "Text": "good morning", "RoundId": round_id}
        send(1403, RoomIdType=STRING_ROOM, TaskId=task["task_id"], Payload=said)
    send(104, "bob")
    send(102)
    return counted


def test_an_event_waits_for_redis_no_more_often_than_it_may(
    scene: Scene, proxy: CountingProxy
) -> None:
    _, counted = (play_room(scene, proxy, room_id) for room_id in ROOMS)
    assert proxy.connections == 1
    over = {event_type for event_type, n in counted.items() if not 1 <= n <= MOST[event_type]}
    assert over == set(), f"round trips by event type: {counted}"
    words = scene.words()
    assert words.count("transcription.started started") == len(ROOMS)
    assert words.count("transcription.unchanged running") == 2 * len(ROOMS)
    assert words.count("transcription.stopped stopped") == len(ROOMS)


def test_a_pipeline_and_a_script_are_one_round_trip_each(redis_server: RedisServer) -> None:
    with (
        counting_round_trips(redis_server.port) as proxy,
        Redis(host="127.0.0.1", port=proxy.port) as client,
    ):
        client.ping()
        opened = proxy.round_trips
        for _ in range(3):
            client.ping()
        assert proxy.round_trips - opened == 3
        with client.pipeline() as pipeline:
            for _ in range(5):
                pipeline.ping()
            pipeline.execute()
        assert proxy.round_trips - opened == 4
        client.eval("return redis.call('PING')", 0)
        assert proxy.round_trips - opened == 5
