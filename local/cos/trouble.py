"""What the planned faults do to one request of COS."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager

from starlette.responses import Response

from local.cloud.clock import Clock
from local.cloud.faults.answers import DroppedAnswer
from local.cloud.faults.kinds import CosFault, When
from local.cos.errors import CosError

DEFAULT_CODE = "InternalError"

# Around a wait for the clock: whoever moves a manual clock must not wait for what waits for it.
Holding = Callable[[], AbstractContextManager[object]]


class Trouble:
    """The faults that struck one request; latency passes on the emulator's clock."""

    def __init__(
        self, faults: list[CosFault], clock: Clock, holding: Holding = contextlib.nullcontext
    ) -> None:
        self._delays = [fault for fault in faults if fault.what == "latency"]
        self._fault = next((fault for fault in faults if fault.what != "latency"), None)
        self._clock = clock
        self._holding = holding

    async def come(self, when: When) -> Response | None:
        """Happen before or after the effect: an answer in place of COS's, or None; raises CosError."""
        delay_ms = sum(fault.ms or 0 for fault in self._delays if fault.phase == when)
        if delay_ms:
            await self._wait(delay_ms)
        if self._fault is None or self._fault.phase != when:
            return None
        if self._fault.what == "drop":
            return DroppedAnswer()
        raise CosError(self._fault.code or DEFAULT_CODE)

    async def _wait(self, ms: int) -> None:
        over = asyncio.get_running_loop().create_future()
        with contextlib.ExitStack() as held:
            held.enter_context(self._holding())

            def end() -> None:
                held.close()  # at once, so that the clock waits for what the client does next
                over.set_result(None)

            timer = self._clock.call_at(self._clock.now_ms() + ms, end)
            held.callback(timer.cancel)
            await over
