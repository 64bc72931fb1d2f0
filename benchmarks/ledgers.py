"""A new ledger of either engine, for as long as something is measured."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from local.redis_server import RedisServer


@contextlib.contextmanager
def running_ledger(engine: str) -> Iterator[str]:
    """The LEDGER_URL of a new ledger on "sqlite" or "redis"."""
    with tempfile.TemporaryDirectory(prefix="roomscribe-benchmark-") as folder:
        if engine == "sqlite":
            yield f"sqlite:///{folder}/ledger.db"
            return
        with RedisServer(Path(folder)) as redis:
            yield redis.url
