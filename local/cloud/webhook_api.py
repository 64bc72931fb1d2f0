"""`/_local/callback_url`: where callbacks go, entered while the emulator runs as in TRTC's console."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.cloud.arguments import read_arguments, refusing
from local.cloud.delivery import Delivery
from local.cloud.errors import RefusedError
from local.cloud.poster import PostError, read_target


class WebhookApi:
    """The route; errors are 4xx with `{"error": sentence}`."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/_local/callback_url", self._show, methods=["GET"]),
            Route("/_local/callback_url", refusing(self._enter), methods=["POST"]),
        ]

    async def _show(self, _request: Request) -> Response:
        return JSONResponse({"url": self._delivery.url})

    async def _enter(self, request: Request) -> Response:
        """Send new callbacks to `url`; those that are retried keep the address they were sent to."""
        url = (await read_arguments(request)).read_text("url")
        _check(url)
        self._delivery.url = url
        return await self._show(request)


def _check(url: str) -> None:
    try:
        read_target(url)
    except PostError as error:
        raise RefusedError(400, f"url cannot be posted to: {error}") from None
    if "@" in urlsplit(url).netloc:
        raise RefusedError(400, "url must have no user name and no password")
