"""Writes the ledger that a release leaves behind: `python -m tests.versions 1.1.0`, once, as it is released.

It stays as it is for ever: what reads it is whatever the code is then. See test_kept_ledgers.py.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from local.redis_server import RedisServer
from shared.ledger import Ledger
from shared.ledger.redis import RedisEngine
from shared.ledger.sqlite import SqliteEngine
from tests.support.kept_ledger import ENDPOINT, write_everything
from tests.support.stored_cells import read_schema, read_store


def main(release: str, folder: Path) -> None:
    """Write everything into a Redis, for its tags, and lay out an SQLite file, for its schema."""
    with RedisServer(folder / "redis") as server:
        ledger = Ledger(RedisEngine(server.url, "roomscribe"), tells=[ENDPOINT])
        write_everything(ledger)
        store = read_store(server.url)
        ledger.close()
    SqliteEngine(str(folder / "ledger.db")).close()
    kept = {"schema": read_schema(folder / "ledger.db"), "store": store}
    path = Path(__file__).with_name(f"ledger-{release}.json")
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1], Path(folder))
