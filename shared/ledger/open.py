"""From LEDGER_URL to the engine, one for each URL and process."""

from __future__ import annotations

from functools import lru_cache

from shared.errors import SettingsError
from shared.ledger.sqlite import SqliteLedger

Ledger = SqliteLedger


@lru_cache(maxsize=2)
def open_ledger(url: str) -> Ledger:
    """The ledger at `url`: sqlite:///relative/path or sqlite:////absolute/path."""
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite" or not path:
        raise SettingsError(["LEDGER_URL: must be sqlite:///path/to/file.db"])
    return SqliteLedger(path)
