"""The page of a transcript in a real browser, behind read_transcript itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from shared.reading.pages import FOLDER
from shared.transcripts.records import State
from tests.pages.browser import IN_BROWSER
from tests.pages.watch import Watch
from tests.support.transcript_server import ReadingServer
from tests.support.transcript_source import OPENED_MS, MemorySource, make_times_of_a_long_meeting

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script> --> \x00 \u202e txt"

OpenIn = Callable[..., Page]

pytestmark = [*IN_BROWSER, pytest.mark.usefixtures("watch")]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The page, not opened yet."""
    page = browser.new_page(viewport={"width": 1000, "height": 760}, accept_downloads=True)
    yield page
    page.close()


def texts(page: Page) -> Locator:
    return page.locator(".text:visible")


def speak(source: MemorySource, count: int = 40) -> None:
    """Enough to fill more than a screen."""
    for i in range(count):
        source.say(("amy", "li")[i % 2], f"Sentence number {i}.", 3 + 2 * i, zh=f"第{i}句。")


def is_at_end(page: Page) -> bool:
    at_end = page.evaluate("innerHeight + scrollY >= document.documentElement.scrollHeight - 48")
    return bool(at_end)


@pytest.mark.parametrize("notice", ["", "Transcribed for Example Ltd.", HOSTILE])
def test_notice_is_shown_as_text(
    page: Page, server: ReadingServer, source: MemorySource, notice: str
) -> None:
    source.change(notice=notice)
    source.say("amy", "Good morning.", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_text(["Good morning."])
    expect(page.locator("#notice")).to_be_visible(visible=bool(notice))
    assert page.locator("#notice").evaluate("notice => notice.textContent") == notice


def test_names_appear_change_and_go_while_it_is_open(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3)
    source.call("amy", "Amy Lee")
    page.goto(server.link())
    names = page.locator(".who:visible")
    expect(names).to_have_text(["Amy Lee"])
    source.say("li", "Yes.", 5)
    expect(names).to_have_text(["Amy Lee", "li"])
    source.call("li", "مريم")
    expect(names).to_have_text(["Amy Lee", "مريم"])
    assert names.nth(1).evaluate("who => getComputedStyle(who).direction") == "rtl"
    page.locator("#search").fill("amy lee")
    expect(texts(page)).to_have_text(["Good morning."])
    source.call("amy", "Ann")
    expect(texts(page)).to_have_count(0)
    page.locator("#search").fill("")
    source.call("amy", "")
    expect(names).to_have_text(["amy", "مريم"])


@pytest.mark.parametrize("user_id", ["amy", "__proto__", "constructor"])
def test_hostile_name_is_text(
    page: Page, server: ReadingServer, source: MemorySource, user_id: str
) -> None:
    source.say(user_id, "Hello.", 3)
    page.goto(server.link())
    expect(page.locator(".who:visible")).to_have_text([user_id])
    for name in ("<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "a\u202eb"):
        source.call(user_id, name)
        expect(page.locator(".who:visible")).to_have_text([name])
    assert page.locator("img").count() == 0
    assert page.locator(".who").evaluate_all("all => all.every((one) => one.children.length === 0)")


def test_captions_appear_while_people_talk(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    page.goto(server.link())
    expect(page.get_by_role("heading", name="class-7")).to_be_visible()
    expect(page.get_by_text("Nothing has been said yet")).to_be_visible()
    expect(page.locator("#status")).to_have_text("Live")
    source.say("amy", "Good morning.", 3)
    expect(texts(page)).to_have_text(["Good morning."])
    expect(page.get_by_text("Nothing has been said yet")).to_be_hidden()
    source.say("li", "Yes.", 9)
    source.say("amy", "A late one, in its place.", 6)
    expect(texts(page)).to_have_text(["Good morning.", "A late one, in its place.", "Yes."])
    expect(page.locator(".who:visible")).to_have_text(["amy", "li"])
    expect(page).to_have_title("class-7 · transcript")
    source.change(closed_ms=OPENED_MS + 180_000)
    expect(page.locator("#status")).to_have_text("Ended")
    expect(page.locator("#facts")).to_contain_text("3 min · 2 speakers · 3 sentences")


def test_translation_that_comes_later_is_joined(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_text(["Good morning."])
    expect(page.get_by_label("Language", exact=True)).to_be_hidden()
    source.say("amy", "Good morning.", 3, zh="早上好。")
    page.get_by_label("Language", exact=True).select_option("Chinese")
    expect(texts(page)).to_have_text(["早上好。"])
    expect(texts(page)).to_have_attribute("lang", "zh")
    expect(page).to_have_url(re.compile(r"\?lang=zh$"))


def test_two_languages_are_read_beside_each_other(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3, zh="早上好。")
    source.say("li", "Only spoken.", 5)
    page.goto(server.link())
    page.get_by_label("Second language").select_option("+ Chinese")
    expect(texts(page)).to_have_text(["Good morning.", "早上好。", "Only spoken."])
    page.reload()
    expect(texts(page)).to_have_text(["Good morning.", "早上好。", "Only spoken."])
    with page.expect_download() as download:
        page.locator("summary").press("Enter")
        page.get_by_role("link", name="SRT").click()
    saved = download.value.path().read_text(encoding="utf-8")
    assert "amy: Good morning.\n早上好。\n" in saved


@pytest.fixture
def open_in(browser: Browser, server: ReadingServer) -> Iterator[OpenIn]:
    """Opens the page in a browser with those languages, at what follows the link."""
    contexts = []

    def open_page(locale: str, address: str = "", **options: Any) -> Page:
        contexts.append(browser.new_context(locale=locale, **options))
        page = contexts[-1].new_page()
        page.goto(server.link() + address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def test_translation_into_the_language_of_the_reader_stands_below_what_was_said(
    open_in: OpenIn, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3)
    page = open_in("zh-CN")
    expect(texts(page)).to_have_text(["Good morning."])
    source.say("amy", "Good morning.", 3, fr="Bonjour.", zh="早上好。")
    expect(texts(page)).to_have_text(["Good morning.", "早上好。"])
    expect(page.get_by_label("Second language")).to_have_value("zh")
    page.get_by_label("Second language").select_option("One language")
    expect(texts(page)).to_have_text(["Good morning."])
    page.reload()
    expect(texts(page)).to_have_text(["Good morning."])


@pytest.mark.parametrize(
    ("locale", "address", "shown"),
    [
        ("de-DE", "", ["Good morning."]),
        ("fr-CA", "", ["Good morning.", "Bonjour."]),
        ("zh-CN", "?lang=spoken", ["Good morning."]),
        ("zh-CN", "?lang=fr", ["Bonjour."]),
        ("zh-CN", "?lang=fr,spoken", ["Bonjour.", "Good morning."]),
        ("zh-CN", "?lang=de", ["Good morning."]),
        ("de-DE", "?lang=zh-TW", ["早上好。"]),
    ],
)
def test_address_decides_which_languages_are_shown(
    open_in: OpenIn, source: MemorySource, locale: str, address: str, shown: list[str]
) -> None:
    source.say("amy", "Good morning.", 3, fr="Bonjour.", zh="早上好。")
    expect(texts(open_in(locale, address))).to_have_text(shown)


def test_language_of_the_address_is_shown_when_it_comes_later(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3, fr="Bonjour.")
    page.goto(f"{server.link()}?lang=zh")
    expect(texts(page)).to_have_text(["Good morning."])
    source.say("amy", "Good morning.", 3, zh="早上好。")
    expect(texts(page)).to_have_text(["早上好。"])


@pytest.mark.parametrize("form", ["vtt", "srt", "txt", "json"])
def test_each_file_can_be_downloaded(
    page: Page, server: ReadingServer, source: MemorySource, form: str
) -> None:
    source.say("amy", "Good morning.", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_count(1)
    page.locator("summary").press("Enter")
    with page.expect_download() as download:
        page.locator(f"a[data-file={form}]").click()
    assert download.value.suggested_filename == f"class-7-2023-11-14-2213.{form}"
    assert "Good morning." in download.value.path().read_text(encoding="utf-8")


def test_search_shows_only_what_is_looked_for(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    speak(source, 20)
    page.goto(server.link())
    page.get_by_label("Search in the captions").fill("NUMBER 1")
    expect(texts(page)).to_have_count(11)
    expect(page.locator("mark").first).to_have_text("number 1")
    expect(page.locator("#found")).to_have_text("11 of 20 sentences")
    source.say("li", "Another number 1.", 60)
    expect(page.locator("#found")).to_have_text("12 of 21 sentences")
    page.get_by_label("Search in the captions").fill("(.*")
    expect(page.locator("#found")).to_have_text("0 of 21 sentences")
    page.get_by_label("Search in the captions").fill("")
    expect(texts(page)).to_have_count(21)
    expect(page.locator("mark")).to_have_count(0)


def test_way_leads_from_hit_to_hit_and_back(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    speak(source, 60)
    page.goto(server.link())
    expect(texts(page)).to_have_count(60)
    search = page.get_by_label("Search in the captions")
    hit, marked = page.locator("#hit"), page.locator(".marked .text")
    expect(page.locator("#hits")).to_be_hidden()
    search.fill("number 4")
    expect(hit).to_have_text("1 of 11")
    expect(marked).to_have_text(["Sentence number 4."])
    search.press("Enter")
    search.press("Enter")
    expect(hit).to_have_text("3 of 11")
    expect(marked).to_have_text(["Sentence number 41."])
    page.get_by_role("button", name="Previous").press("Enter")
    expect(hit).to_have_text("2 of 11")
    search.press("Shift+Enter")
    search.press("Shift+Enter")
    expect(hit).to_have_text("11 of 11")
    expect(marked).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Next").click()
    expect(hit).to_have_text("1 of 11")
    source.say("amy", "Too early: number 4.", 2)
    expect(hit).to_have_text("2 of 12")
    page.get_by_role("button", name="Next").click()
    expect(marked).to_have_text(["Sentence number 40."])
    search.fill("")
    expect(texts(page)).to_have_count(61)
    expect(marked).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("Sentence number 41.")).to_be_in_viewport()
    expect(page.locator("#hits")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("height", [640, 300])  # the second: a keyboard has taken the rest
def test_search_is_usable_on_a_phone(
    open_in: OpenIn, source: MemorySource, width: int, height: int
) -> None:
    speak(source)
    page = open_in(
        "en", viewport={"width": width, "height": height}, has_touch=True, is_mobile=True
    )
    expect(texts(page)).to_have_count(40)
    page.evaluate("follow(false); scrollTo(0, 0)")
    search = page.get_by_label("Search in the captions")
    search.tap()
    page.keyboard.type("number 1")
    expect(page.locator("#hit")).to_have_text("1 of 11")
    next_hit = page.get_by_role("button", name="Next")
    for _ in range(9):
        next_hit.tap()
    expect(page.locator("#hit")).to_have_text("10 of 11")
    for control in (search, next_hit, page.get_by_role("button", name="Previous")):
        expect(control).to_be_in_viewport(ratio=1)
        box = control.bounding_box()
        assert box
        assert box["width"] >= 44
        assert box["height"] >= 44
        assert box["y"] < 300
    expect(page.locator(".marked .text")).to_be_in_viewport(ratio=1)
    below = page.locator("#bar").bounding_box()
    marked = page.locator(".marked").bounding_box()
    assert below
    assert marked
    assert below["y"] + below["height"] <= marked["y"] < 300


def test_one_speaker_is_shown_alone_and_searched(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_count(1)
    speaker = page.get_by_label("Speaker")
    expect(speaker).to_be_hidden()
    source.say("", "Good evening.", 5)
    source.say("u-2", "Good night.", 7)
    source.say("u-3", "Yes.", 9)
    source.call("amy", "Amy Lee")
    source.call("u-2", "Li")
    source.call("u-3", "Li")
    options = ["Everyone", "Amy Lee", "Somebody", "Li (u-2)", "Li (u-3)"]
    expect(speaker.locator("option")).to_have_text(options)
    speaker.select_option("Amy Lee")
    expect(texts(page)).to_have_text(["Good morning."])
    expect(page.locator("#found")).to_have_text("1 of 4 sentences")
    source.say("amy", "A good idea.", 11)
    expect(page.locator("#found")).to_have_text("2 of 5 sentences")
    source.call("amy", "Ann")
    expect(speaker.locator("option:checked")).to_have_text("Ann")
    expect(texts(page)).to_have_text(["Good morning.", "A good idea."])
    page.get_by_label("Search in the captions").fill("good")
    speaker.select_option("Somebody")
    expect(texts(page)).to_have_text(["Good evening."])
    expect(page.locator("#hit")).to_have_text("1 of 1")
    speaker.select_option("Everyone")
    expect(page.locator("#hit")).to_have_text("2 of 4")
    source.delete_sentences()
    source.say("u-3", "After.", 13)
    page.get_by_label("Search in the captions").fill("")
    expect(texts(page)).to_have_text(["After."])
    expect(speaker).to_be_hidden()


def test_speaker_of_whom_nothing_is_left_hides_nobody(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3)
    source.say("li", "Yes.", 5)
    page.goto(server.link())
    page.get_by_label("Speaker").select_option("amy")
    expect(texts(page)).to_have_text(["Good morning."])
    source.delete_sentences()
    source.say("li", "After.", 9)
    expect(texts(page)).to_have_text(["After."])
    expect(page.locator("#found")).to_be_empty()


def test_sentence_is_copied_with_a_link_that_leads_to_it(
    open_in: OpenIn, source: MemorySource
) -> None:
    speak(source)
    source.call("li", "Li Wei")
    page = open_in("zh", permissions=["clipboard-read", "clipboard-write"])
    expect(page.locator(".sentence")).to_have_count(40)
    address = page.url
    page.get_by_role("button", name="Copy the sentence at 0:43, with a link").press("Enter")
    expect(page.locator("#announcer")).to_have_text("Copied.")
    link = f"{address}#t=43"
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"Li Wei (0:43): Sentence number 21.\n第21句。\n{link}"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("about:blank")
    page.goto(link)
    marked = page.locator(".marked")
    expect(marked.locator(".text").first).to_have_text("Sentence number 21.")
    expect(marked).to_be_in_viewport(ratio=1)
    expect(marked).to_be_focused()
    expect(page.locator("#follow")).to_have_text("Follow")
    page.get_by_label("Search in the captions").fill("number 7")
    page.evaluate("location.hash = '#t=9.5'")  # as somebody does who follows another link
    expect(marked.locator(".text").first).to_have_text("Sentence number 4.")
    expect(marked).to_be_in_viewport(ratio=1)
    expect(page.get_by_label("Search in the captions")).to_have_value("")
    parts = {url.removeprefix(address).partition("?")[0] for url in asked if url != "about:blank"}
    assert parts <= {"", "#t=43", ".json"}  # a fragment is told to no server


@pytest.mark.parametrize("moment", ["#t=", "#t=-1", "#t=1e9", "#t=<b>", "#captions", "#t=7,8"])
def test_what_is_no_moment_leads_nowhere(
    page: Page, server: ReadingServer, source: MemorySource, moment: str
) -> None:
    speak(source)
    page.goto(server.link() + moment)
    expect(texts(page)).to_have_count(40)
    expect(page.locator(".marked")).to_have_count(0)
    expect(page.locator("#follow")).to_have_text("Pause")


def test_page_that_may_not_copy_says_so(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3)
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(server.link())
    page.get_by_role("button", name="Copy the sentence").click()
    expect(page.locator("#announcer")).to_have_text("The browser does not let this page copy.")


STATES = {
    "waiting": ("Waiting for a free place", "as soon as there is a free place"),
    "failed": ("Transcription failed", "is not written down"),
    "not_transcribed": ("This room is not transcribed", "is not written down"),
    "held": ("Transcription was stopped by hand", "when transcription is started again"),
}


@pytest.mark.parametrize("state", STATES)
def test_page_says_why_there_is_nothing(
    page: Page, server: ReadingServer, source: MemorySource, state: str
) -> None:
    status, text = STATES[state]
    page.goto(server.link())
    expect(page.locator("#status")).to_have_text("Live")
    source.change(state=state)
    expect(page.locator("#status")).to_have_text(status)
    expect(page.locator("#empty")).to_contain_text(text)
    expect(page.get_by_text("Nothing has been said yet")).to_be_hidden()
    source.say("amy", "Good morning.", 3)
    expect(texts(page)).to_have_count(1)
    expect(page.locator("#status")).to_have_text(status)
    expect(page.locator("#empty")).to_be_hidden()
    source.change(state="live")
    expect(page.locator("#status")).to_have_text("Live")


@pytest.mark.parametrize(
    ("state", "text"),
    [
        ("ended", "Nothing was said"),
        ("failed", "Transcription failed"),
        ("not_transcribed", "This room was not transcribed"),
    ],
)
def test_page_of_a_meeting_that_is_over_says_why_there_is_nothing(
    page: Page, server: ReadingServer, source: MemorySource, state: str, text: str
) -> None:
    source.change(closed_ms=OPENED_MS + 180_000, state=state)
    page.goto(server.link())
    expect(page.locator("#status")).to_have_text("Ended")
    expect(page.locator("#empty-title")).to_have_text(text)


def test_every_state_has_words() -> None:
    words = (FOLDER / "page.js").read_text(encoding="utf-8")
    for state in get_args(State):
        assert f'\n  {state}: "' in words


def test_page_follows_until_it_is_paused(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    speak(source)
    page.goto(server.link())
    expect(texts(page)).to_have_count(40)
    expect(texts(page).last).to_be_in_viewport()
    source.say("amy", "The newest.", 100)
    expect(page.get_by_text("The newest.")).to_be_in_viewport()
    page.locator("#follow").press("Enter")
    expect(page.locator("#follow")).to_have_text("Follow")
    page.evaluate("scrollTo(0, 0)")
    source.say("amy", "Not in sight.", 110)
    expect(page.locator("#newer")).to_have_text("↓ 1 new caption")
    expect(page.get_by_text("Not in sight.")).not_to_be_in_viewport()
    page.locator("#newer").click()
    expect(page.get_by_text("Not in sight.")).to_be_in_viewport()
    expect(page.locator("#follow")).to_have_text("Pause")
    expect(page.locator("#newer")).to_be_hidden()


@pytest.mark.parametrize("name", ["#search", "#language", "#follow", "summary"])
def test_focus_in_the_bar_moves_nothing(
    page: Page, server: ReadingServer, source: MemorySource, name: str
) -> None:
    speak(source)
    page.goto(server.link())
    expect(texts(page).last).to_be_in_viewport()
    page.locator(name).focus()
    page.evaluate(NEXT_FRAME)
    assert is_at_end(page)
    expect(page.locator("#follow")).to_have_text("Pause")


NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def test_scrolling_back_pauses_and_scrolling_down_goes_on(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    speak(source)
    page.goto(server.link())
    expect(page.locator("#follow")).to_have_text("Pause")
    expect(texts(page).last).to_be_in_viewport()
    page.mouse.move(500, 500)
    page.mouse.wheel(0, -600)
    expect(page.locator("#follow")).to_have_text("Follow")
    source.say("amy", "The newest.", 100)
    expect(page.locator("#newer")).to_be_visible()
    page.mouse.wheel(0, 5000)
    expect(page.locator("#follow")).to_have_text("Pause")
    assert is_at_end(page)


def test_keyboard_reaches_everything_in_order(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3, zh="早上好。")
    page.goto(server.link())
    expect(texts(page)).to_have_count(1)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the captions")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    for name in ("#search", "#follow", "summary", "#language", "#beside"):
        page.keyboard.press("Tab")
        expect(page.locator(name)).to_be_focused()
    page.keyboard.press("Tab")
    copy = page.get_by_role("button", name="Copy the sentence at 0:01, with a link")
    expect(copy).to_be_focused()
    expect(copy).to_have_css("opacity", "1")
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="WebVTT")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="WebVTT")).to_be_hidden()
    expect(page.locator("summary")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("link", name="WebVTT")).to_be_visible()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    skip.focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_screen_reader_hears_new_captions_together_and_not_old_ones(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Before.", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_count(1)
    heard = page.locator("#announcer[aria-live=polite]")
    source.say("amy", "One.", 5)
    source.say("li", "Two.", 6)
    expect(texts(page)).to_have_count(3)
    expect(heard).to_have_text("")
    expect(heard).to_have_text("amy: One. li: Two.")
    expect(page.locator("main [aria-live], main [role=log]")).to_have_count(0)


def test_hostile_text_is_only_text(page: Page, server: ReadingServer, source: MemorySource) -> None:
    source.change(room_id=HOSTILE)
    source.say(HOSTILE, HOSTILE, 3, zh=HOSTILE, **{"x-<b>": HOSTILE})
    source.say("amy", "x" * 100_000, 5)
    page.goto(server.link())
    page.get_by_label("Second language").select_option(index=2)
    page.get_by_label("Search in the captions").fill("<script>")
    expect(page.locator("mark")).to_have_text(["<script>"])
    page.get_by_label("Search in the captions").fill("")
    expect(page.locator(".text").first).to_have_text(HOSTILE)
    assert page.locator("img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 1000
    assert page.evaluate("document.querySelectorAll('script').length") == 8


@pytest.mark.parametrize("opened_ms", [2**53, -(2**53), 0])
def test_impossible_date_and_broken_text_break_nothing(
    page: Page, server: ReadingServer, source: MemorySource, opened_ms: int
) -> None:
    source.change(opened_ms=opened_ms)
    source.say("a\ufffd", "Good m\ufffd", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_text(["Good m\ufffd"])
    expect(page.locator("#facts")).to_contain_text("1 sentence")


def test_direction_of_one_caption_is_its_own(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("omar", "هل تسمعني؟", 3)
    source.say("amy", "I do.", 5)
    page.goto(server.link())
    expect(texts(page)).to_have_count(2)
    directions = page.evaluate(
        "[...document.querySelectorAll('.text')].map(it => getComputedStyle(it).direction)"
    )
    assert directions == ["rtl", "ltr"]


SIDES = """() => [...document.querySelectorAll(".sentence")].map((row) => {
    const middle = (name) => {
        const { left, right } = row.querySelector(name).getBoundingClientRect();
        return (left + right) / 2;
    };
    const said = getComputedStyle(row.querySelector(".said"));
    return {
        name: middle(".who") < middle(".said") ? "left" : "right",
        time: middle("time") < middle(".who") ? "left" : "right",
        bar: said.borderLeftWidth !== "0px" ? "left" : "right",
        copy: middle(".copy") < middle(".said") ? "left" : "right",
    };
})"""
AWAY = {"left": "right", "right": "left"}


@pytest.mark.parametrize("width", [390, 1000])
def test_row_is_mirrored_as_a_whole_where_it_runs_from_right_to_left(
    open_in: OpenIn, source: MemorySource, width: int
) -> None:
    source.say("omar", "هل تسمعني؟", 3, en="Do you hear me?")
    source.say("amy", "I do.", 5, ar="نعم")
    source.say("רותם", "2024: שלום Rhein", 7, en="2024: hello Rhein")
    source.say("مريم", "Good morning.", 9)
    source.say("amy", "(42)", 11)
    page = open_in("de", viewport={"width": width, "height": 760})
    expect(page.locator(".sentence")).to_have_count(5)

    def check(*sides: str) -> None:
        def places(side: str) -> dict[str, str]:
            time = side if width == 1000 else AWAY[side]  # on a phone it ends the speaker's line
            return {"name": side, "time": time, "bar": side, "copy": AWAY[side]}

        assert page.evaluate(SIDES) == [places(side) for side in sides]

    check("right", "left", "right", "left", "left")
    page.get_by_label("Second language").select_option("+ English")
    check("right", "left", "right", "left", "left")
    page.locator("#language").select_option("English")
    check("left", "left", "left", "left", "left")
    page.locator("#language").select_option("Arabic")
    check("left", "right", "left", "left", "left")


def test_player_of_the_browser_plays_the_file(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    hostile = ["</v><v Eve>no", "00:00 --> 00:01", "a\n\nb", "&amp; <b>", "早上好。", HOSTILE, " "]
    for i, text in enumerate([*hostile, *map(str, range(100))]):
        source.say("amy" if i else "a&<b>", text, 3 + i)
    player = f"""<!doctype html><title>player</title><link rel=icon href="data:,">
        <video><track default src="{server.link()}.vtt"></video>"""
    page.route("**/player", lambda route: route.fulfill(body=player, content_type="text/html"))
    page.goto(f"{server.origin}/player")
    page.evaluate("document.querySelector('video').textTracks[0].mode = 'hidden'")
    page.wait_for_function("document.querySelector('track').readyState === 2")
    cues = page.evaluate(
        """[...document.querySelector('video').textTracks[0].cues].map(cue => {
            const voice = cue.getCueAsHTML();
            return [cue.id, cue.startTime, voice.textContent, voice.firstElementChild?.title];
        })"""
    )
    assert len(cues) == 106  # a text of spaces alone is no sentence
    assert [cue[0] for cue in cues] == [str(i + 1) for i in range(len(cues))]
    assert cues[0][1:] == [1, "</v><v Eve>no", "a&<b>"]
    assert [cue[2] for cue in cues[1:5]] == ["00:00 --> 00:01", "a b", "&amp; <b>", "早上好。"]
    assert cues[-1][1:] == [107, "99", "amy"]


def test_expired_link_is_said_and_nothing_more_is_asked(
    page: Page, server: ReadingServer, source: MemorySource, watch: Watch
) -> None:
    watch.forgiven = "Failed to load resource"
    source.say("amy", "Good morning.", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_count(1)
    page.route("**/*.json*", lambda route: route.fulfill(status=403))
    expect(page.locator("#status")).to_contain_text("This link has expired")
    expect(texts(page)).to_have_text(["Good morning."])


def test_deleted_transcript_disappears_from_the_page(
    page: Page, server: ReadingServer, source: MemorySource, watch: Watch
) -> None:
    watch.forgiven = "Failed to load resource"
    source.say("amy", "Good morning.", 3)
    source.say("li", "Yes.", 5)
    page.goto(server.link())
    page.get_by_label("Speaker").select_option("li")
    expect(texts(page)).to_have_text(["Yes."])
    source.forget()
    expect(page.locator("#status")).to_have_text("This transcript is no longer kept.")
    expect(texts(page)).to_have_count(0)
    expect(page.locator("#speaker option")).to_have_text(["Everyone"])
    expect(page.locator("#found")).to_be_empty()


def test_captions_deleted_in_a_meeting_that_goes_on_disappear(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Before.", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_count(1)
    source.say("amy", "Not read aloud yet.", 5)
    expect(texts(page)).to_have_count(2)
    source.delete_sentences()
    source.say("amy", "After.", 9)
    expect(texts(page)).to_have_text(["After."])
    expect(page.locator("#status")).to_have_text("Live")
    remembered = page.evaluate("JSON.stringify([announcing.sentences, about, [...byKey], rows])")
    shown = page.evaluate("document.body.textContent")
    assert not any(words in remembered + shown for words in ("Before.", "Not read aloud"))


def test_lost_connection_is_said_and_mended(
    page: Page, server: ReadingServer, source: MemorySource, watch: Watch
) -> None:
    watch.forgiven = "Failed to load resource"
    source.say("amy", "Before.", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_count(1)
    server.is_down = True
    expect(page.locator("#status")).to_contain_text("Connection lost")
    source.say("amy", "Meanwhile.", 5)
    server.is_down = False
    expect(texts(page)).to_have_text(["Before.", "Meanwhile."])
    expect(page.locator("#status")).to_have_text("Live")


def test_answer_that_never_comes_is_given_up(
    page: Page, server: ReadingServer, source: MemorySource, watch: Watch
) -> None:
    watch.forgiven = "Failed to load resource"
    page.clock.install(time=0)
    source.say("amy", "Before.", 3)
    page.goto(server.link())
    expect(texts(page)).to_have_count(1)
    page.clock.pause_at(3_600)
    page.evaluate(SETTLE)
    page.route("**/*.json*", lambda _: None)  # neither an answer nor an end
    with page.expect_request("**/*.json*"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(19_999)
    expect(page.locator("#status")).to_have_text("Live")
    page.clock.run_for(1)
    expect(page.locator("#status")).to_contain_text("Connection lost")
    page.unroute("**/*.json*")
    source.say("amy", "After.", 5)
    with page.expect_response("**/*.json*"):
        page.clock.run_for(3_000)
    expect(texts(page)).to_have_text(["Before.", "After."])
    expect(page.locator("#status")).to_have_text("Live")


def test_hidden_page_asks_less_and_less(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    page.clock.install(time=0)
    page.goto(server.link())
    expect(page.locator("#status")).to_have_text("Live")
    page.clock.pause_at(3_600)
    look_again(page)
    wait_for_poll(page, 1500)
    source.say("amy", "Said while nobody looks.", 3)
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    wait_for_poll(page, 1500)
    for wait_ms in (3000, 6000, 12_000, 24_000, 48_000, 60_000, 60_000):
        wait_for_poll(page, wait_ms)
    page.evaluate("delete document.hidden")
    look_again(page)
    wait_for_poll(page, 1500)


def look_again(page: Page) -> None:
    """Somebody looks at the page again: it asks at once."""
    page.evaluate(SETTLE)
    with page.expect_response("**/*.json*"):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def wait_for_poll(page: Page, wait_ms: int) -> None:
    """Let the page's clock run: it asks after that time and not before.

    The clock must stand where the page asked last, and stands where it asked afterwards.
    """
    page.evaluate(SETTLE)
    asked: list[str] = []
    page.once("request", lambda request: asked.append(request.url))
    page.clock.run_for(wait_ms - 1)
    assert asked == []
    with page.expect_response("**/*.json*"):
        page.clock.run_for(1)


# Until an answer has been read; the page's own timers stand still.
SETTLE = """async () => {
    while (polling.busy) {
        await new Promise((resolve) => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = resolve;
            port2.postMessage(null);
        });
    }
}"""


def test_print_has_the_captions_and_no_controls(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    speak(source, 5)
    page.goto(server.link())
    expect(texts(page)).to_have_count(5)
    page.emulate_media(media="print")
    for hidden in (".bar", ".skip", "#newer"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(texts(page)).to_have_count(5)
    expect(page.get_by_role("heading", name="class-7")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "state", ["empty", "live", "search", "menu", "moment", "failed", "refused"]
)
def test_accessibility_checker_finds_nothing(
    browser: Browser, server: ReadingServer, source: MemorySource, scheme: str, state: str
) -> None:
    # The checker is no part of the page: its code is let in past the page's own policy.
    page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True)
    if state != "empty":
        for i in range(9):
            source.say(f"speaker-{i}", f"Sentence {i} to be seen.", 3 + i, ar="هل تسمعني؟")
    source.change(state="failed" if state == "failed" else "live")
    moment = "#t=4" if state == "moment" else ""
    page.goto(f"{server.url}/wrong" if state == "refused" else server.link() + moment)
    if state != "refused":
        expect(page.locator("#status")).not_to_have_text("Loading…")
    if state == "moment":
        expect(page.locator(".marked")).to_be_focused()
    if state in ("live", "menu"):
        expect(page.locator(".text")).to_have_count(9)
        page.get_by_label("Second language").select_option("+ Arabic")
        page.evaluate("document.getAnimations().forEach(it => it.finish())")
    if state == "search":
        page.get_by_label("Second language").select_option("+ Arabic")
        page.get_by_label("Search in the captions").fill("تسمعني")
        expect(page.locator("mark")).to_have_count(9)
    if state == "menu":
        page.locator("summary").press("Enter")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_snapshot()
    page.close()


@pytest.mark.parametrize("width", [320, 360, 390, 768])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, server: ReadingServer, source: MemorySource, width: int
) -> None:
    source.change(room_id="a-name-as-long-as-trtc-allows-for-text-rooms-of-64-characters-ok")
    source.say("somebody-with-a-very-long-user-id", "https://example.com/" + "x" * 200, 3, zh="好")
    source.say("li", "سلام " + "س" * 200, 5)
    page = browser.new_page(viewport={"width": width, "height": 640})
    page.goto(server.link())
    page.get_by_label("Second language").select_option("+ Chinese")
    page.locator("summary").press("Enter")
    expect(page.get_by_role("link", name="JSON")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.keyboard.press("Escape")
    page.get_by_label("Search in the captions").fill("x")
    expect(page.locator("#hit")).to_have_text("1 of 1")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


def test_long_meeting_is_shown_whole_and_soon(
    page: Page, server: ReadingServer, source: MemorySource
) -> None:
    for at_s in make_times_of_a_long_meeting():
        source.say(f"speaker-{at_s % 5:.0f}", f"What was said at {at_s} seconds.", at_s)
    page.goto(server.link())
    expect(page.locator(".sentence")).to_have_count(5000)
    expect(page.locator("#facts")).to_contain_text("5,000 sentences")
    expect(page.locator(".sentence").last).to_be_in_viewport()
    shown_ms = page.evaluate(
        "(() => { const begun = performance.now(); searchFor('seconds'); searchFor(''); "
        "return performance.now() - begun; })()"
    )
    assert shown_ms < 3000
