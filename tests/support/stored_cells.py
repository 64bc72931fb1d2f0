"""What a ledger's store holds, read and written without Roomscribe's own code: cells and scores by key.

A tag is what Redis has between braces; an SQLite file has none, so all of it stands under "".
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from redis import Redis

RAW = "surrogateescape"  # some cells hold any bytes
PREFIX = "{roomscribe:"
APPLICATIONS = PREFIX + "0}:applications"
# By tag and key; `cells` are values by field, `scores` numbers by member.
Store = dict[str, dict[str, dict[str, dict[str, Any]]]]


def read_store(url: str) -> Store:
    """All that a ledger holds, but for what counts calls and lasts for seconds."""
    store: Store = {}
    if url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(path)) as file:
            for key, field, value in file.execute("SELECT key, field, value FROM cells"):
                _put(store, "", key, "cells", field, value.decode(errors=RAW))
            for key, member, score in file.execute("SELECT key, member, score FROM scores"):
                _put(store, "", key, "scores", member, score)
        return store
    with Redis.from_url(url, decode_responses=True, encoding_errors=RAW) as client:
        for name in client.scan_iter(PREFIX + "*"):
            tag, _, key = name.removeprefix(PREFIX).partition("}:")
            kind = client.type(name)
            for field, value in client.hgetall(name).items() if kind == "hash" else ():
                _put(store, tag, key, "cells", field, value)
            for member, score in (
                client.zrange(name, 0, -1, withscores=True) if kind == "zset" else ()
            ):
                _put(store, tag, key, "scores", member, int(score))
    return store


def _put(store: Store, tag: str, key: str, kind: str, name: str, value: object) -> None:
    if key != "slots":
        store.setdefault(tag, {}).setdefault(key, {}).setdefault(kind, {})[name] = value


def write_store(url: str, store: Store, schema: list[str]) -> None:
    """Let an empty ledger hold that; `schema` are the statements that make the SQLite file."""
    if url.startswith("sqlite:"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as file:
            for statement in schema:
                file.execute(statement)
            for _, key, kind, name, value in _list_all(store):
                is_cell = kind == "cells"
                row = (key, name, value.encode(errors=RAW) if is_cell else value)
                file.execute(f"INSERT INTO {kind} VALUES (?, ?, ?)", row)  # noqa: S608
        return
    with Redis.from_url(url, decode_responses=True, encoding_errors=RAW) as client:
        for tag, key, kind, name, value in _list_all(store):
            full = f"{PREFIX}{tag}}}:{key}"
            if kind == "cells":
                client.hset(full, name, value)
            else:
                client.zadd(full, {name: value})
        client.sadd(APPLICATIONS, *(tag for tag in store if tag.isdecimal() and tag != "0"))


def _list_all(store: Store) -> list[tuple[str, str, str, str, Any]]:
    return [
        (tag, key, kind, name, value)
        for tag, keys in store.items()
        for key, kinds in keys.items()
        for kind, values in kinds.items()
        for name, value in values.items()
    ]


def read_schema(path: Path) -> list[str]:
    """The statements that make an SQLite file like this one, without what is in it."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        pragmas = [
            f"PRAGMA {name} = {file.execute(f'PRAGMA {name}').fetchone()[0]}"
            for name in ("application_id", "user_version")
        ]
        tables = file.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return [*pragmas, *(sql for (sql,) in tables)]
