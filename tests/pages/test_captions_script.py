"""captions.js on a site of another origin, in a real browser, behind read_transcript itself."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.browser import IN_BROWSER
from tests.pages.captioned_site import CaptionedSite
from tests.pages.local_cloud import LocalCloud
from tests.pages.watch import DATA, Watch
from tests.support.transcript_server import ReadingServer
from tests.support.transcript_source import OPENED_MS, SESSION, MemorySource

EXAMPLE = Path(__file__).parents[2] / "examples" / "captions" / "captions.html"
PLACEHOLDER = "https://read-transcript.example"
HOSTILE = "<img src=x onerror=alert(1)></script><b>bold</b>"
ARABIC = "صباح الخير"

pytestmark = IN_BROWSER

FORGIVEN = ("Failed to load resource", "Access to fetch at")
Open = Callable[..., Page]


@pytest.fixture
def site() -> Iterator[CaptionedSite]:
    with contextlib.closing(CaptionedSite()) as site:
        yield site


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page, not opened yet."""
    page = browser.new_page(viewport={"width": 900, "height": 700})
    yield page
    page.close()


@pytest.fixture(autouse=True)
def watch(page: Page, site: CaptionedSite, server: ReadingServer) -> Iterator[Watch]:
    """Afterwards nothing went wrong on the page; what the browser says of an answer is none of it."""
    watch = Watch(page, site.url, server.origin, DATA, forgiven=FORGIVEN)
    yield watch
    assert watch.complaints == []


@pytest.fixture
def open_site(page: Page, site: CaptionedSite, server: ReadingServer) -> Open:
    """Opens a page of the site with that script element, whose link leads to the meeting."""

    def open_page(attributes: str = "", body: str = "", link: str = "") -> Page:
        script = write_script(server, attributes, link)
        site.pages["/"] = write_page(f"<h1>A lesson</h1>{body}{script}")
        page.goto(site.url)
        return page

    return open_page


def write_script(server: ReadingServer, attributes: str = "", link: str = "") -> str:
    given = f'src="{server.url}/captions.js" data-link="{link or server.link()}"'
    return f"<script {given} {attributes}></script>"


def write_page(body: str, head: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A lesson</title>'
        f'<link rel="icon" href="data:,">{head}</head><body><main>{body}</main></body></html>'
    )


def lines(page: Page) -> Locator:
    """The captions that are shown; a line in which nothing stands is none."""
    return page.locator(".lines p:not(:empty)")


def status(page: Page) -> Locator:
    return page.locator("[data-roomscribe] [role=status]")


def pick(page: Page) -> Locator:
    return page.get_by_label("Language of the captions")


def test_last_captions_appear_while_people_talk(open_site: Open, source: MemorySource) -> None:
    page = open_site()
    expect(status(page)).to_have_text("Captions appear here when somebody speaks.")
    source.say("amy", "Good morning.", 3)
    expect(lines(page)).to_have_text(["amy: Good morning."])
    expect(status(page)).to_be_empty()
    source.say("li", "Yes.", 9)
    source.say("amy", "A late one, in its place.", 6)
    expect(lines(page)).to_have_text(["amy: A late one, in its place.", "li: Yes."])
    source.change(closed_ms=OPENED_MS + 180_000)
    expect(status(page)).to_have_text("The meeting has ended.")
    expect(lines(page)).to_have_count(2)


def test_sentence_that_grows_is_replaced_in_its_place(
    open_site: Open, source: MemorySource
) -> None:
    page = open_site('data-lines="3"')
    source.say("amy", "Good", 3)
    source.say("li", "Yes.", 5)
    expect(lines(page)).to_have_text(["amy: Good", "li: Yes."])
    change_text(source, "Good", "Good morning, everybody.")
    expect(lines(page)).to_have_text(["amy: Good morning, everybody.", "li: Yes."])


