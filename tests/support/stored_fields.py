"""Where in a ledger's records a field stands that a newer build has added."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.support.builds import ADDED
from tests.support.stored_cells import Store

NAMES = ("id", "task_id", "token", "code", "name")  # by which one tells the objects of a list apart


def find_added(store: Store) -> dict[str, bool]:
    """For the path of each object in each record whether the field is there."""
    return {
        path: has
        for keys in store.values()
        for key, held in keys.items()
        for field, value in held.get("cells", {}).items()
        if value[:2] in ("1 ", "2 ")
        for path, has in _walk(json.loads(value[2:]), f"{key} {field}")
    }


def _walk(tree: Any, path: str) -> Iterator[tuple[str, bool]]:
    if isinstance(tree, dict):
        yield path, ADDED in tree
        for name, value in tree.items():
            yield from _walk(value, f"{path}/{name}")
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            names = [value[one] for one in NAMES if one in value] if isinstance(value, dict) else []
            yield from _walk(value, f"{path}/{(names or [place])[0]}")
