"""Posts bodies over kept HTTP/1.1 connections: only what a webhook needs, at a tenth of a client's cost."""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

# Servers close connections that rest, uvicorn after 5 s: one that rested longer is not trusted.
MAX_REST_S = 2.0


class PostError(Exception):
    """No answer, or none that is HTTP; the text says why."""


@dataclass(frozen=True)
class Answer:
    """Status and size of an answer, its head included; reading stops once it is over a limit."""

    status: int
    size: int


@dataclass(frozen=True)
class Target:
    """Where a URL leads."""

    host: str
    port: int
    tls: bool
    host_header: str
    path: str


@dataclass(frozen=True)
class Connection:
    """An open connection, and when it began to rest."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    rested_s: float = 0.0

    def is_usable(self, now_s: float) -> bool:
        """Whether another request may go over it."""
        over = self.reader.at_eof() or self.writer.is_closing()
        return not over and now_s - self.rested_s <= MAX_REST_S


class Poster:
    """Keeps the connections that answered completely; never repeats a request."""

    def __init__(self, max_answer_bytes: int) -> None:
        self._max_answer_bytes = max_answer_bytes
        self._resting: dict[tuple[str, int, bool], list[Connection]] = {}

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, sent: Callable[[], None]
    ) -> Answer:
        """Post and read the answer; `sent` is called once the last byte is out. Raises PostError."""
        target = read_target(url)
        try:
            connection = await self._take(target)
        except (OSError, ValueError) as error:  # ValueError: a host that cannot be looked up
            raise PostError(_describe(error)) from error
        keep = False
        try:
            connection.writer.write(_write_request(target, headers, body))
            await connection.writer.drain()
            sent()
            answer, keep = await _read_answer(connection.reader, self._max_answer_bytes)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise PostError(_describe(error)) from error
        finally:
            self._put_back(target, connection, keep=keep)
        return answer

    def close(self) -> None:
        """Close the resting connections."""
        for connections in self._resting.values():
            for connection in connections:
                connection.writer.close()
        self._resting.clear()

    async def _take(self, target: Target) -> Connection:
        now_s = asyncio.get_running_loop().time()
        resting = self._resting.get((target.host, target.port, target.tls), [])
        while resting:
            connection = resting.pop()
            if connection.is_usable(now_s):
                return connection
            connection.writer.close()
        context = ssl.create_default_context() if target.tls else None
        return Connection(*await asyncio.open_connection(target.host, target.port, ssl=context))

    def _put_back(self, target: Target, connection: Connection, *, keep: bool) -> None:
        if not keep:
            connection.writer.close()
            return
        rested = Connection(connection.reader, connection.writer, asyncio.get_running_loop().time())
        key = (target.host, target.port, target.tls)
        self._resting.setdefault(key, []).append(rested)


@lru_cache(maxsize=64)
def read_target(url: str) -> Target:
    """Take a URL apart; raises PostError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise PostError(f"the URL is none: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise PostError("the URL must start with http:// or https:// and a host")
    if not (url.isascii() and url.isprintable()) or " " in url:
        raise PostError("the URL must be printable ASCII without spaces")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port or (443 if tls else 80), tls, parts.netloc.rpartition("@")[2], path)


def _write_request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.host_header}",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


async def _read_answer(reader: asyncio.StreamReader, limit: int) -> tuple[Answer, bool]:
    """The answer, and whether the connection can be kept."""
    head = await reader.readuntil(b"\r\n\r\n")
    status, headers = _read_head(head)
    while 100 <= status < 200:
        head = await reader.readuntil(b"\r\n\r\n")
        status, headers = _read_head(head)
    room = limit + 1 - len(head)
    size, complete = await _read_body(reader, status, headers, max(0, room))
    keep = complete and headers.get("connection", "").lower() != "close"
    return Answer(status, len(head) + size), keep and head.startswith(b"HTTP/1.1")


def _read_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    version, status, *_ = [*first.split(" ", 2), ""]
    if not version.startswith("HTTP/1.") or not (status.isdigit() and len(status) == 3):
        raise ValueError("the answer is not HTTP/1.1")
    fields = (line.partition(":") for line in lines)
    return int(status), {name.strip().lower(): value.strip() for name, _, value in fields}


async def _read_body(
    reader: asyncio.StreamReader, status: int, headers: Mapping[str, str], most: int
) -> tuple[int, bool]:
    """The body's size, at most `most`, and whether all of it was read."""
    if status in (204, 304):
        return 0, True
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _read_chunks(reader, most)
    if "content-length" in headers:
        length = int(headers["content-length"])
        return len(await reader.readexactly(min(length, most))), length <= most
    return await _read_to_end(reader, most), False


async def _read_chunks(reader: asyncio.StreamReader, most: int) -> tuple[int, bool]:
    size = 0
    while size < most:
        line = await reader.readuntil(b"\r\n")
        length = int(line.split(b";")[0], 16)
        if length == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":  # trailers
                pass
            return size, True
        size += len(await reader.readexactly(min(length, most - size)))
        if size < most:
            await reader.readexactly(2)
    return size, False


async def _read_to_end(reader: asyncio.StreamReader, most: int) -> int:
    size = 0
    while size < most:
        part = await reader.read(most - size)
        if not part:
            break
        size += len(part)
    return size


def _describe(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the connection ended without a whole answer"
    return f"{type(error).__name__}: {error}"