def change_text(source: MemorySource, text: str, new: str) -> None:
    """What was recognised is recognised anew, a moment later."""
    kept = source.news[SESSION]
    (known,) = [news for news in kept.values() if news.said and news.said.text == text]
    assert known.said
    said = type(known.said)(
        **{
            **{name: getattr(known.said, name) for name in known.said.__struct_fields__},
            "text": new,
            "event_ms": known.said.event_ms + 1,
        }
    )
    source.add(type(known)(known.key, known.task_id, said))


def test_deleted_text_disappears_also_from_what_is_read_aloud(
    open_site: Open, source: MemorySource
) -> None:
    page = open_site('data-lines="4"')
    expect(status(page)).to_have_text(re.compile("Captions appear"))
    source.say("amy", "A secret.", 3)
    expect(page.get_by_role("log")).to_have_text("amy: A secret.")
    source.say("amy", "Another secret.", 5)
    expect(lines(page)).to_have_count(2)
    source.delete_sentences()
    source.say("amy", "After.", 9)
    expect(lines(page)).to_have_text(["amy: After."])
    expect(page.get_by_role("log")).to_have_text("amy: After.")
    assert "secret" not in page.evaluate(
        "document.querySelector('[data-roomscribe]').shadowRoot.textContent"
    )


def test_screen_reader_hears_each_sentence_once_when_it_is_finished(
    open_site: Open, source: MemorySource
) -> None:
    source.say("li", "Said before.", 1)
    page = open_site()
    log = page.get_by_role("log")
    expect(lines(page)).to_have_count(1)
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log).to_have_attribute("aria-atomic", "false")
    page.evaluate(
        """() => {
            window.heard = [];
            const log = document.querySelector("[data-roomscribe]").shadowRoot.querySelector("[role=log]");
            new MutationObserver((changes) => changes.forEach((change) => {
                change.addedNodes.forEach((node) => window.heard.push(node.textContent));
            })).observe(log, { childList: true, characterData: true, subtree: true });
        }"""
    )
    source.say("amy", "Good", 3)
    expect(lines(page).last).to_have_text("amy: Good")
    change_text(source, "Good", "Good morning.")
    expect(log).to_have_text("amy: Good morning.")
    change_text(source, "Good morning.", "Good evening.")
    expect(lines(page).last).to_have_text("amy: Good evening.")
    source.say("li", "Yes.", 9)
    expect(log).to_contain_text("li: Yes.")
    assert page.evaluate("heard") == ["amy: Good morning.", "li: Yes."]


def test_language_is_chosen_and_remembered(open_site: Open, source: MemorySource) -> None:
    source.say("amy", "Good morning.", 3)
    page = open_site()
    expect(lines(page)).to_have_text(["amy: Good morning."])
    expect(pick(page)).to_be_hidden()
    source.say("amy", "Good morning.", 3, zh="早上好。", ar=ARABIC)
    expect(pick(page).locator("option")).to_have_text(["As spoken", "Arabic", "Chinese"])
    pick(page).select_option("Chinese")
    expect(lines(page)).to_have_text(["amy: 早上好。"])
    expect(lines(page)).to_have_attribute("lang", "zh")
    page.reload()
    expect(lines(page)).to_have_text(["amy: 早上好。"])
    expect(pick(page)).to_have_value("zh")


def test_language_of_the_element_is_shown_until_another_is_chosen(
    open_site: Open, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3, zh="早上好。")
    page = open_site('data-lang="zh"')
    expect(lines(page)).to_have_text(["amy: 早上好。"])
    pick(page).select_option("As spoken")
    expect(lines(page)).to_have_text(["amy: Good morning."])


def test_nothing_is_kept_until_something_is_chosen(open_site: Open, source: MemorySource) -> None:
    source.say("amy", "Good morning.", 3)
    page = open_site()
    expect(lines(page)).to_have_count(1)
    assert page.evaluate("localStorage.length") == 0


def test_site_without_storage_is_served(page: Page, open_site: Open, source: MemorySource) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
    )
    source.say("amy", "Good morning.", 3, zh="早上好。")
    open_site()
    pick(page).select_option("Chinese")
    expect(lines(page)).to_have_text(["amy: 早上好。"])


