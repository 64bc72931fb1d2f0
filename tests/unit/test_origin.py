"""Other people's web pages cannot play with the local cloud."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.origin import OwnOriginOnly


async def answer(_request: Request) -> Response:
    return PlainTextResponse("done")


async def ask(path: str, headers: dict[str, str]) -> int:
    app = OwnOriginOnly(Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])]))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8321") as client:
        return (await client.post(path, headers=headers)).status_code


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/_local/rooms", {}, 200),
        ("/_local/rooms", {"origin": "http://127.0.0.1:8321"}, 200),
        ("/_local/rooms", {"host": "localhost:8321", "origin": "http://localhost:8321"}, 200),
        ("/_local/rooms", {"origin": "https://evil.example"}, 403),
        ("/_local/rooms", {"origin": "null"}, 403),
        ("/_local/rooms", {"origin": "http://127.0.0.1:9999"}, 403),
        ("/_local/rooms", {"host": "rebound.example:8321"}, 403),
        ("/_local/invoke/stop_transcription", {"origin": "https://evil.example"}, 403),
        ("/functions/trtc_callback", {"host": "tunnel.example"}, 200),
        ("/", {"host": "http://127.0.0.1:8321"}, 200),
    ],
)
def test_only_own_pages_reach_local_routes(path: str, headers: dict[str, str], status: int) -> None:
    assert asyncio.run(ask(path, headers)) == status
