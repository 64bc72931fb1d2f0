"""The emulator that a file's tests of the API share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.cloud.clock import ManualClock
from tests.support.emulator import RunningCloud, running_cloud


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with running_cloud(clock=ManualClock()) as running:
        yield running
