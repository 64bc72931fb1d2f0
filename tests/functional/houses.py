"""Roomscribe's own functions in real processes, with either engine of the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.redis_server import RedisServer
from tests.functional.rooms import RULES
from tests.functional.theatre import Theatre, open_house
from tests.redis_server import be_patient, empty, need_redis

OpenHouse = Callable[..., Theatre]
ENGINES = ("sqlite", "redis")
# A room of each service, by the rules of rooms.py.
CLOUD_ROOM, AI_ROOM = "lobby", "ai-lobby"


@pytest.fixture(params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> OpenHouse:
    """Opens one with an empty ledger, of each engine in turn; settings are named as in the environment."""
    redis: RedisServer | None = None
    ledger_url = f"sqlite:///{tmp_path}/ledger.db"
    if request.param == "redis":
        redis = request.getfixturevalue("redis_server")
        assert isinstance(redis, RedisServer)
        empty(redis)
        ledger_url = be_patient(redis)

    def make(**settings: str) -> Theatre:
        return replace(open_house(ledger_url, write_rules(tmp_path), **settings), redis=redis)

    return make


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server of this test alone, which may do with it what it likes."""
    need_redis()
    with RedisServer(tmp_path / "redis") as server:
        yield server


def write_rules(folder: Path) -> Path:
    """The rules of these tests, in a file."""
    path = folder / "rules.toml"
    path.write_text(RULES)
    return path
