"""Callbacks on their way to the webhook: 5 s to answer, an immediate retry, then every 10 s.

Source: doc 647/51586 (2025-01-06). TRTC promises no order, and here every callback travels alone.
"""

import asyncio
from dataclasses import dataclass

from local.cloud.callbacks import Callback, sign_body
from local.cloud.clock import Clock, Timer
from local.cloud.config import CloudConfig
from local.cloud.faults.detours import Detours
from local.cloud.faults.machines import Machines
from local.cloud.faults.plan import Plan
from local.cloud.feed import Feed
from local.cloud.poster import Poster, PostError
from local.cloud.state import RoomKey

DEADLINE_MS = 5_000
RETRY_EVERY_MS = 10_000
MAX_AGE_MS = 60_000
MAX_ANSWER_BYTES = 2_000
# Sockets; callbacks beyond that wait, and their deadline starts when they are sent.
MAX_AT_ONCE = 100


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

    def __init__(
        self, config: CloudConfig, clock: Clock, feed: Feed, plan: Plan, machines: Machines
    ) -> None:
        self.url = config.callback_url
        self._keys = {a.sdk_app_id: a.callback_key for a in config.applications}
        self._clock = clock
        self._feed = feed
        self._machines = machines
        self._detours = Detours(clock, plan, self._spawn)
        self._poster = Poster(MAX_ANSWER_BYTES)
        self._open = False
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._attempts: set[asyncio.Task[None]] = set()
        self._retries: dict[Callback, Timer] = {}

    def start(self) -> None:
        """Open for business: until then, and after `close`, callbacks go nowhere."""
        self._open = True

    async def close(self) -> None:
        """Drop whatever is on its way."""
        self._open = False
        self._detours.close()
        for timer in self._retries.values():
            timer.cancel()
        self._retries.clear()
        for attempt in self._attempts:
            attempt.cancel()
        await asyncio.gather(*self._attempts, return_exceptions=True)
        self._poster.close()

    @property
    def on_their_way(self) -> int:
        """How many callbacks have been sent, or wait for a place, and are not answered."""
        return len(self._attempts)

    async def settle(self, patience_s: float) -> bool:
        """Wait until no callback is on its way, and say whether that came true in time.

        Those that wait for a retry, or that a fault holds back, are not on their way. The patience
        is of real time: while a ManualClock stands still no deadline comes.
        """
        loop = asyncio.get_running_loop()
        give_up_s = loop.time() + patience_s
        while self._attempts and loop.time() < give_up_s:
            await asyncio.wait(self._attempts, timeout=give_up_s - loop.time())
        return not self._attempts

    def send(self, room: RoomKey, event_type: int, body: bytes) -> None:
        """Post a callback about that room to the webhook, if there is one."""
        if self.url is None:
            return
        sdk_app_id = room[0]
        headers = {"Content-Type": "application/json", "SdkAppId": str(sdk_app_id)}
        if self._keys[sdk_app_id]:
            headers["Sign"] = sign_body(body, self._keys[sdk_app_id])
        self._detours.send(Callback(self.url, headers, body, room, event_type))

    def _spawn(self, callback: Callback) -> None:
        self._retries.pop(callback, None)
        if not self._open:
            return
        attempt = asyncio.get_running_loop().create_task(self._try(callback))
        self._attempts.add(attempt)
        attempt.add_done_callback(self._attempts.discard)

    async def _try(self, callback: Callback) -> None:
        callback.attempts += 1
        async with self._places:
            started_ms = self._clock.now_ms()
            outcome = await self._post_in_time(callback)
        if callback.attempts == 1:
            callback.first_ms = started_ms
            self._detours.pass_by(callback)
        self._record(callback, outcome, self._clock.now_ms() - started_ms)
        if not outcome.delivered:
            self._retry(callback)

    async def _post_in_time(self, callback: Callback) -> Outcome:
        attempt, late = asyncio.current_task(), False

        def give_up() -> None:
            nonlocal late
            late = True
            if attempt is not None:
                attempt.cancel()

        deadline = self._clock.call_at(self._clock.now_ms() + DEADLINE_MS, give_up)
        try:
            return await self._post(callback)
        except asyncio.CancelledError:
            if not late:
                raise  # it is `close` that cancels
            return Outcome(None, f"no answer within {DEADLINE_MS // 1000} s")
        finally:
            deadline.cancel()

    async def _post(self, callback: Callback) -> Outcome:
        def hand_over() -> None:
            self._machines.hand_over(callback.event_type, callback.room[1])

        try:
            answer = await self._poster.post(
                callback.url, callback.headers, callback.body, hand_over
            )
        except PostError as error:
            return Outcome(None, str(error))
        too_large = answer.size > MAX_ANSWER_BYTES
        error_text = f"the answer is over {MAX_ANSWER_BYTES} bytes" if too_large else None
        return Outcome(answer.status, error_text)

    def _record(self, callback: Callback, outcome: Outcome, elapsed_ms: int) -> None:
        result: dict[str, object] = {"status": outcome.status, "error": outcome.error}
        sdk_app_id, room_id, room_id_type = callback.room
        self._feed.publish(
            "callback.delivered",
            event_type=callback.event_type,
            sdk_app_id=sdk_app_id,
            room_id=room_id,
            room_id_type=room_id_type,
            attempt=callback.attempts,
            elapsed_ms=elapsed_ms,
            **{name: value for name, value in result.items() if value is not None},
        )

    def _retry(self, callback: Callback) -> None:
        if callback.attempts == 1:
            self._spawn(callback)
            return
        when_ms = self._clock.now_ms() + RETRY_EVERY_MS
        if when_ms - callback.first_ms <= MAX_AGE_MS:
            self._retries[callback] = self._clock.call_at(when_ms, lambda: self._spawn(callback))
