"""From LEDGER_URL to the engine, one for each URL and process; only that engine is imported."""

from __future__ import annotations

from shared.errors import SettingsError
from shared.ledger.contract import Ledger
from shared.settings import KEEP_DAYS

_opened: dict[str, Ledger] = {}


def open_ledger(url: str, keep_days: int = KEEP_DAYS) -> Ledger:
    """The ledger at `url`; it stays open. An SQLite file is opened now, Redis when first asked.

    `keep_days` is how long an engine keeps what is over, if its records end by themselves.

    sqlite:///relative/path, sqlite:////absolute/path, redis://user:password@host:port/db,
    rediss:// for TLS (?ssl_ca_certs=/path/to/ca.pem), unix:///path/to/socket?db=0&password=…
    """
    if url not in _opened:
        _opened[url] = _open_engine(url, keep_days)
    return _opened[url]


def close_ledgers() -> None:
    """Close every ledger this process has open; the next use opens it again."""
    while _opened:
        _opened.popitem()[1].close()


def _open_engine(url: str, keep_days: int) -> Ledger:
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        from shared.ledger.sqlite import SqliteLedger

        return SqliteLedger(rest[1:])
    if scheme in ("redis", "rediss", "unix") and rest:
        from shared.ledger.redis import RedisLedger

        return RedisLedger(url, keep_days)
    raise SettingsError(
        ["LEDGER_URL: must be sqlite:///path/to/file.db or redis://user:password@host:port/db"]
    )
