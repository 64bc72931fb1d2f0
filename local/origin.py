"""Keeps other people's web pages out: the local cloud's keys are public, and a browser asks it for anybody.

A page of another origin, or one whose own name was pointed at 127.0.0.1 (DNS rebinding), gets 403. Two
functions have a URL on SCF, too, and what comes there is signed: with keys of one's own, they answer under
any name.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN_NAMES = ("127.0.0.1", "localhost", "::1")
SIGNED = ("/functions/trtc_callback", "/functions/read_transcript")
REFUSAL = (
    "only this machine's own pages may ask this, at 127.0.0.1 or localhost; with TRTC_CALLBACK_KEY and "
    "TRANSCRIPT_LINK_KEY of your own, trtc_callback and read_transcript answer under any name"
)
SHARED = b"access-control-allow-origin"


class OwnOriginOnly:
    """Refuses what another host name or a page of another origin asks, and forbids to frame any answer.

    `has_own_keys`: callback and link keys are not the development ones, which everybody knows.
    """

    def __init__(self, app: ASGIApp, *, has_own_keys: bool = False) -> None:
        self._app = app
        self._has_own_keys = has_own_keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, or pass the request on."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _guard(list(message.get("headers", ())))
            await send(message)

        app = self._app if self._may_pass(scope) else JSONResponse({"error": REFUSAL}, 403)
        await app(scope, receive, send_guarded)

    def _may_pass(self, scope: Scope) -> bool:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = _read_host(headers), headers.get(b"origin")
        is_own = _is_own(host, scope["server"][1])
        if not _is_signed(scope["path"]):
            return is_own and origin in (None, f"http://{host}")
        return self._has_own_keys or (is_own and (origin is None or _is_loopback(origin)))


def is_on_this_machine(url: str) -> bool:
    """Whether a URL leads to this machine; one that is malformed leads nowhere else."""
    try:
        return urlsplit(url).hostname in (None, *OWN_NAMES)
    except ValueError:  # whoever uses it says so
        return True


def _read_host(headers: dict[bytes, str]) -> str:
    """The host and port that are asked for; tccli sends a scheme before them."""
    return headers.get(b"host", "").lower().removeprefix("http://")


def _is_own(host: str, port: int) -> bool:
    names = [f"[{name}]" if ":" in name else name for name in OWN_NAMES]
    return host in [f"{name}:{port}" for name in names] or (port == 80 and host in names)


def _is_loopback(origin: str) -> bool:
    """Whether a page of this machine asks: one that is being developed, on a port of its own."""
    try:
        return urlsplit(origin).hostname in OWN_NAMES
    except ValueError:
        return False


def _is_signed(path: str) -> bool:
    return any(path == each or path.startswith(f"{each}/") for each in SIGNED)


def _guard(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """An answer's headers, and those that keep it out of other pages; its own policy holds as well."""
    given = {name.lower() for name, _ in headers}
    policy = b"cross-origin" if SHARED in given else b"same-origin"
    usual = ((b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", policy))
    added = [(name, value) for name, value in usual if name not in given]
    return [*headers, *added, (b"content-security-policy", b"frame-ancestors 'none'")]
