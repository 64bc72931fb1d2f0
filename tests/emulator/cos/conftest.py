"""A COS endpoint, and Tencent's own Python SDK connected to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from qcloud_cos import CosS3Client

from tests.emulator.cos.sdk import connect
from tests.support.hosted_cos import RunningCos, running_cos


@pytest.fixture
def cos() -> Iterator[RunningCos]:
    with running_cos() as cos:
        yield cos


@pytest.fixture(scope="module")
def shared_cos() -> Iterator[RunningCos]:
    """One for a whole file: nothing gets into it."""
    with running_cos() as cos:
        yield cos


@pytest.fixture
def client(cos: RunningCos) -> CosS3Client:
    return connect(cos)
