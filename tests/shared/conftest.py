"""What tests of shared/ have: an API faked at HTTP level, and one room that lives on it."""

from __future__ import annotations

from typing import Any

import pytest
import responses

from tests.support.faked_api import make_stage
from tests.support.faked_http import fake_http


@pytest.fixture
def faked_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API is what `responses` makes of it."""
    fake_http(monkeypatch)


@pytest.fixture
def stage(environment: pytest.MonkeyPatch, faked_http: None, room_ledger_url: str) -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        yield make_stage(api, room_ledger_url)
