"""The page of the local cloud in a real browser, with the whole local cloud behind it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.pages.browser import IN_BROWSER, opened
from tests.pages.local_cloud import LocalCloud

HOSTILE = "<img src=x onerror=alert(1)>"

pytestmark = IN_BROWSER


@pytest.fixture
def page(browser: Browser, cloud: LocalCloud) -> Iterator[Page]:
    with opened(browser, cloud) as page:
        yield page


def card(page: Page, room_id: str) -> Locator:
    name = page.locator(".room-name").get_by_text(room_id, exact=True)
    return page.locator(".card").filter(has=name)


def captions(page: Page) -> Locator:
    return page.locator(".caption:visible")


def events(page: Page) -> Locator:
    return page.locator(".event:visible")


def transcripts(page: Page) -> Locator:
    return page.locator(".transcript .of")


def wait_for_task(page: Page, room_id: str) -> None:
    expect(card(page, room_id).locator(".task .status")).to_have_text("InProgress")


def test_empty_page_says_what_to_do(page: Page, cloud: LocalCloud) -> None:
    hint = page.locator("#no-rooms")
    expect(hint).to_contain_text("No room is open.")
    expect(hint).to_contain_text("make run")
    expect(hint).to_contain_text(f"curl -X POST \\\n  {cloud.url}/_local/rooms")


def test_room_appears_with_people_and_its_task(page: Page, cloud: LocalCloud) -> None:
    cloud.create("class-people")
    cloud.post("/class-people/enter", user_id="ben", role=21)
    cloud.post("/class-people/audio", user_id="amy", on=True)
    room = card(page, "class-people")
    wait_for_task(page, "class-people")
    expect(room.locator(".kind")).to_have_text("text")
    expect(room.locator(".task .service")).to_have_text("Cloud transcription 2.0")
    expect(room.locator(".person .name")).to_have_text(["amy", "ben"])
    expect(room.locator(".person .state")).to_have_text(["anchor, microphone on", "audience"])
    expect(page.locator("#counts")).to_have_text("1 room · 2 people · 1 transcription")


def test_numeric_room_is_transcribed_by_its_own_service(page: Page, cloud: LocalCloud) -> None:
    cloud.create(20007)
    wait_for_task(page, "20007")
    room = card(page, "20007")
    expect(room.locator(".kind")).to_have_text("number")
    expect(room.locator(".task .service")).to_have_text("AI transcription 1.0")


def test_last_words_are_glimpsed_with_their_translation(page: Page, cloud: LocalCloud) -> None:
    cloud.create("class-caption")
    wait_for_task(page, "class-caption")
    for text in ("Good morning.", "Today we talk", "about rivers."):
        cloud.say("class-caption", "amy", text, zh=f"{text} (zh)")
    glimpse = card(page, "class-caption").locator(".caption")
    expect(glimpse.locator(".speaker")).to_have_text(["amy", "amy"])
    expect(glimpse.locator(".spoken")).to_have_text(["Today we talk", "about rivers."])
    expect(glimpse.locator("[lang=zh]")).to_have_text(["Today we talk (zh)", "about rivers. (zh)"])


def test_last_words_are_there_for_whoever_comes_later(page: Page, cloud: LocalCloud) -> None:
    cloud.create("class-later")
    wait_for_task(page, "class-later")
    cloud.say("class-later", "amy", "Said before you came.", zh="在你来之前说的。")
    expect(captions(page).filter(has_text="before you came")).to_have_count(1)
    page.reload()
    caption = captions(page).filter(has_text="before you came")
    expect(caption.locator("[lang=zh]")).to_have_text("在你来之前说的。")


def test_card_leads_to_the_transcript(page: Page, cloud: LocalCloud) -> None:
    cloud.create(HOSTILE)
    wait_for_task(page, HOSTILE)
    link = card(page, HOSTILE).get_by_role("link", name="Read the transcript")
    expect(link).to_have_count(0)
    for text in ("One.", "Two.", "Three."):
        cloud.say(HOSTILE, "amy", text, zh="三")
    glimpse = card(page, HOSTILE).locator(".glimpse > *")
    expect(glimpse).to_have_text([re.compile("Two"), re.compile("Three")])
    with page.expect_popup() as opened:  # nothing moves any more
        link.click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    for text in ("One.", "Two.", "Three."):
        expect(opened.value.get_by_text(text)).to_be_visible()
    opened.value.close()


def test_transcript_is_offered_when_its_room_has_closed(page: Page, cloud: LocalCloud) -> None:
    for text in ("The first meeting.", "The second meeting."):
        cloud.create("class-kept")
        wait_for_task(page, "class-kept")
        cloud.say("class-kept", "amy", text)
        expect(captions(page).filter(has_text=text)).to_have_count(1)
        cloud.dismiss_all()
        expect(card(page, "class-kept")).to_have_count(0)
    kept = transcripts(page).get_by_text("class-kept", exact=True)
    expect(kept).to_have_count(2)
    with page.expect_popup() as opened:
        kept.last.click()
    expect(opened.value.get_by_text("The first meeting.")).to_be_visible()
    opened.value.close()


def test_everything_is_playable_by_hand(page: Page) -> None:
    page.get_by_label("Room", exact=True).fill("class-by-hand")
    page.get_by_label("First person").fill("dora")
    page.get_by_role("button", name="Create room").click()
    wait_for_task(page, "class-by-hand")
    room = card(page, "class-by-hand")
    room.get_by_role("button", name="Add a person").click()
    room.get_by_label("Name").fill("emil")
    room.get_by_role("button", name="Enter").click()
    expect(room.locator(".person .name")).to_have_text(["dora", "emil"])
    room.get_by_role("button", name="Translation").click()
    room.get_by_label("Who speaks").select_option("emil")
    room.get_by_label("What is said").fill("By hand!")
    room.get_by_label("Its translation").fill("手动!")
    room.get_by_label("What is said").press("Enter")
    caption = captions(page).filter(has_text="By hand!")
    expect(caption.locator("[lang=zh]")).to_have_text("手动!")
    room.get_by_role("button", name="Mute emil", exact=True).click()
    expect(room.locator(".person .state").last).to_have_text("anchor, microphone off")
    room.get_by_role("button", name="dora leaves").click()
    expect(room.locator(".person .name")).to_have_text(["emil"])
    room.get_by_role("button", name="Dismiss room").click()
    expect(room).to_have_count(0)


def test_room_that_nobody_transcribes_says_so(page: Page, cloud: LocalCloud) -> None:
    cloud.create("private-talk")
    room = card(page, "private-talk")
    room.get_by_label("What is said").fill("A secret.")
    room.get_by_role("button", name="Say").click()
    expect(room.get_by_role("alert")).to_contain_text("No transcription hears this person")
    expect(captions(page).filter(has_text="A secret.")).to_have_count(0)


def test_refusal_is_shown_in_the_clouds_words(
    browser: Browser, page: Page, cloud: LocalCloud
) -> None:
    cloud.create("class-taken")
    other = browser.new_page()  # its console complains of the 409, as it should
    other.goto(cloud.url)
    other.get_by_label("Room", exact=True).fill("class-taken")
    other.get_by_role("button", name="Create room").click()
    expect(other.locator("#create .problem")).to_contain_text("'class-taken' is already open")
    other.close()
    expect(card(page, "class-taken")).to_have_count(1)


def test_hostile_text_stays_text(page: Page, cloud: LocalCloud) -> None:
    script = "<script>alert(2)</script><b>bold</b>"
    cloud.create(HOSTILE)
    wait_for_task(page, HOSTILE)
    cloud.say(HOSTILE, "amy", script)
    cloud.create("class-hostile")
    wait_for_task(page, "class-hostile")
    cloud.say("class-hostile", "amy", "harmless", zh='<a href="javascript:alert(3)">x</a>')
    expect(captions(page).filter(has_text=script).locator(".spoken")).to_have_text(script)
    expect(captions(page).locator("[lang=zh]")).to_have_text('<a href="javascript:alert(3)">x</a>')
    expect(transcripts(page).get_by_text(HOSTILE).first).to_be_visible()
    expect(events(page).filter(has_text=HOSTILE).first).to_be_visible()
    assert page.locator("main img, main script, main b, main a[href^=javascript]").count() == 0


def test_logs_calls_and_webhooks_are_shown(page: Page, cloud: LocalCloud) -> None:
    cloud.create("class-log")
    wait_for_task(page, "class-log")
    rows = events(page)
    logs = page.locator(".event[data-source=log]:visible")  # an event of that name comes, too
    started = logs.filter(has_text="transcription.started").filter(has_text="class-log")
    expect(started).to_have_count(1)
    expect(rows.filter(has_text="CreateCloudTranscription").last).to_contain_text("ok")
    expect(rows.filter(has_text="101 room created").filter(has_text="200").last).to_be_visible()
    started.locator("summary").click()
    expect(started.locator(".fields")).to_contain_text('"message": "transcription.started"')
    expect(started.locator(".fields")).to_contain_text('"room_id": "class-log"')


def test_pause_holds_what_comes_until_followed_again(page: Page, cloud: LocalCloud) -> None:
    cloud.create("class-pause")
    wait_for_task(page, "class-pause")
    page.get_by_role("button", name="Pause", exact=True).click()
    cloud.post("/class-pause/enter", user_id="nobody-reads-this-yet", role=20)
    follow = page.get_by_role("button", name=re.compile(r"Follow · \d+ new"))
    expect(follow).to_be_visible()
    expect(events(page).filter(has_text="nobody-reads-this-yet")).to_have_count(0)
    follow.click()
    expect(events(page).filter(has_text="nobody-reads-this-yet").first).to_be_visible()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()


def test_scrolling_up_pauses_and_down_follows(page: Page, cloud: LocalCloud) -> None:
    cloud.create("class-scroll")
    wait_for_task(page, "class-scroll")
    for _ in range(30):
        cloud.post("/class-scroll/audio", user_id="amy", on=True)
        cloud.post("/class-scroll/audio", user_id="amy", on=False)
    people = page.locator(".event[data-source=people]").filter(has_text="in class-scroll")
    expect(people.filter(has_text="microphone off")).to_have_count(30)
    expect(events(page).last).to_be_in_viewport()
    page.locator("#scroll").hover()
    page.mouse.wheel(0, -400)
    expect(page.locator("#follow")).to_contain_text("Follow")
    page.mouse.wheel(0, 4000)
    expect(page.locator("#follow")).to_have_text("Pause")


def test_one_room_can_be_looked_at_alone(page: Page, cloud: LocalCloud) -> None:
    for room_id in ("class-one", "class-two"):
        cloud.create(room_id)
        wait_for_task(page, room_id)
    opened = events(page).filter(has_text=re.compile("room opened.*class-(one|two)"))
    expect(opened).to_have_count(2)
    card(page, "class-one").locator(".room-name").click()
    expect(opened).to_have_text([re.compile("class-one")])
    expect(page.get_by_label("Of which room")).to_have_value("1:class-one")
    page.get_by_label("Of which room").select_option("All rooms")
    expect(opened).to_have_count(2)


def test_typing_survives_what_happens_meanwhile(page: Page, cloud: LocalCloud) -> None:
    cloud.create("class-typing")
    field = card(page, "class-typing").get_by_label("What is said")
    field.fill("half a sen")
    cloud.post("/class-typing/enter", user_id="ben", role=20)
    expect(card(page, "class-typing").locator(".person")).to_have_count(2)
    expect(field).to_have_value("half a sen")
    expect(field).to_be_focused()


def test_parts_have_names_and_nothing_is_read_out_unasked(page: Page) -> None:
    expect(page.get_by_role("log", name="What happens")).to_have_attribute("aria-live", "off")
    for role in ("banner", "main"):
        expect(page.locator({"banner": "header", "main": "main"}[role])).to_have_count(1)
    for name in ("Rooms", "Transcripts", "Files"):
        expect(page.get_by_role("region", name=name, exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_passes_the_automated_accessibility_check(
    browser: Browser, page: Page, cloud: LocalCloud, scheme: Literal["light", "dark"]
) -> None:
    cloud.create("class-access")
    wait_for_task(page, "class-access")
    cloud.say("class-access", "amy", "Can everybody read this?", zh="大家都能看到吗?")
    other = browser.new_page(color_scheme=scheme, reduced_motion="reduce")
    other.goto(cloud.url)
    expect(card(other, "class-access").locator(".read")).to_be_visible()
    violations = Axe().run(other).response["violations"]
    other.close()
    assert [violation["id"] for violation in violations] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_has_no_sideways_scrolling(
    browser: Browser, page: Page, cloud: LocalCloud, scheme: str
) -> None:
    cloud.create("class-with-a-name-as-long-as-trtc-allows-for-text-rooms-64-chars")
    wait_for_task(page, "class-with-a-name-as-long-as-trtc-allows-for-text-rooms-64-chars")
    dark = scheme == "dark"
    phone = browser.new_page(
        viewport={"width": 390, "height": 844}, color_scheme="dark" if dark else "light"
    )
    phone.goto(cloud.url)
    expect(phone.locator(".event:visible").last).to_be_attached()
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    ground = phone.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(16, 19, 18)" if dark else "rgb(244, 245, 243)")
    phone.close()


def test_entries_sent_again_are_shown_once(page: Page, cloud: LocalCloud) -> None:
    cloud.create("class-again")
    wait_for_task(page, "class-again")
    cloud.say("class-again", "amy", "Said once.")
    expect(captions(page).filter(has_text="Said once.")).to_have_count(1)
    with page.expect_request("**/_local/feed"):
        page.evaluate("dispatchEvent(new Event('online'))")
    cloud.say("class-again", "amy", "Said after.")
    expect(captions(page).filter(has_text="Said after.")).to_have_count(1)
    expect(captions(page).filter(has_text="Said once.")).to_have_count(1)


def test_lost_connection_is_said_and_mended_and_transcripts_are_kept(
    browser: Browser, tmp_path: Path
) -> None:
    with contextlib.closing(LocalCloud(tmp_path)) as cloud:
        page = browser.new_page()
        page.goto(cloud.url)
        cloud.create("class-before")
        wait_for_task(page, "class-before")
        cloud.say("class-before", "amy", "Before it went away.")
        expect(transcripts(page)).to_have_text(["class-before"])
    expect(page.locator("#connection")).to_have_text("Connection lost. Trying again…")
    with contextlib.closing(LocalCloud(tmp_path, urlsplit(cloud.url).port or 0)) as again:
        expect(page.locator("#connection")).to_have_text("Live")
        again.create("class-after")
        wait_for_task(page, "class-after")
        again.say("class-after", "amy", "It is back.")
        expect(transcripts(page)).to_have_text(["class-after", "class-before"])
        with page.expect_popup() as opened:
            transcripts(page).last.click()
        expect(opened.value.get_by_text("Before it went away.")).to_be_visible()
        page.close()


def test_page_leads_to_all_meetings(page: Page, cloud: LocalCloud) -> None:
    cloud.create("class-listed")
    wait_for_task(page, "class-listed")
    with page.context.expect_page() as opening:
        page.get_by_role("link", name="All meetings").click()
    meetings = opening.value
    expect(meetings.get_by_role("heading", name="Meetings")).to_be_visible()
    expect(meetings.locator("#rows").get_by_text("class-listed", exact=True)).to_be_visible()
    meetings.close()
