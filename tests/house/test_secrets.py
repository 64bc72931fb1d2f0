"""No secret can be read off an object that holds one: what is logged or shown may hold its repr."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.settings import Credentials

ROOT = Path(__file__).parents[2]
SECRET_NAME = re.compile(
    r"secret_key|password|callback_key|link_key|_sig$|ledger_url|^environ(ment)?$|^token$"
)
# A token there says who holds a lease or a claim, and proves nothing to anybody outside.
CLAIMS = ("shared.ledger.", "shared.lifecycle.")
WORD = "ThisMustNotBeShown"


def find_classes() -> Iterator[type]:
    """Every record type that is defined in what is deployed, or runs at home."""
    for folder in ("shared", "local", "deploy"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name in ("__main__.py", "instance.py"):
                continue
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            module = importlib.import_module(name.removesuffix(".__init__"))
            for value in vars(module).values():
                if isinstance(value, type) and value.__module__ == module.__name__:
                    yield value


def list_fields(kind: Any) -> list[str]:
    """The names of a record's fields; none for any other class."""
    if kind.__module__.startswith(CLAIMS):
        return []
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind) if field.init]
    if issubclass(kind, msgspec.Struct):
        return list(kind.__struct_fields__)
    return list(getattr(kind, "_fields", ()))


HOLDERS = [kind for kind in find_classes() if any(map(SECRET_NAME.search, list_fields(kind)))]


def test_the_known_holders_are_found() -> None:
    assert Credentials in HOLDERS
    assert {"Settings", "Application", "CloudConfig"} <= {kind.__name__ for kind in HOLDERS}


@pytest.mark.parametrize("kind", HOLDERS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_repr_and_str_show_no_secret(kind: Any) -> None:
    fields, parameters = list_fields(kind), inspect.signature(kind).parameters
    needed = {name for name in fields if parameters[name].default is inspect.Parameter.empty}
    secret = {name for name in fields if SECRET_NAME.search(name)}
    holder = kind(**{**dict.fromkeys(needed), **dict.fromkeys(secret, WORD)})
    assert WORD not in repr(holder) + str(holder) + f"{[holder]}"
