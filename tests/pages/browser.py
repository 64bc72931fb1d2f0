"""What tests in a real browser have in common: where it is, its marks, and the page of a local cloud."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.local_cloud import LocalCloud
from tests.pages.watch import Watch

CHROMIUM = "/usr/bin/chromium"
IN_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(),
        reason=f"no browser at {CHROMIUM}: install it with apt-get install chromium",
    ),
]


@contextmanager
def opened(browser: Browser, cloud: LocalCloud, **options: object) -> Iterator[Page]:
    """The page of a cloud; afterwards nothing went wrong on it, and no room and no fault is left."""
    page = browser.new_page(**{"viewport": {"width": 1280, "height": 820}, **options})  # type: ignore[arg-type]
    watch = Watch(page, cloud.url)
    page.goto(cloud.url)
    expect(page.locator("#connection")).to_have_text("Live")
    yield page
    page.close()
    cloud.dismiss_all()
    cloud.http.delete("/_local/faults").raise_for_status()
    assert watch.complaints == []
