"""From LEDGER_URL to the engine, one for each URL and process."""

from __future__ import annotations

from shared.errors import SettingsError
from shared.ledger.contract import Ledger
from shared.ledger.sqlite import SqliteLedger

_opened: dict[str, Ledger] = {}


def open_ledger(url: str) -> Ledger:
    """The ledger at `url`: sqlite:///relative/path or sqlite:////absolute/path; it stays open."""
    if url not in _opened:
        scheme, _, path = url.partition(":///")
        if scheme != "sqlite" or not path:
            raise SettingsError(["LEDGER_URL: must be sqlite:///path/to/file.db"])
        _opened[url] = SqliteLedger(path)
    return _opened[url]


def close_ledgers() -> None:
    """Close every ledger this process has open; the next use opens it again."""
    while _opened:
        _opened.popitem()[1].close()
