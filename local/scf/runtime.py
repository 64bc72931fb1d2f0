"""What SCF brings along for a function: its Python, and its role's credentials."""

from __future__ import annotations

import functools
import sys
from typing import NamedTuple

from local.cloud.config import CloudConfig
from local.package.bytecode import find_python, read_version
from local.package.dependencies import SCF_PYTHON

REMEDY = f"put a python{SCF_PYTHON} that runs on PATH, or name it with --runtime-python"


class Runtime(NamedTuple):
    """The Python that runs deployed functions, and its version, like 3.10; empty where it does not run."""

    python: str
    version: str

    @property
    def is_like_scf(self) -> bool:
        """Whether it has the version that packages are made for."""
        return self.version == SCF_PYTHON

    def describe(self) -> str:
        """What deployed functions run on, in one line, with a remedy where SCF's Python is missing."""
        name = f"Python {self.version}" if self.version else "a Python that does not start"
        text = f"deployed functions run on {name} ({self.python})"
        if self.is_like_scf:
            return text
        return f"{text}; a package that is made for SCF's {SCF_PYTHON} does not: {REMEDY}"


@functools.cache
def find_runtime(name: str | None) -> Runtime:
    """What runs deployed functions: the Python that is named, else 3.10, else this one.

    A package holds compiled modules for one version, so that it runs on no other.
    """
    python = name or find_python(None) or sys.executable
    return Runtime(python, read_version(python))


def describe_role(config: CloudConfig) -> dict[str, str]:
    """The variables in which a function finds its role's credentials: here those of the account.

    Source: SCF documentation, environment variables (product 583, document 30228).
    """
    return {
        "TENCENTCLOUD_SECRETID": config.secret_id,
        "TENCENTCLOUD_SECRETKEY": config.secret_key,
        "TENCENTCLOUD_SESSIONTOKEN": config.token or "",
    }
