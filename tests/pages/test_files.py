"""The files of the bucket on the local page, in a real browser."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from qcloud_cos import CosConfig, CosS3Client

from tests.pages.browser import IN_BROWSER
from tests.pages.local_cloud import LocalCloud

pytestmark = IN_BROWSER

KEY = "2026/11/27/1400000001/<b>class 7/101530-ab/a%ü?#.html"
CONTENT = "<title>A file</title><p>What was said.</p><script>document.title = 'it ran'</script>"


def open_bucket(cloud: LocalCloud) -> tuple[CosS3Client, str]:
    """Tencent's own client, made of what the local cloud tells; and the bucket's name."""
    told: dict[str, Any] = cloud.http.get("/_local/cos").json()
    config = CosConfig(
        Region=told["region"],
        SecretId=told["secret_id"],
        SecretKey=told["secret_key"],
        Domain=told["domain"],
        Scheme="http",
    )
    return CosS3Client(config), told["bucket"]


def test_files_are_shown_opened_and_gone(browser: Browser, cloud: LocalCloud) -> None:
    client, bucket = open_bucket(cloud)
    page: Page = browser.new_page()
    page.goto(cloud.url)
    files = page.get_by_role("region", name="Files", exact=True)
    expect(files.get_by_text("The bucket is empty.")).to_be_visible()
    client.put_object(bucket, b"old", "old.vtt", ContentType="text/vtt")
    client.put_object(bucket, CONTENT.encode(), KEY, ContentType="text/html; charset=utf-8")
    expect(files.get_by_role("listitem").locator(".of")).to_have_text(
        ["<b>class 7 · a%ü?#.html", "old.vtt"]
    )
    expect(page.locator(".event").filter(has_text="file written")).to_have_count(2)
    assert [one["id"] for one in Axe().run(page).response["violations"]] == []
    with page.expect_popup() as opened:
        files.get_by_role("link", name=re.compile("class 7")).click()
    expect(opened.value.get_by_text("What was said.")).to_be_visible()
    assert opened.value.title() == "A file"
    opened.value.close()
    for key in (KEY, "old.vtt"):
        client.delete_object(bucket, key)
    expect(files.get_by_role("listitem")).to_have_count(0)
    expect(files.get_by_text("The bucket is empty.")).to_be_visible()
    page.close()
