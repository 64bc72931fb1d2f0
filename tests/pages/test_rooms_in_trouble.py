"""How the local cloud's page tells of all rooms: numbers, badges, search, filters, a hundred rooms."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.browser import IN_BROWSER, opened
from tests.pages.local_cloud import LocalCloud

HOSTILE = "<img src=x onerror=alert(1)>"
FORGETFUL = """window.EventSource = class extends EventSource {
  set onmessage(listener) {}
};"""
COUNT_CHANGES = """() => {
  window.changed = new Set();
  const observer = new MutationObserver((changes) => {
    for (const { target } of changes) {
      const card = (target.nodeType === 1 ? target : target.parentElement).closest(".card");
      if (card) window.changed.add(card.querySelector(".room-name").textContent);
    }
  });
  observer.observe(document.getElementById("cards"), {
    subtree: true, childList: true, characterData: true, attributes: true });
}"""

pytestmark = IN_BROWSER


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud in which two tasks may run."""
    folder = tmp_path_factory.mktemp("tight")
    with contextlib.closing(LocalCloud(folder, 0, TASK_QUOTA="2")) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud in which time passes when a test says so, and callbacks may be a minute old."""
    folder = tmp_path_factory.mktemp("still")
    options = ("--clock", "manual")
    with contextlib.closing(LocalCloud(folder, 0, *options, CALLBACK_MAX_AGE_S="60")) as cloud:
        yield cloud


@pytest.fixture
def page(browser: Browser, tight: LocalCloud) -> Iterator[Page]:
    with opened(browser, tight) as page:
        yield page


def fault(cloud: LocalCloud, **fields: object) -> None:
    cloud.http.post("/_local/faults", json=fields).raise_for_status()


def invoke(cloud: LocalCloud, function: str, **event: object) -> None:
    cloud.http.post(f"/_local/invoke/{function}", json=event).raise_for_status()


def advance(cloud: LocalCloud, seconds: int) -> None:
    cloud.http.post("/_local/clock", json={"advance_s": seconds}).raise_for_status()


def card(page: Page, room_id: str) -> Locator:
    name = page.locator(".room-name").get_by_text(room_id, exact=True)
    return page.locator(".card").filter(has=name)


def badge(page: Page, room_id: str) -> Locator:
    return card(page, room_id).locator(".badge")


def names(page: Page) -> Locator:
    return page.locator(".card:visible .room-name")


def chip(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Which rooms").get_by_role("button", name=name)


def number(page: Page, text: str) -> Locator:
    return page.locator("#fleet").get_by_role("button", name=re.compile(text))


def run_two(page: Page, cloud: LocalCloud) -> None:
    for room_id in ("runs-1", "runs-2"):
        cloud.create(room_id)
        expect(badge(page, room_id)).to_have_text("transcribing")


def refuse_starts(cloud: LocalCloud, room_id: str) -> None:
    fault(cloud, where="api", what="error", code="InvalidParameter.SdkAppId", room=room_id)


def test_numbers_of_all_rooms_lead_to_the_rooms_behind_them(page: Page, tight: LocalCloud) -> None:
    run_two(page, tight)
    for room_id in ("waits-1", "waits-2"):
        tight.create(room_id)
        expect(badge(page, room_id)).to_contain_text("waiting: ")  # before the next one is told of
    expect(page.locator("#fleet")).to_contain_text("running 2/2")
    expect(badge(page, "waits-1")).to_have_text(re.compile(r"^waiting: quota 2/2 · place 1 · "))
    expect(badge(page, "waits-2")).to_have_text(re.compile(r"^waiting: quota 2/2 · place 2 · "))
    expect(card(page, "waits-1").locator(".why")).to_contain_text("TASK_QUOTA")
    expect(page.locator("#warnings")).to_contain_text("2 of 2 are in use")
    expect(names(page)).to_have_text(["waits-2", "waits-1", "runs-2", "runs-1"])
    expect(number(page, "silent 0")).to_be_disabled()
    number(page, r"waiting 2 \(oldest .*, TaskQuota\)").click()
    expect(names(page)).to_have_text(["waits-2", "waits-1"])
    expect(number(page, "waiting 2")).to_have_attribute("aria-pressed", "true")
    number(page, "waiting 2").click()
    expect(names(page)).to_have_count(4)


def test_failed_room_says_why_and_what_to_do_and_comes_first(page: Page, tight: LocalCloud) -> None:
    refuse_starts(tight, "fails")
    tight.create("fails")
    run_two(page, tight)
    expect(badge(page, "fails")).to_have_text("failed: InvalidParameter.SdkAppId")
    why = card(page, "fails").locator(".why")
    expect(why).to_contain_text("The application belongs to another account")
    expect(why).to_contain_text("Use credentials of the account that has TRTC_SDK_APP_ID")
    expect(names(page)).to_have_text(["fails", "runs-2", "runs-1"])
    number(page, r"failed 1 \(InvalidParameter.SdkAppId\)").click()
    expect(names(page)).to_have_text(["fails"])


def test_rooms_that_are_held_or_not_wanted_say_so(page: Page, tight: LocalCloud) -> None:
    tight.create("private-talk")
    tight.create("held-room")
    expect(badge(page, "held-room")).to_have_text("transcribing")
    invoke(tight, "stop_transcription", room_id="held-room")
    expect(badge(page, "held-room")).to_have_text("held by hand")
    expect(badge(page, "private-talk")).to_have_text("not wanted: rule private rooms")
    expect(number(page, "held 1")).to_be_enabled()
    chip(page, "In trouble").click()
    expect(names(page)).to_have_text(["held-room"])


def test_room_that_nobody_told_of_is_found_after_ten_seconds(
    browser: Browser, still: LocalCloud
) -> None:
    with opened(browser, still) as page:
        fault(still, where="callback", what="lose", room="unheard")
        still.create("unheard")
        expect(badge(page, "unheard")).to_have_text("no task yet")
        advance(still, 11)
        expect(badge(page, "unheard")).to_have_text("never told of")
        expect(card(page, "unheard").locator(".why")).to_contain_text("No callback about this room")
        still.http.delete("/_local/faults").raise_for_status()
        still.post("/unheard/enter", user_id="ben", role=20)
        expect(badge(page, "unheard")).to_have_text("transcribing")


def test_room_whose_callbacks_were_refused_says_how(browser: Browser, still: LocalCloud) -> None:
    with opened(browser, still) as page:
        fault(still, where="callback", what="delay", ms=120_000, room="late")
        still.create("late")
        advance(still, 180)
        expect(badge(page, "late")).to_have_text("never told of")
        expect(card(page, "late").locator(".why")).to_contain_text(re.compile(r"answered 4\d\d\)"))


def test_silent_room_is_told_from_one_that_is_transcribed(
    browser: Browser, still: LocalCloud
) -> None:
    with opened(browser, still) as page:
        still.create("silent")
        expect(badge(page, "silent")).to_have_text("transcribing")
        still.post("/silent/audio", user_id="amy", on=True)
        advance(still, 360)
        expect(badge(page, "silent")).to_have_text(re.compile(r"^silent for [3-6]m\d\ds$"))
        number(page, "silent 1").click()
        expect(names(page)).to_have_text(["silent"])


def test_reason_is_asked_for_when_the_log_has_forgotten_it(
    browser: Browser, still: LocalCloud
) -> None:
    with opened(browser, still) as page:
        still.create("private-old")
        expect(badge(page, "private-old")).to_have_text("not wanted: rule private rooms")
        page.add_init_script(FORGETFUL)
        page.reload()
        advance(still, 11)
        expect(badge(page, "private-old")).to_have_text("not wanted: rule private rooms")


def test_search_finds_rooms_by_name_person_and_session(page: Page, tight: LocalCloud) -> None:
    run_two(page, tight)
    tight.post("/runs-2/enter", user_id="Zoe-is-there", role=20)
    search = page.get_by_role("searchbox")
    search.fill("RUNS-1")
    expect(names(page)).to_have_text(["runs-1"])
    search.fill("zoe-is")
    expect(names(page)).to_have_text(["runs-2"])
    sessions = tight.http.post("/_local/invoke/describe_room", json={"room_id": "runs-1"}).json()[
        "sessions"
    ]
    search.fill(sessions[0]["session"])
    expect(names(page)).to_have_text(["runs-1"])
    search.fill("nowhere")
    expect(names(page)).to_have_count(0)
    page.get_by_role("button", name="Show all open rooms").click()
    expect(names(page)).to_have_text(["runs-2", "runs-1"])
    expect(search).to_be_focused()


def test_filters_are_reached_with_the_keyboard(page: Page, tight: LocalCloud) -> None:
    refuse_starts(tight, "fails")
    tight.create("fails")
    tight.create("over")
    expect(badge(page, "over")).to_have_text("transcribing")
    tight.say("over", "amy", "Soon over.")
    expect(card(page, "over").locator(".read")).to_be_visible()
    tight.post("/over/dismiss")
    run_two(page, tight)
    expect(card(page, "over")).to_have_count(0)
    page.get_by_role("searchbox").focus()
    for name, found in (
        ("Open", ["fails", "runs-2", "runs-1"]),
        ("In trouble", ["fails"]),
        ("Transcribing", ["runs-2", "runs-1"]),
    ):
        page.keyboard.press("Tab")
        expect(chip(page, name)).to_be_focused()
        page.keyboard.press("Enter")
        expect(chip(page, name)).to_have_attribute("aria-pressed", "true")
        expect(names(page)).to_have_text(found)
        expect(chip(page, name)).to_contain_text(str(len(found)))
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    ended = card(page, "over").first
    expect(ended.locator(".badge")).to_have_text("ended")
    expect(ended.get_by_role("link", name="Read the transcript")).to_be_visible()


def test_one_who_types_keeps_the_field_when_the_room_comes_first(
    page: Page, tight: LocalCloud
) -> None:
    run_two(page, tight)
    field = card(page, "runs-1").get_by_label("What is said")
    field.fill("half a sen")
    field.evaluate(
        "(field) => { window.blurred = 0; field.onblur = () => { window.blurred += 1; }; }"
    )
    invoke(tight, "stop_transcription", room_id="runs-1")
    expect(names(page)).to_have_text(["runs-1", "runs-2"])
    expect(field).to_be_focused()
    expect(field).to_have_value("half a sen")
    assert page.evaluate("window.blurred") == 0


def test_of_a_hundred_rooms_only_those_change_in_which_something_happens(
    browser: Browser, cloud: LocalCloud
) -> None:
    with opened(browser, cloud) as page:
        for place in range(100):
            cloud.create(f"private-{place}")
        expect(names(page)).to_have_count(100)
        expect(page.locator(".badge").get_by_text("not wanted")).to_have_count(100)
        expect(page.locator(".card .controls:visible")).to_have_count(0)
        page.evaluate(COUNT_CHANGES)
        cloud.post("/private-50/audio", user_id="amy", on=True)
        expect(card(page, "private-50").locator(".state").last).to_contain_text("microphone on")
        with page.expect_response("**/_local/invoke/describe_fleet"):
            pass
        cloud.post("/private-60/enter", user_id="ben", role=20)
        expect(card(page, "private-60").locator(".person")).to_have_count(2)
        assert page.evaluate("[...window.changed].sort()") == ["private-50", "private-60"]
        card(page, "private-50").locator(".room-name").click()
        card(page, "private-50").get_by_role("button", name="Dismiss room").click()
        expect(names(page)).to_have_count(99)


@pytest.mark.parametrize("width", [1100, 1440])
def test_transcripts_stand_beside_the_rooms_where_there_is_space(
    browser: Browser, tight: LocalCloud, width: int
) -> None:
    with opened(browser, tight, viewport={"width": width, "height": 800}) as page:
        expect(page.locator("#strip")).to_be_visible()  # which moves what is below it
        rooms, beside = (page.locator(name).bounding_box() for name in ("#rooms", ".beside"))
        assert rooms
        assert beside
        assert beside["x"] >= rooms["x"] + rooms["width"]
        assert beside["y"] == rooms["y"]
        assert page.evaluate("document.documentElement.scrollHeight") == 800


def test_phone_shows_transcripts_below_and_all_numbers(browser: Browser, tight: LocalCloud) -> None:
    with opened(browser, tight, viewport={"width": 390, "height": 844}) as page:
        refuse_starts(tight, HOSTILE)
        tight.create(HOSTILE)
        expect(badge(page, HOSTILE)).to_contain_text("failed")
        rooms, beside = (page.locator(name).bounding_box() for name in ("#rooms", ".beside"))
        assert rooms
        assert beside
        assert beside["y"] >= rooms["y"] + rooms["height"]
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        number(page, "failed 1").click()
        expect(names(page)).to_have_text([HOSTILE])
        page.get_by_role("searchbox").fill("<IMG")
        expect(names(page)).to_have_text([HOSTILE])
        assert page.locator("main img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_badges_and_numbers_pass_the_accessibility_check(
    browser: Browser, tight: LocalCloud, scheme: Literal["light", "dark"]
) -> None:
    with opened(browser, tight, color_scheme=scheme, reduced_motion="reduce") as page:
        refuse_starts(tight, "fails")
        for room_id in ("fails", "private-talk"):
            tight.create(room_id)
        run_two(page, tight)
        tight.create("waits")
        expect(badge(page, "fails")).to_contain_text("failed")
        expect(badge(page, "waits")).to_contain_text("waiting")
        number(page, "waiting 1").click()
        expect(names(page)).to_have_text(["waits"])
        pressed = Axe().run(page).response["violations"]
        chip(page, "Open").click()
        expect(names(page)).to_have_count(5)
        violations = pressed + Axe().run(page).response["violations"]
    assert [violation["id"] for violation in violations] == []


def test_each_application_has_its_own_numbers(browser: Browser, tmp_path: Path) -> None:
    applications = [
        {"sdk_app_id": number, "secret_key": f"secret-{number}", "callback_key": f"key{number}"}
        for number in (1400000001, 1400000002)
    ]
    settings = {"TRTC_APPS": json.dumps(applications)}
    with (
        contextlib.closing(LocalCloud(tmp_path, 0, **settings)) as cloud,
        opened(browser, cloud) as page,
    ):
        lines = page.locator("#fleet > li")
        expect(lines).to_have_count(2)
        cloud.post("", room_id="other", user_id="amy", sdk_app_id=1400000002)
        expect(badge(page, "other")).to_have_text("transcribing")
        expect(lines.first).to_contain_text("1400000001running 0/100")
        expect(lines.last).to_contain_text("1400000002running 1/100")


def test_numbers_that_are_not_known_say_why(page: Page) -> None:
    answer = {"outcome": "error", "message": "the ledger is away"}
    page.route("**/_local/invoke/describe_fleet", lambda route: route.fulfill(json=answer))
    expect(page.locator("#warnings")).to_have_text("The numbers are not known: the ledger is away")
    expect(page.locator("#fleet")).to_be_empty()


def test_page_asks_less_when_hidden_and_not_at_all_when_the_connection_is_lost(
    browser: Browser, tight: LocalCloud
) -> None:
    page = browser.new_page()
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    with page.expect_response("**/describe_fleet"):
        page.goto(tight.url)
    expect(page.locator("#fleet")).to_contain_text("running")
    with page.expect_request("**/describe_fleet"):
        page.clock.run_for(3000)
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    asked.clear()
    page.clock.run_for(20_000)
    assert "describe_fleet" not in asked
    with page.expect_request("**/describe_fleet"):
        page.clock.run_for(15_000)
    page.route("**/_local/feed", lambda route: route.abort())
    page.evaluate("delete document.hidden")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#connection")).to_have_text("Connection lost. Trying again…")
    asked.clear()
    page.clock.run_for(60_000)
    assert "describe_fleet" not in asked
    page.close()
