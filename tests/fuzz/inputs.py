"""The targets by name, and their inputs: seeds that are written, and what was found once."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

FOLDER = Path(__file__).parent
TARGETS = sorted(path.stem for path in (FOLDER / "targets").glob("*.py"))


class Target(Protocol):
    """A module of `targets`."""

    def list_seeds(self) -> Iterator[bytes]:
        """Inputs to begin with."""

    def run(self, data: bytes) -> None:
        """Raise for an input with which a promise is broken."""


def load_target(name: str) -> Target:
    """The target of that name."""
    return cast("Target", importlib.import_module(f"tests.fuzz.targets.{name}"))


def list_inputs(name: str) -> Iterator[bytes]:
    """What the target begins with, and that with which it failed once."""
    yield from load_target(name).list_seeds()
    for path in sorted((FOLDER / "regressions" / name).glob("*")):
        yield path.read_bytes()
