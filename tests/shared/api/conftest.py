"""What tests of the API client have: http and https in turn."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(params=["http", "https"])
def tls(request: pytest.FixtureRequest) -> Path | None:
    """None, then the certificate: a test runs against a server without TLS and one with it."""
    if request.param == "http":
        return None
    certificate: Path = request.getfixturevalue("certificate")
    return certificate
