"""Which callbacks the webhook was given, and which of them it has accepted: noted where they arrive."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks.chaos.history import Told
from local.up import CALLBACK_PATH


class Bookkeeper:
    """An ASGI application in front of another: a callback is accepted once an attempt is answered 200."""

    def __init__(self, app: ASGIApp, told: dict[bytes, Told]) -> None:
        self._app, self._told = app, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the application does."""
        if scope["type"] != "http" or scope["path"] != CALLBACK_PATH:
            await self._app(scope, receive, send)
            return
        body, status = bytearray(), 0

        async def read() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def answer(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, read, answer)
        finally:
            sdk_app_id = int(dict(scope["headers"])[b"sdkappid"])
            before = self._told.get(bytes(body))
            accepted = status == 200 or (before is not None and before.accepted)
            self._told[bytes(body)] = Told(sdk_app_id, bytes(body), accepted)
