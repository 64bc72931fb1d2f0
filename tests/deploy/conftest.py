"""Fixtures of the tests that deploy to the local cloud with the real tccli."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.packages import build_package
from tests.support.tccli_deployment import Tencent, running_tencent


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    path = folder / "roomscribe.zip"
    path.write_bytes(build_package(folder / "installed", sys.executable))
    return path


@pytest.fixture
def tencent(tmp_path: Path, package: Path) -> Iterator[Tencent]:
    with running_tencent(tmp_path, package) as tencent:
        yield tencent
