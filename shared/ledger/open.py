"""From LEDGER_URL to the ledger, one for each URL, name and process; only its engine is imported."""

from __future__ import annotations

from shared.errors import SettingsError
from shared.ledger.ledger import Ledger
from shared.settings import DEFAULT_LEDGER_NAME, KEEP_DAYS

_opened: dict[tuple[str, str], Ledger] = {}


def open_ledger(url: str, keep_days: int = KEEP_DAYS, name: str = DEFAULT_LEDGER_NAME) -> Ledger:
    """The ledger at `url`; it stays open. An SQLite file is opened now, Redis when first asked.

    `keep_days` is for how long what is over is kept by an engine whose records end by themselves. In
    a Redis database each deployment has a ledger of its own, by its `name`.

    sqlite:///relative/path, sqlite:////absolute/path, redis://user:password@host:port/db,
    rediss:// for TLS (?ssl_ca_certs=/path/to/ca.pem), unix:///path/to/socket?db=0&password=…
    """
    if (url, name) not in _opened:
        _opened[url, name] = _open(url, keep_days, name)
    return _opened[url, name]


def open_sqlite(path: str) -> Ledger:
    """A new ledger over an SQLite file."""
    from shared.ledger.sqlite import SqliteEngine

    return Ledger(SqliteEngine(path))


def open_redis(url: str, keep_days: int = KEEP_DAYS, name: str = DEFAULT_LEDGER_NAME) -> Ledger:
    """A new ledger over a Redis database."""
    from shared.ledger.redis import RedisEngine

    return Ledger(RedisEngine(url, name), keep_days)


def close_ledgers() -> None:
    """Close every ledger this process has open; the next use opens it again."""
    while _opened:
        _opened.popitem()[1].close()


def _open(url: str, keep_days: int, name: str) -> Ledger:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        return open_sqlite(rest[1:])
    if scheme in ("redis", "rediss", "unix") and rest:
        return open_redis(url, keep_days, name)
    raise SettingsError(
        ["LEDGER_URL: must be sqlite:///path/to/file.db or redis://user:password@host:port/db"]
    )
