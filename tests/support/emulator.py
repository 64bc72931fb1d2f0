"""Runs the emulator in the test's own process, on a free loopback port, with a webhook beside it."""

import asyncio
import json
import queue
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any, TypeVar

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from TLSSigAPIv2 import TLSSigAPIv2

from local.cloud.app import Cloud, create_cloud
from local.cloud.clock import Clock, ManualClock
from local.cloud.config import Application, CloudConfig
from local.cloud.feed import Entry
from local.cloud.parameters import VERSION
from local.cloud.strays import STRAY_HANDLERS
from local.cloud.tc3 import ALGORITHM, Authorization, RawRequest, hash_canonical_request, sign

Result = TypeVar("Result")

SDK_APP_ID = 1400000001
APPLICATION = Application(SDK_APP_ID, "sdk-secret-key-of-tests", "CallbackKeyOfTests")
SECRET_ID, SECRET_KEY = "IdOfTests", "KeyOfTests"
CONFIG = CloudConfig((APPLICATION,), SECRET_ID, SECRET_KEY)
PATIENCE_S = 10.0
# Reading the machine's CAs takes 25 ms a client, and the emulator speaks plain HTTP.
NO_CAS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def make_user_sig(user_id: str, expire_s: int = 86400, key: str = APPLICATION.secret_key) -> str:
    """A UserSig from Tencent's own generator."""
    user_sig = TLSSigAPIv2(SDK_APP_ID, key).gen_sig(user_id, expire_s)
    assert isinstance(user_sig, str)
    return user_sig


def write_cloud_order(room_id: str, bot: str) -> dict[str, Any]:
    """The least that CreateCloudTranscription needs."""
    return {
        "SdkAppId": SDK_APP_ID,
        "RoomId": room_id,
        "RoomIdType": 0,
        "TranscriptionParam": {"UserId": bot, "UserSig": make_user_sig(bot)},
        "AsrParam": {"Lang": "bigmodel-en"},
    }


def sign_headers(
    headers: dict[str, str],
    body: bytes,
    *,
    service: str = "trtc",
    secret_id: str = SECRET_ID,
    secret_key: str = SECRET_KEY,
    signed: tuple[str, ...] = ("content-type", "host", "x-tc-action"),
    date: str = "",
) -> str:
    """The Authorization header of a POST; `headers` in lower case, with `x-tc-timestamp`."""
    timestamp = headers["x-tc-timestamp"]
    date = date or datetime.fromtimestamp(int(timestamp), timezone.utc).strftime("%Y-%m-%d")
    request_hash = hash_canonical_request(
        RawRequest("POST", "/", "", headers, body), signed, lower_values=False
    )
    scope = Authorization(secret_id, date, service, signed, "")
    signature = sign(scope, timestamp, request_hash, secret_key)
    return (
        f"{ALGORITHM} Credential={secret_id}/{date}/{service}/tc3_request, "
        f"SignedHeaders={';'.join(signed)}, Signature={signature}"
    )


async def answer_ok(_request: Request) -> Response:
    """What TRTC recommends."""
    return Response('{"code":0}')


@dataclass
class Webhook:
    """Where callbacks arrive; answers 200 unless told otherwise."""

    answer: Callable[[Request], Awaitable[Response]] = answer_ok
    received: "list[Received]" = field(default_factory=list)

    async def receive(self, request: Request) -> Response:
        self.received.append(Received(dict(request.headers), await request.body()))
        return await self.answer(request)


