"""Modules that a library imports, and that nothing here ever asks for anything."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class LateModule(ModuleType):
    """Stands for a module until something of it is asked for; only then is that one loaded."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or sys.modules.get(self.__name__) is self:
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def importing_late(name: str) -> Iterator[None]:
    """Whoever imports that module meanwhile gets a LateModule, unless it is there already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = LateModule(name)
    try:
        yield
    finally:
        del sys.modules[name]
