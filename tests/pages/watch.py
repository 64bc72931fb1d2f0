"""What must not happen on a page of read_transcript, in a real browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page


class Watch:
    """What must not happen on the page, whatever a test does."""

    def __init__(self, page: Page, origin: str) -> None:
        self.complaints: list[str] = []
        self.forgiven = "nothing"
        self._origin = origin
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("dialog", lambda dialog: self._note("error", f"dialog {dialog.message}"))
        page.on("request", lambda request: self._check(request.url))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(self.forgiven):
            self.complaints.append(text)

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "data" and f"{parts.scheme}://{parts.netloc}" != self._origin:
            self.complaints.append(f"request to {url}")
