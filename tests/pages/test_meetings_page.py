"""The page of all meetings in a real browser, behind read_transcript and a ledger of its own."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from shared.ledger import Ledger, open_ledger
from shared.room import Room
from tests.pages.browser import IN_BROWSER
from tests.pages.watch import Watch
from tests.support.instance import SDK_APP_ID as APP
from tests.support.meeting_ledger import close_meeting, open_meeting
from tests.support.meeting_server import OPERATOR_KEY, MeetingServer
from tests.support.transcript_source import LINK_KEY

MINUTE_MS = 60_000
NOW_MS = time.time_ns() // 1_000_000
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\u202e {{token}}"

pytestmark = [*IN_BROWSER, pytest.mark.usefixtures("watch")]


@pytest.fixture
def server(environment: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MeetingServer]:
    environment.setenv("TRANSCRIPT_LINK_KEY", LINK_KEY)
    environment.setenv("OPERATOR_LINK_KEY", OPERATOR_KEY)
    environment.setenv("LEDGER_URL", f"sqlite:///{tmp_path}/ledger.db")
    with contextlib.closing(MeetingServer()) as server:
        yield server


@pytest.fixture
def ledger(server: MeetingServer, tmp_path: Path) -> Ledger:
    """Another connection to what the server serves."""
    return open_ledger(f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The page, not opened yet, on a clock that a test may move."""
    page = browser.new_page(viewport={"width": 1200, "height": 700}, timezone_id="Asia/Shanghai")
    page.clock.install()
    yield page
    page.close()


def rooms(page: Page) -> Locator:
    return page.locator("#rows .room bdi")


def find_row(page: Page, room_id: str) -> Locator:
    return page.locator("#rows tr").filter(has=page.get_by_text(room_id, exact=True))


def fill(ledger: Ledger, number: int, *, closed: bool = True) -> None:
    """So many meetings, the last the newest, each of which has its number in its room's id."""
    for i in range(number):
        at_ms = NOW_MS - (number - i) * MINUTE_MS
        session = open_meeting(ledger, Room(APP, f"class-{i}", 1), at_ms)
        if closed:
            close_meeting(ledger, session, at_ms + 30_000, ("ann",))


def test_meetings_stand_with_all_that_is_known_of_them(
    page: Page, server: MeetingServer, ledger: Ledger
) -> None:
    at_ms = 1_700_000_000_000 + 3 * 365 * 86_400_000
    session = open_meeting(ledger, Room(APP, "class-7", 1), at_ms)
    close_meeting(ledger, session, NOW_MS, ("ann", "li", "bob", "zoe"), ("en", "zh"))
    open_meeting(ledger, Room(APP, "12", 0), NOW_MS)
    page.goto(server.list_link())
    expect(rooms(page)).to_have_text(["12", "class-7"])
    expect(page.locator("#status")).to_have_text("2 meetings")
    row = page.get_by_role("row", name="class-7")
    for text in ("Delivered", "12", "ann, li, bob and 1 other", "English, Chinese", "school-7"):
        expect(row).to_contain_text(text)
    expect(row.locator("time")).to_have_text("14 Nov 2026, 06:13")
    expect(row.locator("time")).to_have_attribute("title", "2026-11-13 22:13 UTC")
    expect(page.get_by_role("row", name="numeric room")).to_contain_text("Live")
    expect(page.get_by_role("columnheader")).to_have_count(8)


def test_room_opens_its_transcript_in_a_new_tab_and_its_files(
    page: Page, server: MeetingServer, ledger: Ledger
) -> None:
    fill(ledger, 1)
    page.goto(server.list_link())
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="in a new tab").click()
    expect(opening.value.get_by_role("heading", name="class-0")).to_be_visible()
    assert opening.value.evaluate("document.referrer + String(window.opener)") == "null"
    opening.value.close()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="VTT of class-0").click()
    assert downloading.value.suggested_filename.endswith(".vtt")


