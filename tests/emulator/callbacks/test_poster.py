"""The webhook's client against servers that answer in every way HTTP allows, and in some it does not."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from local.cloud.poster import Answer, Poster, PostError, read_target

LIMIT = 2_000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Server:
    """Sends one piece of bytes for every request; after None it hangs up."""

    answers: list[bytes | None]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(EOFError, ConnectionError):
            await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self.answers:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head + await reader.readexactly(len(b"body")))
            answer = self.answers.pop(0)
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()
            if b"content-length" not in answer.lower() and b"chunked" not in answer.lower():
                return
        await reader.read()  # until the client has had enough


Post = Callable[[], Awaitable[Answer]]


def post_to(server: Server, work: Callable[[Post], Awaitable[None]]) -> None:
    """Run `work` with a way to post to the server."""

    handlers: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.ensure_future(server.serve(reader, writer)))
        await handlers[-1]

    async def run() -> None:
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        poster = Poster(LIMIT)
        url = f"http://127.0.0.1:{port}/hook?a=b"
        try:
            await work(lambda: poster.post(url, {"Sign": "s"}, b"body", lambda: None))
        finally:
            poster.close()
            listener.close()
            await asyncio.gather(*handlers)

    asyncio.run(run())


def post_once(answer: bytes | None) -> Answer:
    """What becomes of one post."""
    got: list[Answer] = []

    async def work(post: Post) -> None:
        got.append(await post())

    post_to(Server([answer]), work)
    return got[0]


@pytest.mark.parametrize(
    ("answer", "status", "size"),
    [
        (OK, 200, len(OK)),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, 27),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, 32),
        (b"HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", 503, 35),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, len(OK)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            200,
            50,
        ),
    ],
)
def test_answer_is_read_as_http_says(answer: bytes, status: int, size: int) -> None:
    assert post_once(answer) == Answer(status, size)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_reading_stops_over_the_limit(head: bytes) -> None:
    assert post_once(head + b"x" * 1_000_000) == Answer(200, LIMIT + 1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "without a whole answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Len", "without a whole answer"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP"),
        (b"HTTP/2 200\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 2xx\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "ValueError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "ValueError"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "ValueError"),
        (b"HTTP/1.1 200 OK\r\npadding: " + b"x" * 200_000 + b"\r\n\r\n", "LimitOverrunError"),
    ],
)
def test_what_is_no_answer_is_an_error(answer: bytes | None, reason: str) -> None:
    with pytest.raises(PostError, match=reason):
        post_once(answer)


def test_request_is_whole_and_its_connection_is_kept() -> None:
    server = Server([OK, OK])

    async def work(post: Post) -> None:
        await post()
        await post()

    post_to(server, work)
    assert server.connections == 1
    assert server.requests[0] == server.requests[1]
    first, *headers = server.requests[0].decode().split("\r\n")
    assert first == "POST /hook?a=b HTTP/1.1"
    assert {"Content-Length: 4", "Sign: s"} < set(headers)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,
    ],
)
def test_connection_that_cannot_be_used_again_is_not(answer: bytes) -> None:
    server = Server([answer, OK])

    async def work(post: Post) -> None:
        await post()
        await post()

    post_to(server, work)
    assert server.connections == 2


def test_posts_at_the_same_time_have_connections_of_their_own() -> None:
    server = Server([OK] * 20)

    async def work(post: Post) -> None:
        await asyncio.gather(*(post() for _ in range(10)))
        await asyncio.gather(*(post() for _ in range(10)))

    post_to(server, work)
    assert (server.connections, len(server.requests)) == (10, 20)


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "ftp://host/", "http://", "http://exa mple/", "http://[/", "http://h:99999/"],
)
def test_url_that_is_none_is_an_error(url: str) -> None:
    with pytest.raises(PostError):
        read_target(url)


def test_url_keeps_its_credentials_to_itself() -> None:
    target = read_target("https://user:secret@host:8443")
    assert (target.host_header, target.path, target.port, target.tls) == (
        "host:8443",
        "/",
        8443,
        True,
    )
