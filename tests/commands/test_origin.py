"""Other people's web pages cannot play with the local cloud, under whatever name they reach it."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from local.development import CALLBACK_KEY, has_own_keys, local_environment
from local.origin import OwnOriginOnly

URL = "http://127.0.0.1:8321"
OWN = ("127.0.0.1:8321", "localhost:8321", "[::1]:8321", "LocalHost:8321", URL)
FOREIGN = (
    *("rebound.example:8321", "rebound.example", "127.0.0.1:9999", "127.0.0.1", "localhost"),
    *("127.0.0.1.rebound.example:8321", "localhost.:8321", "0.0.0.0:8321", "a@127.0.0.1:8321"),
    *("127.0.0.1:8321@rebound.example", "https://127.0.0.1:8321", "", "[::1", "192.168.0.7:8321"),
)
LOCAL = (
    *("/", "/page.css", "/_local/rooms", "/_local/invoke/delete_transcript", "/nowhere"),
    *(
        "/functions/delete_transcript",
        "/functions/start_transcription",
        "/functions/trtc_callbacks",
    ),
)
SIGNED = ("/functions/trtc_callback", "/functions/read_transcript", "/functions/read_transcript/t")
PAGE_POLICY = "default-src 'none'"


async def answer(request: Request) -> Response:
    headers = {"access-control-allow-origin": "*"} if "shared" in request.query_params else {}
    if "own" in request.query_params:
        headers = {
            "content-security-policy": PAGE_POLICY,
            "cross-origin-resource-policy": "same-site",
        }
    return PlainTextResponse("done", headers=headers)


def ask(
    path: str, *, has_own_keys: bool = False, method: str = "POST", **headers: str
) -> httpx.Response:
    """What one request is answered."""
    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    app = OwnOriginOnly(Starlette(routes=routes), has_own_keys=has_own_keys)

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
            return await client.request(method, path, headers=headers)

    return asyncio.run(send())


@pytest.mark.parametrize("path", [*LOCAL, *SIGNED])
@pytest.mark.parametrize("host", OWN)
def test_own_names_are_answered_on_every_path(path: str, host: str) -> None:
    assert ask(path, host=host).status_code == 200
    if host != URL:
        assert ask(path, host=host, origin=f"http://{host.lower()}").status_code == 200


@pytest.mark.parametrize("path", [*LOCAL, *SIGNED])
@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_names_are_refused_on_every_path(path: str, host: str, method: str) -> None:
    refused = ask(path, host=host, method=method)
    assert refused.status_code == 403
    assert "127.0.0.1 or localhost" in refused.json()["error"]


@pytest.mark.parametrize("host", FOREIGN)
def test_with_keys_of_ones_own_the_signed_functions_answer_a_tunnel_and_nothing_else_does(
    host: str,
) -> None:
    for path in SIGNED:
        assert ask(path, host=host, has_own_keys=True).status_code == 200
    for path in LOCAL:
        assert ask(path, host=host, has_own_keys=True).status_code == 403


@pytest.mark.parametrize("path", LOCAL)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "x"])
def test_pages_of_other_origins_are_refused(path: str, origin: str) -> None:
    for own in (True, False):
        assert ask(path, origin=origin, has_own_keys=own).status_code == 403


@pytest.mark.parametrize("path", SIGNED)
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        *(("https://evil.example", 403), ("null", 403), ("http://[", 403), ("x", 403)),
        *(("http://127.0.0.1:9999", 200), ("http://localhost", 200), ("http://[::1]:3000", 200)),
    ],
)
def test_what_everybody_can_sign_only_this_machine_s_pages_may_ask(
    path: str, origin: str, status: int
) -> None:
    assert ask(path, origin=origin).status_code == status
    assert ask(path, origin=origin, has_own_keys=True).status_code == 200


@pytest.mark.parametrize(
    ("path", "host", "policy"),
    [
        ("/", OWN[0], "same-origin"),
        ("/", "rebound.example", "same-origin"),
        ("/functions/read_transcript/t?shared", OWN[0], "cross-origin"),
        ("/functions/read_transcript/t?own", OWN[0], "same-site"),
    ],
)
def test_no_answer_can_be_framed_sniffed_or_embedded(path: str, host: str, policy: str) -> None:
    given = ask(path, host=host).headers
    assert given["x-content-type-options"] == "nosniff"
    assert given["cross-origin-resource-policy"] == policy
    policies = given.get_list("content-security-policy")
    assert "frame-ancestors 'none'" in policies
    assert (PAGE_POLICY in policies) == ("own" in path)


def test_keys_are_ones_own_when_none_is_a_development_key() -> None:
    own = {"TRTC_CALLBACK_KEY": "myOwnKey", "TRANSCRIPT_LINK_KEY": "a key of my own"}

    def judge(**given: str) -> bool:
        return has_own_keys(local_environment(given, endpoint=URL))

    assert judge(**own)
    assert not judge()
    assert not judge(TRTC_CALLBACK_KEY="myOwnKey")
    assert not judge(TRANSCRIPT_LINK_KEY="a key of my own")
    apps = '[{"sdk_app_id": 1, "secret_key": "s", "callback_key": "%s"}]'
    assert judge(TRTC_APPS=apps % "myOwnKey", TRANSCRIPT_LINK_KEY="a key of my own")
    assert not judge(TRTC_APPS=apps % CALLBACK_KEY, TRANSCRIPT_LINK_KEY="a key of my own")
