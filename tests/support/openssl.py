"""What of the tests needs the command openssl."""

from __future__ import annotations

import shutil

import pytest


def require_openssl() -> None:
    """Skip the test where openssl is not installed."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
