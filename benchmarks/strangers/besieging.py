"""Strangers: each has a connection of its own, and asks again as soon as it is answered."""

from __future__ import annotations

import asyncio
import itertools
import json
import resource
from collections import Counter
from multiprocessing.synchronize import Event
from typing import NamedTuple

from local.development import SDK_APP_ID
from local.server import HOST

BODY_BYTES = 60_000  # shared/callbacks.py reads up to 64 KiB before it looks at the Sign
DRIP_S = 1.0
CONNECTING = 100  # at a time: more would overflow the queue of the listening socket
WEBHOOK, READER = "/functions/trtc_callback", "/functions/read_transcript"


class Crowd(NamedTuple):
    """How many strangers do what, all at the same time."""

    unsigned: int
    wrongly_signed: int
    bad_links: int
    slow: int

    @property
    def size(self) -> int:
        """How many there are."""
        return sum(self)


CROWD = Crowd(unsigned=600, wrongly_signed=400, bad_links=600, slow=400)


def allow_sockets(count: int) -> None:
    """Let this process have that many sockets, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def besiege(port: int, crowd: Crowd, begun: Event, over: Event) -> Counter[int]:
    """Ask from when all are connected, which sets `begun`, until it is `over`; the answers, by status."""
    allow_sockets(2 * crowd.size)
    return asyncio.run(_besiege(port, crowd, begun, over))


async def _besiege(port: int, crowd: Crowd, begun: Event, over: Event) -> Counter[int]:
    statuses, gate = Counter[int](), asyncio.Semaphore(CONNECTING)

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with gate:
            return await asyncio.open_connection(HOST, port)

    connections = await asyncio.gather(*(connect() for _ in range(crowd.size)))
    requests = [
        *itertools.repeat(write_post(port, ""), crowd.unsigned),
        *itertools.repeat(write_post(port, "bm90IHRoZSBTaWdu"), crowd.wrongly_signed),
        *(write_bad_link(port, number) for number in range(crowd.bad_links)),
    ]
    asking = [
        _ask(*each, request, statuses) for each, request in zip(connections, requests, strict=False)
    ]
    dripping = [_drip(writer, write_post(port, "")) for _, writer in connections[len(requests) :]]
    working = [asyncio.create_task(each) for each in (*asking, *dripping)]
    await asyncio.sleep(0)  # each has sent its first request
    begun.set()
    await asyncio.get_running_loop().run_in_executor(None, over.wait)
    for task in working:
        task.cancel()
    ended = await asyncio.gather(*working, return_exceptions=True)
    for _, writer in connections:
        writer.close()
    lost = [each for each in ended if not isinstance(each, asyncio.CancelledError)]
    if lost:
        raise RuntimeError(f"{len(lost)} strangers were cut off: {lost[0]!r}")
    return statuses


async def _ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    request: bytes,
    statuses: Counter[int],
) -> None:
    while True:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        statuses[int(head.split(b" ", 2)[1])] += 1
        await reader.readexactly(_read_length(head))


async def _drip(writer: asyncio.StreamWriter, request: bytes) -> None:
    """A callback of which a byte comes now and then."""
    head_ends = request.index(b"\r\n\r\n") + 4
    writer.write(request[:head_ends])
    for byte in request[head_ends:]:
        writer.write(bytes((byte,)))
        await asyncio.sleep(DRIP_S)


def write_post(port: int, sign: str) -> bytes:
    """A large callback of a room's creation, without a Sign or with a wrong one."""
    info = {"RoomId": 1, "UserId": "stranger", "EventMsTs": 1, "Padding": ""}
    info["Padding"] = "x" * (BODY_BYTES - len(_write_callback(info)))
    body = _write_callback(info)
    headers = [f"SdkAppId: {SDK_APP_ID}", f"Content-Length: {len(body)}"]
    headers += [f"Sign: {sign}"] if sign else []
    return _write_head(port, "POST", WEBHOOK, headers) + body


def write_bad_link(port: int, number: int) -> bytes:
    """A request with a link that nobody signed."""
    token = f"{number:04}" * 20
    return _write_head(port, "GET", f"{READER}/{token}.json", [])


def _write_callback(info: dict[str, object]) -> bytes:
    return json.dumps({"EventGroupId": 1, "EventType": 101, "EventInfo": info}).encode()


def _write_head(port: int, method: str, path: str, headers: list[str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{port}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def _read_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
