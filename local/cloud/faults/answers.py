"""Answers that go wrong: none for a long time, none at all, or one byte at a time.

They reach for uvicorn's connection through `receive`: ASGI knows no way to hang up.
"""

import asyncio

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

HOLD_S = 60.0  # of real time; whoever waits longer is hung up on

PROXY_PAGE = b"<html><body><h1>The server is having a bad day.</h1></body></html>"


class DroppedAnswer(Response):
    """Closes the connection without a byte."""

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        """Hang up."""
        await _hang_up(receive)


class HangingAnswer(Response):
    """Says nothing until the client leaves, `closing` is set or its time is over; then hangs up."""

    def __init__(self, closing: asyncio.Event, hold_ms: int | None = None) -> None:
        super().__init__()
        self._closing = closing
        self._hold_s = HOLD_S if hold_ms is None else hold_ms / 1000

    async def __call__(self, _scope: Scope, receive: Receive, _send: Send) -> None:
        """Wait, and hang up."""
        await _hold(receive, self._closing, self._hold_s)
        await _hang_up(receive)


class DrippingAnswer(Response):
    """Another answer's head at once, and then its body byte by byte, for a minute at most."""

    def __init__(self, answer: Response, pause_ms: int, closing: asyncio.Event) -> None:
        super().__init__(answer.body, answer.status_code)
        self.raw_headers = answer.raw_headers
        self._pause_s = pause_ms / 1000
        self._closing = closing

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Drip until the body is over, or the client has had enough."""
        give_up_s = asyncio.get_running_loop().time() + HOLD_S
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        for position in range(len(self.body)):
            if await _hold(receive, self._closing, self._pause_s):
                return
            if self._closing.is_set() or asyncio.get_running_loop().time() > give_up_s:
                await _hang_up(receive)
                return
            await send(_write_part(self.body[position : position + 1], more=True))
        await send(_write_part(b"", more=False))


def write_status(status: int) -> Response:
    """What a proxy in between says: nothing that the API would."""
    return Response(PROXY_PAGE, status, media_type="text/html")


def _write_part(body: bytes | memoryview, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": bytes(body), "more_body": more}


async def _hold(receive: Receive, closing: asyncio.Event, timeout_s: float) -> bool:
    """Wait; whether the client has left."""
    left = asyncio.ensure_future(_watch_leaving(receive))
    closed = asyncio.ensure_future(closing.wait())
    await asyncio.wait({left, closed}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    has_left = left.done()
    for waiting in (left, closed):
        waiting.cancel()
    await asyncio.gather(left, closed, return_exceptions=True)
    return has_left


async def _hang_up(receive: Receive) -> None:
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if not isinstance(transport, asyncio.Transport):
        raise TypeError("only uvicorn's connections can be closed without an answer")
    transport.close()
    await _watch_leaving(receive)


async def _watch_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
