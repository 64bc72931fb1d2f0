"""A site of somebody else, on an origin of its own, whose pages show captions."""

from __future__ import annotations

import functools
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class CaptionedSite:
    """Serves `pages`, by their paths, each with `headers`."""

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.headers: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"http://localhost:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers with a page of the site, without a word."""

    def __init__(self, site: CaptionedSite, *connection: object) -> None:
        self._site = site
        super().__init__(*connection)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        page = self._site.pages.get(self.path)
        self.send_response(404 if page is None else 200)
        for name, value in {"Content-Type": "text/html", **self._site.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write((page or "").encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""
