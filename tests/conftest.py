"""What every test has: its own settings and ledger, a cold process, and what several folders use."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from local.redis_server import RedisServer
from shared.ledger import Ledger, close_ledgers, open_ledger
from tests.support.event_samples import EVENTS, LoadEvent
from tests.support.instance import SETTINGS, forget_instance
from tests.support.ledger_steps import ENGINES
from tests.support.redis_servers import (
    CLUSTER,
    DISKLESS,
    PATIENCE_S,
    SLOTS,
    be_patient,
    connect,
    empty,
    need_redis,
    wait_as_usual,
)
from tests.support.scripted_server import make_certificate

# A stall of the machine is no failure of a property.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "PYTEST_CURRENT_TEST")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """Only the test's own settings, in a process that has not served anything yet."""
    for name in os.environ:
        if name not in KEPT and not name.startswith(("PYTEST_", "COVERAGE_")):
            monkeypatch.delenv(name)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LEDGER_URL", f"sqlite:///{tmp_path}/ledger.db")
    monkeypatch.setenv("ROOMSCRIBE_ENV_FILE", os.devnull)  # nobody's own .env
    yield monkeypatch
    forget_instance()
    wait_as_usual()


def find_url(request: pytest.FixtureRequest, folder: Path) -> str:
    """The LEDGER_URL of an empty ledger, of the engine that a fixture's parameter names."""
    if request.param == "sqlite":
        return f"sqlite:///{folder}/ledger.db"
    name = "redis_server" if request.param == "redis" else "redis_cluster"
    server: RedisServer = request.getfixturevalue(name)
    empty(server)
    return be_patient(server)


@pytest.fixture
def load_event() -> LoadEvent:
    """Loads a sample of tests/events by its name."""

    def load(name: str) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
        return event

    return load


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server whose answers wait for no disk; tests of what is on the disk have their own."""
    need_redis()
    with RedisServer(tmp_path_factory.mktemp("redis"), *DISKLESS) as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A cluster of one node: it refuses whatever touches two slots at once."""
    need_redis()
    with RedisServer(tmp_path_factory.mktemp("cluster"), *CLUSTER) as server:
        with connect(server) as client:
            client.execute_command("CLUSTER", "ADDSLOTS", *range(SLOTS))
            deadline_s = time.monotonic() + PATIENCE_S
            while "cluster_state:ok" not in str(client.execute_command("CLUSTER", "INFO")):
                assert time.monotonic() < deadline_s
        yield server


@pytest.fixture(params=ENGINES)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The LEDGER_URL of an empty ledger, of each engine in turn."""
    return find_url(request, tmp_path / "deep")


@pytest.fixture(params=["sqlite", pytest.param("redis", marks=pytest.mark.slow)])
def room_ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The LEDGER_URL of an empty ledger of rooms: an SQLite file, and slow tests once more in Redis.

    An engine that keeps others out is never asked to compare; one that does not, always. See `ON_SQLITE`.
    """
    return find_url(request, tmp_path)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger, of each engine in turn."""
    yield open_ledger(ledger_url)
    close_ledgers()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of a loopback server."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))