def test_search_needs_no_new_page_and_stays_in_the_address(
    page: Page, server: MeetingServer, ledger: Ledger
) -> None:
    fill(ledger, 12)
    page.goto(server.list_link())
    expect(rooms(page)).to_have_count(12)
    page.evaluate("window.stays = true")
    page.get_by_label("Room begins with").fill("class-1")
    page.get_by_label("Room begins with").press("Enter")
    expect(rooms(page)).to_have_text(["class-11", "class-10", "class-1"])
    expect(page).to_have_url(re.compile(r"\?room=class-1$"))
    page.get_by_label("State").select_option("Live")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No meeting fits this search.")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(rooms(page)).to_have_count(12)
    assert page.evaluate("window.stays") is True
    page.goto(f"{server.list_link()}?day=2001-01-01&state=live&length=7&nonsense=1")
    expect(page.get_by_label("From day")).to_have_value("2001-01-01")
    expect(page.get_by_label("To day")).to_have_value("2001-01-01")
    expect(page.get_by_text("Nothing found")).to_be_visible()


def test_more_meetings_come_when_asked_for(
    page: Page, server: MeetingServer, ledger: Ledger
) -> None:
    fill(ledger, 70)
    page.goto(server.list_link())
    expect(rooms(page)).to_have_count(50)
    expect(page.locator("#status")).to_have_text("50 meetings, and there may be more")
    page.get_by_role("button", name="More meetings").press("Enter")
    expect(rooms(page)).to_have_text([f"class-{i}" for i in range(69, -1, -1)])
    expect(page.get_by_role("button", name="More meetings")).to_be_hidden()


def test_rows_follow_the_meetings_and_what_is_read_stays_where_it_is(
    page: Page, server: MeetingServer, ledger: Ledger
) -> None:
    fill(ledger, 40)
    live = open_meeting(ledger, Room(APP, "live", 1), NOW_MS - 10 * 86_400_000)
    page.goto(server.list_link())
    row = find_row(page, "live")
    expect(row.locator(".state")).to_have_text("Live")
    page.evaluate("scrollTo(0, 1200)")
    read = find_row(page, "class-15")
    link = read.locator(".room")
    link.focus()
    before, address = read.bounding_box(), link.get_attribute("href")
    close_meeting(ledger, live, NOW_MS, ("ann",))
    for i in range(3):
        open_meeting(ledger, Room(APP, f"new-{i}", 1), NOW_MS + i)
    page.clock.run_for(10_000)
    expect(row.locator(".state")).to_have_text("Delivered")
    expect(rooms(page)).to_have_count(44)
    expect(rooms(page).first).to_have_text("new-2")
    after = read.bounding_box()
    assert before
    assert after
    assert abs(before["y"] - after["y"]) < 1
    expect(link).to_be_focused()
    assert link.get_attribute("href") == address
    ledger.change(live.room, lambda book: book.drop_session(live.id, NOW_MS + 1))
    page.clock.run_for(10_000)
    expect(rooms(page)).to_have_count(43)


def test_hostile_ids_are_only_text(page: Page, server: MeetingServer, ledger: Ledger) -> None:
    session = open_meeting(ledger, Room(APP, HOSTILE, 1), NOW_MS - MINUTE_MS)
    close_meeting(ledger, session, NOW_MS, (HOSTILE, "ann"))
    page.goto(server.list_link())
    expect(rooms(page)).to_have_text([HOSTILE])
    expect(page.locator(".speakers bdi")).to_have_text([HOSTILE, "ann"])
    assert page.locator("img").count() == 0
    page.get_by_label("Room begins with").fill(HOSTILE)
    page.get_by_role("button", name="Search").click()
    expect(rooms(page)).to_have_count(1)


def test_link_that_expires_says_so(
    page: Page, server: MeetingServer, ledger: Ledger, watch: Watch
) -> None:
    fill(ledger, 1, closed=False)
    page.goto(server.list_link())
    expect(rooms(page)).to_have_count(1)
    page.route("**/*.json*", lambda route: route.fulfill(status=403))
    watch.forgiven = "Failed to load resource: the server responded with a status of 403"
    page.clock.run_for(10_000)
    expect(page.locator("#status")).to_contain_text("This link has expired")
    expect(rooms(page)).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_everybody_can_use_it(
    page: Page, server: MeetingServer, ledger: Ledger, width: int, scheme: str
) -> None:
    fill(ledger, 3)
    open_meeting(ledger, Room(APP, "غرفة الاجتماعات", 1), NOW_MS)
    open_meeting(ledger, Room(APP, "broken", 1), NOW_MS, "failed")
    page.set_viewport_size({"width": width, "height": 700})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(server.list_link())
    expect(rooms(page)).to_have_count(5)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(6)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
