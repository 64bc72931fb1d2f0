"""Callbacks on their way to the webhook: 5 s to answer, an immediate retry, then every 10 s.

Source: doc 647/51586 (2025-01-06). TRTC promises no order, and here every callback travels alone.
"""

import asyncio
from dataclasses import dataclass

import httpx

from local.cloud.callbacks import sign_body
from local.cloud.clock import Clock, Timer
from local.cloud.config import CloudConfig
from local.cloud.feed import Feed

DEADLINE_MS = 5_000
RETRY_EVERY_MS = 10_000
MAX_AGE_MS = 60_000
MAX_ANSWER_BYTES = 2_000
# Sockets; callbacks beyond that wait, and their deadline starts when they are sent.
MAX_AT_ONCE = 100


@dataclass(eq=False)
class Callback:
    """One callback and how often it was tried."""

    url: str
    headers: dict[str, str]
    body: bytes
    room_id: str
    event_type: int
    created_ms: int
    attempts: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt; delivered means status 200 and no error."""

    status: int | None
    error: str | None

    @property
    def delivered(self) -> bool:
        return self.status == 200 and self.error is None


class Delivery:
    """Sends callbacks; every attempt is in the feed as `callback.delivered`."""

    def __init__(self, config: CloudConfig, clock: Clock, feed: Feed) -> None:
        self.url = config.callback_url
        self._keys = {a.sdk_app_id: a.callback_key for a in config.applications}
        self._clock = clock
        self._feed = feed
        self._client: httpx.AsyncClient | None = None
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._attempts: set[asyncio.Task[None]] = set()
        self._retries: dict[Callback, Timer] = {}

    def start(self) -> None:
        """Open for business: until then, and after `close`, callbacks go nowhere."""
        # A connection each: looking for one to use again costs httpx more than a new one on loopback.
        limits = httpx.Limits(max_connections=MAX_AT_ONCE, max_keepalive_connections=0)
        # Without a timeout of its own: the deadline is the emulator's clock's to keep.
        self._client = httpx.AsyncClient(timeout=None, limits=limits, trust_env=False)  # noqa: S113

    async def close(self) -> None:
        """Drop whatever is on its way."""
        client, self._client = self._client, None
        for timer in self._retries.values():
            timer.cancel()
        self._retries.clear()
        for attempt in self._attempts:
            attempt.cancel()
        await asyncio.gather(*self._attempts, return_exceptions=True)
        if client is not None:
            await client.aclose()

    @property
    def on_their_way(self) -> int:
        """How many callbacks have been sent, or wait for a place, and are not answered."""
        return len(self._attempts)

    async def settle(self) -> None:
        """Wait until no callback is on its way; those that wait for a retry are not."""
        while self._attempts:
            await asyncio.wait(self._attempts)

    def send(self, sdk_app_id: int, room_id: str, event_type: int, body: bytes) -> None:
        """Post a callback of that application to the webhook, if there is one."""
        if self.url is None:
            return
        headers = {"Content-Type": "application/json", "SdkAppId": str(sdk_app_id)}
        if self._keys[sdk_app_id]:
            headers["Sign"] = sign_body(body, self._keys[sdk_app_id])
        now_ms = self._clock.now_ms()
        self._spawn(Callback(self.url, headers, body, room_id, event_type, now_ms))

    def _spawn(self, callback: Callback) -> None:
        self._retries.pop(callback, None)
        if self._client is None:
            return
        attempt = asyncio.get_running_loop().create_task(self._try(self._client, callback))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)

    async def _try(self, client: httpx.AsyncClient, callback: Callback) -> None:
        callback.attempts += 1
        async with self._places:
            started_ms = self._clock.now_ms()
            outcome = await self._post_in_time(client, callback)
        self._record(callback, outcome, self._clock.now_ms() - started_ms)
        if not outcome.delivered:
            self._retry(callback)

    async def _post_in_time(self, client: httpx.AsyncClient, callback: Callback) -> Outcome:
        post = asyncio.get_running_loop().create_task(_post(client, callback))
        late = asyncio.Event()

        def give_up() -> None:
            late.set()
            post.cancel()

        deadline = self._clock.call_at(self._clock.now_ms() + DEADLINE_MS, give_up)
        try:
            return await post
        except asyncio.CancelledError:
            if not late.is_set():
                raise  # it is `close` that cancels
            return Outcome(None, f"no answer within {DEADLINE_MS // 1000} s")
        finally:
            deadline.cancel()

    def _record(self, callback: Callback, outcome: Outcome, elapsed_ms: int) -> None:
        result: dict[str, object] = {"status": outcome.status, "error": outcome.error}
        self._feed.publish(
            "callback.delivered",
            event_type=callback.event_type,
            room_id=callback.room_id,
            attempt=callback.attempts,
            elapsed_ms=elapsed_ms,
            **{name: value for name, value in result.items() if value is not None},
        )

    def _retry(self, callback: Callback) -> None:
        if callback.attempts == 1:
            self._spawn(callback)
            return
        when_ms = self._clock.now_ms() + RETRY_EVERY_MS
        if when_ms - callback.created_ms <= MAX_AGE_MS:
            self._retries[callback] = self._clock.call_at(when_ms, lambda: self._spawn(callback))


async def _post(client: httpx.AsyncClient, callback: Callback) -> Outcome:
    try:
        request = client.stream(
            "POST", callback.url, content=callback.body, headers=callback.headers
        )
        async with request as answer:
            return await _read_answer(answer)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Outcome(None, f"{type(error).__name__}: {error}".rstrip(": "))


async def _read_answer(answer: httpx.Response) -> Outcome:
    size = sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
    async for chunk in answer.aiter_raw():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            break
    error = f"the answer is over {MAX_ANSWER_BYTES} bytes" if size > MAX_ANSWER_BYTES else None
    return Outcome(answer.status_code, error)
