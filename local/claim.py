"""Who has something to itself: a lock that ends with its process, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from local.errors import LocalError
from shared.ledger.redis_server import Server

TAKEN = (
    "another local cloud has this ledger; end it, or give this one a ledger of its own: "
    "LEDGER_URL=sqlite:////tmp/another.db"
)
LOOPBACK = {"localhost": "127.0.0.1", "::1": "127.0.0.1"}


@contextlib.contextmanager
def claiming_ledger(url: str) -> Iterator[None]:
    """Keep a second local cloud of this machine away from a ledger; LocalError when another has it.

    Each would take the other's tasks for lost: its emulator does not know them. SettingsError for a
    Redis URL that is none.
    """
    lock = find_lock(url)
    try:
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(lock, os.O_RDONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise LocalError(f"LEDGER_URL: {lock} cannot be opened: {error.strerror}") from error
    with claiming(held, TAKEN):
        yield


def find_lock(url: str) -> Path:
    """The lock of a ledger: beside its file; for a server, where every checkout looks.

    Not the ledger's file itself: SQLite loses its locks when anybody else in the process closes that.
    """
    scheme, _, rest = url.partition(":///")
    if scheme == "sqlite":
        path = Path(rest).resolve()
        return path.with_name(f"{path.name}.claim")
    Server(url).close()  # checks the URL, and connects to nobody
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"{LOOPBACK.get(host, host)}:{parts.port or 6379}{parts.path.rstrip('/') or '/0'}?{parts.query}"
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"roomscribe-{os.getuid()}-{name}.claim")


@contextlib.contextmanager
def claiming(held: int, taken: str) -> Iterator[None]:
    """Lock an open file or folder, and close it in the end; LocalError with `taken` where another has it."""
    try:
        _lock(held, taken)
        yield
    finally:
        os.close(held)


def _lock(held: int, taken: str) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise LocalError(taken) from error
