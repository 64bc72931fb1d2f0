"""Pages of another origin: a player's <track>, and fetch with an ETag, read behind a link."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.pages.browser import CHROMIUM, IN_BROWSER
from tests.support.transcript_server import ReadingServer
from tests.support.transcript_source import MemorySource

PLAYER = """<!doctype html><title>player</title><link rel=icon href="data:,">
    <video crossorigin><track default src="{link}.vtt"></video>"""

pytestmark = IN_BROWSER


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def page(server: ReadingServer, source: MemorySource, tmp_path: Path) -> Iterator[Page]:
    """A page of somebody else, with a player of what two people said."""
    source.say("amy", "Good morning.", 3)
    source.say("li", "早上好。", 4)
    (tmp_path / "player.html").write_text(PLAYER.format(link=server.link()), encoding="utf-8")
    handler = functools.partial(QuietHandler, directory=str(tmp_path))
    others = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=others.serve_forever, args=(0.01,))
    thread.start()
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
            page = browser.new_page()
            page.goto(f"http://localhost:{others.server_port}/player.html")
            yield page
            browser.close()
    finally:
        others.shutdown()
        thread.join()
        others.server_close()


def fetch(page: Page, address: str, **headers: str) -> Any:
    """What a script of the page sees of an answer."""
    return page.evaluate(
        """async ([address, headers]) => {
            const answer = await fetch(address, { headers });
            return [answer.status, answer.headers.get("ETag"), await answer.text()];
        }""",
        [address, headers],
    )


def test_track_of_another_origin_loads_its_cues(page: Page) -> None:
    page.evaluate("document.querySelector('video').textTracks[0].mode = 'hidden'")
    page.wait_for_function("document.querySelector('track').readyState >= 2")
    cues = page.evaluate(
        """[...document.querySelector('video').textTracks[0].cues].map(
            cue => cue.getCueAsHTML().textContent)"""
    )
    assert cues == ["Good morning.", "早上好。"]


def test_script_of_another_origin_reads_and_polls(page: Page, server: ReadingServer) -> None:
    for form, start in (("vtt", "WEBVTT"), ("srt", "1\n"), ("txt", "Room"), ("json", "{")):
        status, etag, text = fetch(page, f"{server.link()}.{form}")
        assert (status, text.startswith(start)) == (200, True)
        assert etag
    # A header that is not on every browser's list of harmless ones: the browser asks first.
    assert fetch(page, f"{server.link()}.json", **{"If-None-Match": etag}) == [304, etag, ""]
    assert fetch(page, f"{server.url}/wrong.json")[0] == 403