@dataclass(frozen=True)
class Received:
    """One callback as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, object]:
        event = httpx.Response(200, content=self.body).json()
        assert isinstance(event, dict)
        return event

    @property
    def event_type(self) -> int:
        return int(str(self.event["EventType"]))

    @property
    def info(self) -> dict[str, object]:
        info = self.event["EventInfo"]
        assert isinstance(info, dict)
        return info

    @property
    def payload(self) -> object:
        return self.info["Payload"]

    @property
    def event_ms(self) -> int:
        return int(str(self.info["EventMsTs"]))


@dataclass(frozen=True)
class RunningCloud:
    """An emulator that answers at `url`."""

    url: str
    cloud: Cloud
    webhook: Webhook
    http: httpx.Client
    _loop: asyncio.AbstractEventLoop

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def run(self, work: Callable[[], Result]) -> Result:
        """Do something on the emulator's own loop."""

        async def do() -> Result:
            return work()

        return self.wait(do())

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the emulator's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def read_feed(self) -> list[Entry]:
        """What has happened, oldest first."""
        return self.run(self.cloud.feed.recent)

    def advance(self, ms: int) -> None:
        """Move a ManualClock on, once the callbacks under way have arrived."""
        clock = self.cloud.clock
        assert isinstance(clock, ManualClock)
        self.wait(self.cloud.settle())
        self.run(lambda: clock.advance(ms))

    def take_callbacks(self) -> list[Received]:
        """What the webhook received since the last time, in the order of EventMsTs."""
        self.wait(self.cloud.settle())
        taken = sorted(self.webhook.received, key=lambda one: one.event_ms)
        self.webhook.received.clear()
        return taken

    def call(
        self,
        action: str,
        parameters: object,
        *,
        more: Mapping[str, str | None] | None = None,
        **signing: Any,
    ) -> dict[str, Any]:
        """An API request; the answer's `Response`. `more` are headers in lower case, None drops one."""
        body = parameters if isinstance(parameters, bytes) else json.dumps(parameters).encode()
        headers = self.sign_call(action, body, more or {}, **signing)
        answer = self.http.post("/", content=body, headers=headers)
        assert answer.status_code == 200
        response = answer.json()["Response"]
        assert isinstance(response, dict)
        return response

    def sign_call(
        self, action: str, body: bytes, more: Mapping[str, str | None], **signing: Any
    ) -> dict[str, str]:
        """The headers of an API request."""
        headers: dict[str, str | None] = {
            "content-type": "application/json",
            "host": f"127.0.0.1:{self.port}",
            "x-tc-action": action,
            "x-tc-version": VERSION,
            "x-tc-region": "ap-singapore",
            "x-tc-timestamp": str(self.cloud.clock.now_ms() // 1000),
            **more,
        }
        sent = {name: value for name, value in headers.items() if value is not None}
        sent.setdefault("authorization", sign_headers(sent, body, **signing))
        return sent

    def write_start_cloud(self, more: Mapping[str, str], room_id: str = "1234") -> bytes:
        """A whole HTTP request of CreateCloudTranscription, for a client that looks at the wire."""
        body = json.dumps(write_cloud_order(room_id, "bot")).encode()
        headers = self.sign_call("CreateCloudTranscription", body, more)
        lines = [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"content-length: {len(body)}", "connection: close"]
        head = ["POST / HTTP/1.1", *lines, "", ""]
        return "\r\n".join(head).encode() + body

    def start_ai(self, room_id: str = "1234", bot: str = "bot", **more: Any) -> dict[str, Any]:
        """StartAITranscription; `more` are parameters, those of the bot in `TranscriptionParams`."""
        params = {
            "UserId": bot,
            "UserSig": make_user_sig(bot),
            **more.pop("TranscriptionParams", {}),
        }
        room = {"SdkAppId": SDK_APP_ID, "RoomId": room_id, "RoomIdType": 0}
        return self.call("StartAITranscription", {**room, "TranscriptionParams": params, **more})

    def start_cloud(self, room_id: str = "1234", bot: str = "bot", **more: Any) -> dict[str, Any]:
        """CreateCloudTranscription; likewise, with `TranscriptionParam`."""
        params = more.pop("TranscriptionParam", {})
        order = write_cloud_order(room_id, bot)
        order["TranscriptionParam"] |= params
        return self.call("CreateCloudTranscription", {**order, **more})

    def describe_ai(self, task_id: str) -> dict[str, Any]:
        return self.call("DescribeAITranscription", {"TaskId": task_id})

    def describe_cloud(self, task_id: str) -> dict[str, Any]:
        body = {"SdkAppId": SDK_APP_ID, "TaskId": task_id}
        return self.call("DescribeCloudTranscription", body)

    def stop_ai(self, task_id: str) -> dict[str, Any]:
        return self.call("StopAITranscription", {"TaskId": task_id})

    def stop_cloud(self, task_id: str) -> dict[str, Any]:
        return self.call("DeleteCloudTranscription", {"SdkAppId": SDK_APP_ID, "TaskId": task_id})

    def act(self, room: str, verb: str, **arguments: object) -> httpx.Response:
        """`POST /_local/rooms/{room}/{verb}`; `room` is percent-encoded and may carry a query."""
        path, _, query = room.partition("?")
        query = f"?{query}" if query else ""
        return self.http.post(f"/_local/rooms/{path}/{verb}{query}", json=arguments)

    def create(self, room_id: object, user_id: str = "amy", **arguments: object) -> httpx.Response:
        """`POST /_local/rooms`."""
        body = {"room_id": room_id, "user_id": user_id, **arguments}
        return self.http.post("/_local/rooms", json=body)

    def add_fault(self, **fault: object) -> dict[str, Any]:
        """`POST /_local/faults`; what it answers."""
        answer = self.http.post("/_local/faults", json=fault)
        assert answer.status_code == 201, answer.text
        planned = answer.json()
        assert isinstance(planned, dict)
        return planned

    def list_faults(self) -> list[dict[str, Any]]:
        """What `GET /_local/faults` shows."""
        faults = self.http.get("/_local/faults").json()["faults"]
        assert isinstance(faults, list)
        return faults

    def list_rooms(self) -> list[dict[str, object]]:
        """What `GET /_local/rooms` shows."""
        rooms = self.http.get("/_local/rooms").json()["rooms"]
        assert isinstance(rooms, list)
        return rooms

    def list_tasks(self) -> list[dict[str, object]]:
        """The tasks of all shown rooms."""
        return [task for room in self.list_rooms() for task in _read_list(room, "tasks")]


def _read_list(room: dict[str, object], name: str) -> list[dict[str, object]]:
    value = room[name]
    assert isinstance(value, list)
    return value


@contextmanager
def running_cloud(
    config: CloudConfig = CONFIG,
    *,
    clock: Clock | None = None,
    callbacks: bool = False,
    **parts: Any,
) -> Iterator[RunningCloud]:
    """The emulator, serving until the end of the `with`; with `callbacks` they go to its webhook.

    `parts` are what create_cloud takes further.
    """
    webhook = Webhook()
    # With its protocol named, asyncio sets TCP_NODELAY; else answers wait 40 ms for an ACK.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if callbacks:
            config = replace(config, callback_url=f"{url}/webhook")
        cloud = create_cloud(config, clock=clock, **parts)
        with (
            _serving(cloud, webhook, listener) as loop,
            httpx.Client(base_url=url, verify=NO_CAS, trust_env=False, timeout=PATIENCE_S) as http,
        ):
            yield RunningCloud(url, cloud, webhook, http, loop)


class PromptServer(uvicorn.Server):
    """Ends when it is told to: uvicorn looks only ten times a second, and waits as long again."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Take no more requests; those under way are answered."""
        self.should_exit = True
        self._ended.set()

    async def main_loop(self) -> None:
        """Serve until the end is told."""
        while not await self.on_tick(0):  # sets the Date of the answers
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ended.wait(), 1)

    async def shutdown(
        self,
        sockets: list[socket.socket] | None = None,  # noqa: ARG002  whoever opened them closes them
    ) -> None:
        """Stop listening, and wait for requests under way only."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=PATIENCE_S)
        await self.lifespan.shutdown()


@contextmanager
def _serving(
    cloud: Cloud, webhook: Webhook, listener: socket.socket
) -> Iterator[asyncio.AbstractEventLoop]:
    started: queue.Queue[asyncio.AbstractEventLoop] = queue.Queue()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await cloud.start()
        started.put(asyncio.get_running_loop())
        yield

    routes = [*cloud.routes, Route("/webhook", webhook.receive, methods=["POST"])]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=STRAY_HANDLERS)
    config = uvicorn.Config(app, http="h11", log_level="warning", access_log=False)
    server = PromptServer(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    loop = started.get(timeout=PATIENCE_S)
    try:
        yield loop
    finally:
        # First, because the server waits for streams and connections to end.
        asyncio.run_coroutine_threadsafe(cloud.close(), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(server.end)
        thread.join()
