"""A real browser, a local cloud in a process of its own, and read_transcript with a meeting in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.pages.browser import CHROMIUM
from tests.pages.local_cloud import PATIENCE_S, LocalCloud
from tests.pages.watch import DATA, Watch
from tests.support.meeting_server import MeetingServer
from tests.support.transcript_server import ReadingServer
from tests.support.transcript_source import LINK_KEY, MemorySource


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with contextlib.closing(LocalCloud(tmp_path_factory.mktemp("cloud"))) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_S * 1000)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def server(environment: pytest.MonkeyPatch) -> Iterator[ReadingServer]:
    environment.setenv("TRANSCRIPT_LINK_KEY", LINK_KEY)
    source = MemorySource()
    source.open()
    with contextlib.closing(ReadingServer(source)) as server:
        yield server


@pytest.fixture
def source(server: ReadingServer) -> MemorySource:
    return server.source


@pytest.fixture
def watch(page: Page, server: ReadingServer | MeetingServer) -> Iterator[Watch]:
    """Afterwards nothing went wrong on the page: no error, no warning, no request elsewhere."""
    watch = Watch(page, server.origin, DATA)
    yield watch
    assert watch.complaints == []
