"""What every test has: only the test's own settings, event samples, a cold process, its own ledger."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings

from shared import resources, scf
from shared.ledger import close_ledgers
from tests.redis_server import redis_cluster, redis_server, wait_as_usual

__all__ = ["redis_cluster", "redis_server"]

# A stall of the machine is no failure of a property.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")

EVENTS = Path(__file__).parent / "events"
SDK_APP_ID = 1400000000
SDK_SECRET_KEY = "test-sdk-secret-key"
CALLBACK_KEY = "testCallbackKey"
SETTINGS = {
    "TRTC_SDK_APP_ID": str(SDK_APP_ID),
    "TRTC_SDK_SECRET_KEY": SDK_SECRET_KEY,
    "TRTC_CALLBACK_KEY": CALLBACK_KEY,
    "TENCENT_SECRET_ID": "test-secret-id",
    "TENCENT_SECRET_KEY": "test-secret-key",
}
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "PYTEST_CURRENT_TEST")

LoadEvent = Callable[[str], dict[str, Any]]


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


def forget_instance() -> None:
    """Become a new instance: nothing kept from earlier invocations."""
    scf._instance["cold"] = True  # noqa: SLF001  only a new process sets it otherwise
    resources.open_client.cache_clear()
    resources.open_strangers.cache_clear()
    close_ledgers()
    structlog.reset_defaults()


@pytest.fixture
def load_event() -> LoadEvent:
    """Loads a sample of tests/events by its name."""

    def load(name: str) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
        return event

    return load
