"""From LEDGER_URL to the ledger, one for each URL, name and process; only its engine is imported."""

from __future__ import annotations

from functools import cache

from shared.errors import SettingsError
from shared.ledger.ledger import Ledger
from shared.settings import DEFAULT_LEDGER_NAME, KEEP_DAYS

_opened: list[Ledger] = []


@cache
def open_ledger(
    url: str,
    keep_days: int = KEEP_DAYS,
    name: str = DEFAULT_LEDGER_NAME,
    *,
    tells: tuple[str, ...] = (),
) -> Ledger:
    """The ledger at `url`; it stays open. An SQLite file is opened now, Redis when first asked.

    `keep_days` is for how long what is over is kept. In a Redis database each deployment has a ledger
    of its own, by its `name`. `tells` are the keys of the event endpoints, to be told of what changes.

    sqlite:///relative/path, sqlite:////absolute/path, redis://user:password@host:port/db,
    rediss:// for TLS (?ssl_ca_certs=/path/to/ca.pem), unix:///path/to/socket?db=0&password=…
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/"):
        from shared.ledger.sqlite import SqliteEngine

        ledger = Ledger(SqliteEngine(rest[1:]), tells=tells)
    elif scheme in ("redis", "rediss", "unix") and rest:
        from shared.ledger.redis import RedisEngine

        ledger = Ledger(RedisEngine(url, name), keep_days, tells=tells)
    else:
        raise SettingsError(
            ["LEDGER_URL: must be sqlite:///path/to/file.db or redis://user:password@host:port/db"]
        )
    _opened.append(ledger)
    return ledger


def close_ledgers() -> None:
    """Close every ledger this process has open; the next use opens it again."""
    open_ledger.cache_clear()
    while _opened:
        _opened.pop().close()
