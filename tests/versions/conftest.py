"""What tests of two versions have: an emulator, and builds of Roomscribe that share a ledger."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import responses

from shared.ledger import open_ledger
from tests.support.builds import Build, Edit
from tests.support.emulator import CONFIG, RunningCloud, running_cloud
from tests.support.event_endpoints import NEW_SECRET
from tests.support.faked_http import fake_http
from tests.support.hosted_cloud import SETTINGS
from tests.support.signed_callbacks import RULES

MakeBuild = Callable[[str, Edit], Build]


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    """An emulator that tells nobody of anything: the test tells."""
    with running_cloud(CONFIG) as cloud:
        yield cloud


@pytest.fixture
def make_build(cloud: RunningCloud, ledger_url: str, tmp_path: Path) -> Iterator[MakeBuild]:
    """Makes builds by name, which share a ledger of each engine in turn, and an archive."""
    open_ledger(ledger_url)  # its file is there
    (tmp_path / "rules.toml").write_text(RULES)
    environment = {
        **SETTINGS,
        "PATH": os.environ["PATH"],
        "LEDGER_URL": ledger_url,
        "TRTC_ENDPOINT": cloud.url,
        "RULES_FILE": str(tmp_path / "rules.toml"),
        "ARCHIVE_URL": f"file://{tmp_path}/archive",
        "EVENTS_URL": "http://127.0.0.1:9/",  # nobody is there, so that all stays in the outbox
        "EVENTS_SECRET": NEW_SECRET,
        "EVENTS_ALLOW_PRIVATE": "true",
    }
    with ExitStack() as builds:

        def make(name: str, edit: Edit) -> Build:
            return builds.enter_context(closing(Build(tmp_path / name, environment, edit)))

        yield make


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[responses.RequestsMock]:
    """The API is what `responses` makes of it."""
    fake_http(monkeypatch)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        yield api
