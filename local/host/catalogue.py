"""Which functions a host has, and how an instance of each is run."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from local.host.scf_runtime import DEFAULT_LIMITS, Limits, describe_environment


class Served(NamedTuple):
    """How a function is run: `python` imports `module`, in the folder `directory`."""

    module: str
    directory: Path
    environ: Mapping[str, str]
    limits: Limits
    python: tuple[str, ...] = (sys.executable,)
    max_instances: int | None = None  # None: as many as the host allows
    attempts: int = 3  # Source: SCF documentation, retry policies: a failed event is repeated twice
    has_path: bool = True  # whether /functions/NAME is its URL

    def __repr__(self) -> str:
        return f"Served({self.module!r})"  # keys stand in `environ`


class Catalogue(Protocol):
    """Functions by name."""

    def list_names(self) -> list[str]:
        """All of them."""

    def find(self, name: str) -> Served | None:
        """One of them; None when there is none with that name."""


class FolderOfFunctions:
    """Every module of a folder is a function, as it stands in the sources."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        limits: Mapping[str, Limits],
        environ: Mapping[str, str],
    ) -> None:
        self._folder = folder.resolve()
        self._limits = limits
        self._describe: Callable[[str], dict[str, str]] = functools.partial(
            describe_environment, functions_dir=self._folder, settings=settings, extra=environ
        )

    def list_names(self) -> list[str]:
        """The modules whose names a function can have."""
        return [path.stem for path in self._folder.glob("*.py") if self._has(path.stem)]

    def find(self, name: str) -> Served | None:
        """The module of that name."""
        if not self._has(name):
            return None
        limits = self._limits.get(name, DEFAULT_LIMITS)
        return Served(name, self._folder.parent, self._describe(name), limits)

    def _has(self, name: str) -> bool:
        is_name = re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name)  # as long as SCF allows
        return is_name is not None and (self._folder / f"{name}.py").is_file()


class Catalogues:
    """Several catalogues as one; the first that knows a name has it."""

    def __init__(self, *catalogues: Catalogue) -> None:
        self._catalogues = catalogues

    def list_names(self) -> list[str]:
        """The names of all."""
        return [name for catalogue in self._catalogues for name in catalogue.list_names()]

    def find(self, name: str) -> Served | None:
        """The first of that name."""
        found = (catalogue.find(name) for catalogue in self._catalogues)
        return next((served for served in found if served), None)
