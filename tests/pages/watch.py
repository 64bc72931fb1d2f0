"""What must not happen on a page, in a real browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page

DATA = "data://"  # the origin of what stands in an address itself


class Watch:
    """What must not happen on the page, whatever a test does: it asks these origins and no others.

    Forgiven is what the browser says that begins so.
    """

    def __init__(self, page: Page, *origins: str, forgiven: str | tuple[str, ...] = ()) -> None:
        self.complaints: list[str] = []
        self.forgiven = forgiven
        self.origins = {*origins}
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.on("dialog", lambda dialog: self._note("error", f"dialog {dialog.message}"))
        page.on("request", lambda request: self._check(request.url))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(self.forgiven):
            self.complaints.append(text)

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" not in self.origins:
            self.complaints.append(f"request to {url}")
