"""What tests of the archive have: an empty archive of each kind, and credentials of a run role."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.archive.archive import Archive, open_archive
from tests.support.scripted_cos import CREDENTIALS

ARCHIVES = ["folder"]


@pytest.fixture(params=ARCHIVES)
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Archive:
    """An empty archive, of each kind in turn."""
    assert request.param == "folder"
    return open_archive((tmp_path / "an archive").as_uri())


@pytest.fixture
def run_role(environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The credentials are those of a run role."""
    for name, value in zip(("SECRETID", "SECRETKEY", "SESSIONTOKEN"), CREDENTIALS, strict=True):
        environment.setenv(f"TENCENTCLOUD_{name}", str(value))
    return environment


@pytest.fixture(params=["http", "https"])
def tls(request: pytest.FixtureRequest) -> Path | None:
    """None, then the certificate: a test runs against a server without TLS and one with it."""
    if request.param == "http":
        return None
    certificate: Path = request.getfixturevalue("certificate")
    return certificate
