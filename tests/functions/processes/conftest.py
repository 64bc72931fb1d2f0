"""Roomscribe's own functions in real processes, with either engine of the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.redis_server import RedisServer
from tests.support.hosted_cloud import HostedCloud, open_house
from tests.support.hosted_roomscribe import ENGINES, OpenHouse, write_rules
from tests.support.redis_servers import be_patient, empty, need_redis


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

    def make(**settings: str) -> HostedCloud:
        return replace(open_house(ledger_url, write_rules(tmp_path), **settings), redis=redis)

    return make


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server of this test alone, which may do with it what it likes."""
    need_redis()
    with RedisServer(tmp_path / "redis") as server:
        yield server
