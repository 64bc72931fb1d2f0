"""What tests of the API client have: a server's certificate, and http and https in turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.api_server import make_certificate
from tests.unit.faked_http import fake_http


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of a loopback server."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=["http", "https"])
def tls(request: pytest.FixtureRequest) -> Path | None:
    """None, then the certificate: a test runs against a server without TLS and one with it."""
    if request.param == "http":
        return None
    certificate: Path = request.getfixturevalue("certificate")
    return certificate


@pytest.fixture
def faked_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API is what `responses` makes of it."""
    fake_http(monkeypatch)