def test_right_to_left_lines_run_so_whoever_speaks(open_site: Open, source: MemorySource) -> None:
    source.say("amy", ARABIC, 3)
    source.say("مريم", "Good morning.", 5)
    page = open_site()
    expect(lines(page)).to_have_count(2)
    directions = lines(page).evaluate_all("all => all.map(it => getComputedStyle(it).direction)")
    assert directions == ["rtl", "ltr"]


def test_everything_is_reached_by_keyboard(open_site: Open, source: MemorySource) -> None:
    source.say("amy", "Good morning.", 3, zh="早上好。")
    page = open_site(body='<p><a href="#x">Before</a></p>')
    expect(lines(page)).to_have_count(1)
    size = measure_size(page)
    page.get_by_role("link", name="Before").focus()
    page.keyboard.press("Tab")
    expect(pick(page)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(lines(page)).to_have_text(["amy: 早上好。"])
    for name in ("Smaller text", "Larger text"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=name)).to_be_focused()
        outline = page.get_by_role("button", name=name).evaluate(
            "it => getComputedStyle(it).outlineStyle"
        )
        assert outline == "solid"
    page.keyboard.press("Enter")
    assert measure_size(page) > size
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(lines(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Show captions")).to_be_focused()
    page.keyboard.press("Space")
    expect(lines(page)).to_be_visible()


def measure_size(page: Page) -> float:
    size = lines(page).first.evaluate("it => parseFloat(getComputedStyle(it).fontSize)")
    return float(size)


def test_size_ends_where_it_ends_and_is_remembered(open_site: Open, source: MemorySource) -> None:
    source.say("amy", "Good morning.", 3)
    page = open_site()
    expect(lines(page)).to_have_count(1)
    sizes = []
    for _ in range(5):
        page.get_by_role("button", name="Larger text").click()
        sizes.append(measure_size(page))
    assert sizes[0] < sizes[1] < sizes[2] == sizes[3] == sizes[4]
    page.reload()
    expect(lines(page)).to_have_count(1)
    assert measure_size(page) == sizes[-1]


def test_strict_policy_of_the_site_lets_it_work(
    open_site: Open, site: CaptionedSite, server: ReadingServer, source: MemorySource
) -> None:
    site.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {server.origin}; connect-src {server.origin}; "
        "img-src data:; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    site.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
    source.say("amy", "Good morning.", 3, zh="早上好。")
    page = open_site("crossorigin")
    expect(lines(page)).to_have_text(["amy: Good morning."])
    page.get_by_role("button", name="Larger text").click()
    pick(page).select_option("Chinese")
    expect(lines(page)).to_have_text(["amy: 早上好。"])
    border = page.locator(".box").evaluate("it => getComputedStyle(it).borderStyle")
    assert border == "solid"


def test_script_of_another_integrity_is_not_run(
    browser: Browser, site: CaptionedSite, server: ReadingServer
) -> None:
    wrong = f'crossorigin integrity="sha384-{"A" * 64}"'
    site.pages["/"] = write_page(write_script(server, wrong))
    page = browser.new_page()
    watch = Watch(page, site.url, server.origin, DATA, forgiven=FORGIVEN)
    page.goto(site.url)
    expect(page.locator("[data-roomscribe]")).to_have_count(0)
    assert "integrity" in watch.complaints[0]
    page.close()


def test_styles_of_the_site_do_not_reach_it_and_its_properties_do(
    page: Page, site: CaptionedSite, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3)
    style = """<style>
        html { font-size: 5px; } div, p, section, * { display: none !important; color: red; }
        html, body, main, #box { display: block !important; }
        #box { --roomscribe-color: rgb(1, 2, 3); --roomscribe-size: 30px; font: 5px serif; }
        </style>"""
    script = write_script(server, 'data-target="#box"')
    site.pages["/"] = write_page(f'<div id="box">Old.</div>{script}', style)
    page.goto(site.url)
    expect(lines(page)).to_be_visible()
    color = lines(page).evaluate("it => getComputedStyle(it).color")
    assert (color, measure_size(page)) == ("rgb(1, 2, 3)", 30)
    expect(page.locator("#box")).not_to_contain_text("Old.")


def test_hostile_text_stays_text(open_site: Open, source: MemorySource) -> None:
    source.say(HOSTILE, HOSTILE, 3, zh=HOSTILE)
    page = open_site('data-lang="zh"')
    expect(lines(page)).to_have_text([f"{HOSTILE}: {HOSTILE}"])
    assert page.locator("[data-roomscribe] img").count() == 0


def test_names_are_shown_where_the_transcript_has_them(
    page: Page, open_site: Open, source: MemorySource
) -> None:
    source.say("u-1", "Good morning.", 3)
    source.say("constructor", "Yes.", 5)

    def name_people(route: object) -> None:
        answer = route.fetch()  # type: ignore[attr-defined]
        body = {**answer.json(), "names": {"u-1": "Amy Wong"}} if answer.status == 200 else None
        route.fulfill(response=answer, json=body)  # type: ignore[attr-defined]

    page.route("**/*.json*", name_people)
    open_site()
    expect(lines(page)).to_have_text(["Amy Wong: Good morning.", "constructor: Yes."])


def test_site_is_told_of_each_caption(page: Page, open_site: Open, source: MemorySource) -> None:
    page.add_init_script(
        "window.told = []; document.addEventListener('roomscribe:caption', "
        "(event) => told.push([event.target.parentElement?.id, event.detail]))"
    )
    source.say("amy", "One.", 3)
    source.say("amy", "Two.", 5)
    open_site('data-target="#here" data-lines="1"', '<div id="here"></div>')
    expect(lines(page)).to_have_text(["amy: Two."])
    for at_s, text in ((7, "Three."), (9, "Four.")):
        source.say("li", text, at_s, zh=f"{text} (zh)")
    expect(lines(page)).to_have_text(["li: Four."])
    page.wait_for_function("told.some(([, it]) => it.text === 'Three.')")
    told = page.evaluate("told")
    assert told[0] == [
        "here",
        {"user": "amy", "text": "Two.", "language": "", "start_ms": 3000},
    ]
    assert {each["text"] for _, each in told} == {"Two.", "Three.", "Four."}


def test_several_boxes_stand_on_one_page(
    page: Page, site: CaptionedSite, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3, zh="早上好。")
    scripts = [write_script(server, f'data-lang="{lang}"') for lang in ("spoken", "zh")]
    site.pages["/"] = write_page("".join(scripts))
    page.goto(site.url)
    expect(lines(page)).to_have_text(["amy: Good morning.", "amy: 早上好。"])
    page.get_by_role("region", name="Live captions 2").get_by_label("Language").select_option(
        "As spoken"
    )
    expect(lines(page)).to_have_text(["amy: Good morning.", "amy: Good morning."])
    page.reload()
    expect(lines(page)).to_have_text(["amy: Good morning.", "amy: Good morning."])


def test_box_at_the_bottom_stands_over_the_page(open_site: Open, source: MemorySource) -> None:
    source.say("amy", "Good morning.", 3)
    page = open_site('data-position="bottom"', '<p style="height: 3000px">Long.</p>')
    expect(lines(page)).to_be_in_viewport(ratio=1)
    bottom = page.locator(".box").bounding_box()
    assert bottom
    assert bottom["y"] + bottom["height"] == 700


def test_box_at_the_bottom_leaves_most_of_the_page_whatever_is_said(
    open_site: Open, source: MemorySource
) -> None:
    source.say("amy", "Long. " * 500, 3)
    source.say("amy", "The last words.", 5)
    page = open_site('data-position="bottom"')
    expect(lines(page).last).to_be_in_viewport(ratio=1)
    box = page.locator(".box").bounding_box()
    assert box
    assert 350 < box["y"] < 420


def test_script_in_the_head_puts_its_box_at_the_end(
    page: Page, site: CaptionedSite, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3)
    site.pages["/"] = write_page("<h1>A lesson</h1>", write_script(server))
    page.goto(site.url)
    expect(lines(page)).to_have_text(["amy: Good morning."])
    assert page.evaluate("document.body.lastElementChild.matches('[data-roomscribe]')")


@pytest.mark.parametrize(
    ("element", "said", "boxes"),
    [
        ('data-link="LINK" data-lines="9"', 'data-lines must be 1 to 4, not "9"', 1),
        ('data-link="LINK" data-lang="<b>"', "data-lang must be a language", 1),
        ('data-link="LINK" data-position="top"', "data-position must be", 1),
        ('data-link="LINK" data-target="#none"', "data-target must select", 1),
        ('data-link="LINK" data-target="]["', "data-target must select", 1),
        ("", "data-link must be a read link", 0),
        ('data-link="https://read-transcript.example/TOKEN"', "data-link must be a read link", 0),
        ('data-link="http://["', "data-link must be a read link", 0),
        ('data-link="LINK.json"', "data-link must be a read link", 0),
        ('data-link="LINK" type="module"', "load it with <script src=", 0),
    ],
)
def test_wrong_attribute_is_told_and_harms_nothing(
    browser: Browser,
    site: CaptionedSite,
    server: ReadingServer,
    source: MemorySource,
    element: str,
    said: str,
    boxes: int,
) -> None:
    source.say("amy", "Good morning.", 3)
    attributes = element.replace("LINK", server.link())
    script = f'<script src="{server.url}/captions.js" {attributes}></script>'
    site.pages["/"] = write_page(f"{script}<script>window.goesOn = true</script>")
    page = browser.new_page()
    watch = Watch(page, site.url, server.origin, DATA, forgiven=FORGIVEN)
    page.goto(site.url)
    expect(lines(page)).to_have_count(boxes)
    assert page.evaluate("goesOn")
    assert [said in each for each in watch.complaints] == [True]
    page.close()


@pytest.mark.parametrize("case", ["expired", "gone", "deleted meanwhile"])
def test_link_that_opens_nothing_is_one_line_and_no_more_polls(
    page: Page, open_site: Open, server: ReadingServer, source: MemorySource, case: str
) -> None:
    source.say("amy", "Good morning.", 3)
    page.clock.install(time=0)
    if case == "deleted meanwhile":
        open_site()
        expect(lines(page)).to_have_count(1)
        source.forget()
    if case == "gone":
        source.forget()
    if case != "deleted meanwhile":
        open_site(link=server.link(lifetime_s=-1) if case == "expired" else "")
    expect(status(page)).to_have_text("Captions are not available")
    text = page.evaluate("document.querySelector('[data-roomscribe]').shadowRoot.textContent")
    assert text == "Captions are not available"
    check_no_polls(page)


def test_lost_connection_is_mended_quietly(
    open_site: Open, server: ReadingServer, source: MemorySource
) -> None:
    source.say("amy", "Before.", 3)
    page = open_site()
    expect(lines(page)).to_have_count(1)
    server.is_down = True
    with page.expect_event("requestfailed"):
        pass
    source.say("amy", "Meanwhile.", 5)
    server.is_down = False
    expect(lines(page)).to_have_text(["amy: Before.", "amy: Meanwhile."])
    expect(status(page)).to_be_empty()


def test_what_did_not_change_is_not_sent_again(open_site: Open, source: MemorySource) -> None:
    source.say("amy", "Good morning.", 3)
    page = open_site()
    expect(lines(page)).to_have_count(1)
    with page.expect_response(lambda response: response.status == 304) as known:
        pass
    assert "?since=" in known.value.url
    source.say("amy", "More.", 5)
    with page.expect_response(lambda response: response.status == 200) as news:
        pass
    assert news.value.json()["complete"] is False
    assert len(news.value.json()["sentences"]) == 1


def test_box_taken_off_the_page_asks_no_more(
    page: Page, open_site: Open, source: MemorySource
) -> None:
    source.say("amy", "Good morning.", 3)
    page.clock.install(time=0)
    open_site()
    expect(lines(page)).to_have_count(1)
    with page.expect_response("**/*.json*"):  # the last one
        page.evaluate("document.querySelector('[data-roomscribe]').remove()")
    check_no_polls(page)


def check_no_polls(page: Page) -> None:
    """Whether somebody looks or not, nothing is asked for two minutes."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(120_000)
    assert asked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", ["empty", "live", "hidden", "bottom", "two", "refused"])
def test_accessibility_checker_finds_nothing(
    browser: Browser,
    site: CaptionedSite,
    server: ReadingServer,
    source: MemorySource,
    scheme: str,
    state: str,
) -> None:
    if state != "empty":
        source.say("amy", "Good morning.", 3, zh="早上好。")
        source.say("li", ARABIC, 5)
    link = server.link(lifetime_s=-1 if state == "refused" else 60)
    position = 'data-position="bottom"' if state == "bottom" else ""
    script = write_script(server, position, link) * (2 if state == "two" else 1)
    site.pages["/"] = write_page(f"<h1>A lesson</h1>{script}", '<meta name="viewport" content="">')
    page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(site.url)
    if state in ("empty", "refused"):
        expect(status(page)).not_to_be_empty()
    else:
        expect(lines(page)).to_have_count(4 if state == "two" else 2)
    if state == "hidden":
        page.get_by_role("button", name="Hide captions").click()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_snapshot()
    page.close()


@pytest.mark.parametrize("width", [320, 768])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, site: CaptionedSite, server: ReadingServer, source: MemorySource, width: int
) -> None:
    source.say("somebody-with-a-very-long-user-id", "https://example.com/" + "x" * 200, 3, zh="好")
    site.pages["/"] = write_page(write_script(server))
    page = browser.new_page(viewport={"width": width, "height": 640})
    page.goto(site.url)
    expect(lines(page)).to_have_count(1)
    for _ in range(4):
        page.get_by_role("button", name="Larger text").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()


def test_example_page_shows_a_meeting_of_the_local_cloud(
    browser: Browser, page: Page, site: CaptionedSite, cloud: LocalCloud, watch: Watch
) -> None:
    own = browser.new_page()
    own.goto(cloud.url)
    cloud.create("class-7", "teacher-amy")
    expect(own.locator(".card .task .status")).to_have_text("InProgress")
    cloud.say("class-7", "teacher-amy", "Good morning.", zh="早上好。")
    link = own.get_by_role("link", name="Read the transcript").evaluate("it => it.href")
    own.close()
    watch.origins.add(cloud.url)
    reader = link.rpartition("/")[0]
    text = EXAMPLE.read_text(encoding="utf-8")
    assert text.count(f'"{PLACEHOLDER}/') == 2
    text = text.replace(f'"{PLACEHOLDER}/TOKEN"', f'"{link}"').replace(PLACEHOLDER, reader)
    site.pages["/captions.html"] = text
    page.goto(f"{site.url}/captions.html")
    expect(lines(page)).to_have_text(["teacher-amy: Good morning."])
    cloud.say("class-7", "teacher-amy", "Today we talk about rivers.", zh="今天我们来谈谈河流。")
    expect(lines(page).last).to_have_text("teacher-amy: Today we talk about rivers.")
    expect(page.locator("#last")).to_have_text("teacher-amy: Today we talk about rivers.")
    pick(page).select_option("Chinese")
    expect(lines(page)).to_have_text(["teacher-amy: 早上好。", "teacher-amy: 今天我们来谈谈河流。"])
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_snapshot()
    cloud.dismiss_all()
    expect(status(page)).to_have_text("The meeting has ended.")
