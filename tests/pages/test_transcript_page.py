"""The page of a transcript in a real browser, behind read_transcript itself."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.watch import Watch
from tests.support.transcript_server import ReadingServer
from tests.support.transcript_source import (
    LINK_KEY,
    OPENED_MS,
    MemorySource,
    make_times_of_a_long_meeting,
)

CHROMIUM = "/usr/bin/chromium"
PATIENCE_S = 20.0
HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script> --> \x00 \u202e txt"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(),
        reason=f"no browser at {CHROMIUM}: install it with apt-get install chromium",
    ),
]


@pytest.fixture(autouse=True)
def link_key(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TRANSCRIPT_LINK_KEY", LINK_KEY)


@pytest.fixture
def server(link_key: None) -> Iterator[ReadingServer]:
    source = MemorySource()
    source.open()
    with contextlib.closing(ReadingServer(source)) as server:
        yield server


@pytest.fixture
def source(server: ReadingServer) -> MemorySource:
    return server.source


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """The page, not opened yet."""
    page = browser.new_page(viewport={"width": 1000, "height": 760}, accept_downloads=True)
    yield page
    page.close()


@pytest.fixture(autouse=True)
def watch(page: Page, server: ReadingServer) -> Iterator[Watch]:
    """Afterwards nothing went wrong on the page: no error, no warning, no request elsewhere."""
    watch = Watch(page, server.origin)
    yield watch
    assert watch.complaints == []


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
    for name in ("#search", "#language", "#beside", "#follow", "summary"):
        page.keyboard.press("Tab")
        expect(page.locator(name)).to_be_focused()
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
    assert page.evaluate("document.querySelectorAll('script').length") == 6


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
    page.goto(server.link())
    expect(texts(page)).to_have_count(1)
    source.forget()
    expect(page.locator("#status")).to_have_text("This transcript is no longer kept.")
    expect(texts(page)).to_have_count(0)


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
@pytest.mark.parametrize("state", ["empty", "live", "search", "menu", "refused"])
def test_accessibility_checker_finds_nothing(
    browser: Browser, server: ReadingServer, source: MemorySource, scheme: str, state: str
) -> None:
    # The checker is no part of the page: its code is let in past the page's own policy.
    page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True)
    if state != "empty":
        for i in range(9):
            source.say(f"speaker-{i}", f"Sentence {i} to be seen.", 3 + i, zh=f"第{i}句。")
    page.goto(f"{server.url}/wrong" if state == "refused" else server.link())
    if state != "refused":
        expect(page.locator("#status")).to_have_text("Live")
    if state in ("live", "menu"):
        expect(page.locator(".text")).to_have_count(9)
        page.get_by_label("Second language").select_option("+ Chinese")
        page.evaluate("document.getAnimations().forEach(it => it.finish())")
    if state == "search":
        page.get_by_label("Search in the captions").fill("seen")
        expect(page.locator("mark")).to_have_count(9)
    if state == "menu":
        page.locator("summary").press("Enter")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_snapshot()
    page.close()


@pytest.mark.parametrize("width", [320, 360, 768])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, server: ReadingServer, source: MemorySource, width: int
) -> None:
    source.change(room_id="a-name-as-long-as-trtc-allows-for-text-rooms-of-64-characters-ok")
    source.say("somebody-with-a-very-long-user-id", "https://example.com/" + "x" * 200, 3, zh="好")
    page = browser.new_page(viewport={"width": width, "height": 640})
    page.goto(server.link())
    page.get_by_label("Second language").select_option("+ Chinese")
    page.locator("summary").press("Enter")
    expect(page.get_by_role("link", name="JSON")).to_be_in_viewport(ratio=1)
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
