"""Real Redis servers for tests: one on its own, one that keeps a cluster's rules; empty for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from redis import Redis

from local.redis_server import RedisServer
from shared.ledger import redis_server as redis

PATIENCE = Path(__file__).parent / "patience"
USUAL_S, LONG_S = (redis.CONNECT_TIMEOUT_S, redis.ANSWER_TIMEOUT_S), 10.0
SLOTS = 16384
PATIENCE_S = 30.0
DISKLESS = ("--appendfsync", "no")
CLUSTER = (*DISKLESS, "--cluster-enabled", "yes")


def need_redis() -> None:
    """Skip the test where no redis-server is installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed; on Debian: apt-get install redis-server")


def connect(server: RedisServer) -> Redis:
    """A plain client, to look and to tamper."""
    return Redis(host="127.0.0.1", port=server.port, decode_responses=True)


def be_patient(server: RedisServer) -> str:
    """A LEDGER_URL for tests of anything but time: a machine that stalls for a moment is no failure.

    The test's own process waits longer until the test ends; another does with PATIENCE on its path.
    """
    wait_long()
    return server.url


def wait_long() -> None:
    """Wait for Redis as nobody does who has to answer a webhook."""
    redis.CONNECT_TIMEOUT_S = redis.ANSWER_TIMEOUT_S = LONG_S


def wait_as_usual() -> None:
    """Wait as long as the functions do."""
    redis.CONNECT_TIMEOUT_S, redis.ANSWER_TIMEOUT_S = USUAL_S


def empty(server: RedisServer) -> None:
    """Forget everything."""
    with connect(server) as client:
        client.flushall()
