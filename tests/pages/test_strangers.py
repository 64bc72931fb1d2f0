"""Pages of strangers in a real browser: none reads, deletes or frames what the local cloud has."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.pages.browser import CHROMIUM, IN_BROWSER
from tests.pages.local_cloud import LocalCloud

REBOUND = "rebound.example"  # a stranger's name that now leads to 127.0.0.1
ROOM = {"room_id": "class-1", "room_id_type": 1}
ASK = """async ([url, options]) => {
    try {
        const answer = await fetch(url, options);
        return [answer.status, await answer.text()];
    } catch (error) {
        return [0, String(error)];
    }
}"""
SECRET = "a word that only the room may hear"

pytestmark = IN_BROWSER


class Stranger(BaseHTTPRequestHandler):
    """A web site with one page: a frame, when the query names what is to be in it."""

    def do_GET(self) -> None:
        framed = urlsplit(self.path).query
        body = f'<iframe src="{framed}"></iframe>' if framed else "<h1>a page like any other</h1>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextlib.contextmanager
def serving_strangers() -> Iterator[int]:
    """A stranger's web site on this machine; the port where it is."""
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """The origin of a stranger's site."""
    with serving_strangers() as port:
        yield f"http://stranger.example:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for which strangers' names lead to this machine."""
    rules = f"MAP {REBOUND} 127.0.0.1, MAP stranger.example 127.0.0.1"
    arguments = [f"--host-resolver-rules={rules}", *(["--no-sandbox"] * (os.geteuid() == 0))]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def link(cloud: LocalCloud) -> Iterator[str]:
    """The read link of a room in which something was said; afterwards it is still to be read."""
    with having_said(cloud) as link:
        yield link


@contextlib.contextmanager
def having_said(cloud: LocalCloud) -> Iterator[str]:
    cloud.post("", user_id="amy", **ROOM)
    for _ in range(2_000):
        cloud.say("class-1", "amy", SECRET)
        listed = cloud.http.get("/_local/transcripts?room=1400000001/1/class-1").json()
        if listed["transcripts"]:
            break
    link = str(listed["transcripts"][0]["link"])
    assert SECRET in cloud.http.get(f"{link}.txt").text
    yield link
    assert SECRET in cloud.http.get(f"{link}.txt").text
    cloud.dismiss_all()


def ask(page: Page, url: str, method: str = "GET", body: str | None = None) -> tuple[int, str]:
    """What the page's script gets to see."""
    options = {"method": method, "body": body} if body else {"method": method}
    status, text = page.evaluate(ASK, [url, options])
    return status, text


def test_rebound_name_reads_and_deletes_nothing(page: Page, tmp_path: Path) -> None:
    """The page comes from a stranger's server; then the same name and port lead to the local cloud."""
    with serving_strangers() as port:
        page.goto(f"http://{REBOUND}:{port}/")
    delete = '{"room_id": "class-1", "room_id_type": 1}'
    with contextlib.closing(LocalCloud(tmp_path, port)) as cloud, having_said(cloud) as link:
        for path, method, body in (
            ("/", "GET", None),
            ("/", "POST", "{}"),
            ("/_local/rooms", "GET", None),
            ("/_local/transcripts?room=1400000001/1/class-1", "GET", None),
            ("/_local/invoke/delete_transcript", "POST", delete),
            ("/functions/delete_transcript", "POST", delete),
            (f"{urlsplit(link).path}.txt", "GET", None),
        ):
            status, text = ask(page, path, method, body)
            assert (path, status) == (path, 403), text
            assert SECRET not in text


def test_page_of_another_origin_reads_and_deletes_nothing(
    cloud: LocalCloud, page: Page, link: str, stranger: str
) -> None:
    page.goto(stranger)
    delete = '{"room_id": "class-1", "room_id_type": 1}'
    for path, method, body in (
        ("/_local/transcripts?room=1400000001/1/class-1", "GET", None),
        ("/_local/invoke/delete_transcript", "POST", delete),
        ("/functions/delete_transcript", "POST", delete),
        (f"{urlsplit(link).path}.txt", "GET", None),
    ):
        status, text = ask(page, cloud.url + path, method, body)
        assert status in (0, 403)
        assert SECRET not in text


@pytest.mark.parametrize("what", ["page", "transcript"])
def test_nothing_can_be_framed(
    cloud: LocalCloud, page: Page, link: str, stranger: str, what: str
) -> None:
    target = cloud.url + "/" if what == "page" else link
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(f"{stranger}/?{target}")
    frame = page.frames[1]
    frame.wait_for_load_state()
    assert frame.url.startswith("chrome-error:")
    assert any("frame-ancestors 'none'" in text for text in refused)
