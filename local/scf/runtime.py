"""What SCF brings along for a function: its Python, and its role's credentials."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from local.cloud.config import CloudConfig
from local.package.bytecode import find_python


def make_finder(name: str | None) -> Callable[[], str]:
    """Finds what runs deployed functions: the Python that is named, else 3.10, else this one.

    A package holds compiled modules for one version, so that it runs on no other.
    """
    return functools.cache(lambda: name or find_python(None) or sys.executable)


def describe_role(config: CloudConfig) -> dict[str, str]:
    """The variables in which a function finds its role's credentials: here those of the account.

    Source: SCF documentation, environment variables (product 583, document 30228).
    """
    return {
        "TENCENTCLOUD_SECRETID": config.secret_id,
        "TENCENTCLOUD_SECRETKEY": config.secret_key,
        "TENCENTCLOUD_SESSIONTOKEN": config.token or "",
    }
