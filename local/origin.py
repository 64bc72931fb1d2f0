"""Keeps other people's web pages away from `/_local`: a browser would send them there without asking."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OWN_NAMES = ("127.0.0.1", "localhost")


class OwnOriginOnly:
    """Refuses `/_local` to requests for another host name, and to those a page of another origin makes.

    The API (`POST /`) and the function URLs are left alone: what comes there is signed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, or pass the request on."""
        if scope["type"] == "http" and scope["path"].startswith("/_local/") and not _is_own(scope):
            refusal = JSONResponse({"error": "only this machine's own pages may ask this"}, 403)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_own(scope: Scope) -> bool:
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get(b"host", "")
    if urlsplit(f"//{host}").hostname not in OWN_NAMES:
        return False
    origin = headers.get(b"origin")
    return origin is None or origin == f"http://{host}"
