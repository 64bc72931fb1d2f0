"""Lazy imports: a module that a library imports, and loads only when something of it is used.

importlib.util.LazyLoader is no help: the next `import` of its module reads `__spec__`, and that loads it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """A module without content; the first attribute that is read of it loads the real one."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or sys.modules.get(self.__name__) is self:
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def lazy_import(name: str) -> Iterator[None]:
    """Import statements inside this context get a LazyModule, unless the module is loaded already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = LazyModule(name)
    try:
        yield
    finally:
        del sys.modules[name]
