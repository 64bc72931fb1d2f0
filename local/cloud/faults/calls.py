"""What the planned faults do to one call of the API."""

import asyncio

from starlette.responses import Response

from local.cloud.errors import MESSAGES, ApiError
from local.cloud.faults.answers import (
    DrippingAnswer,
    DroppedAnswer,
    HangingAnswer,
    write_status,
)
from local.cloud.faults.kinds import DEFAULT_DRIP_MS, ApiFault, When

DEFAULT_CODE = "InternalError"
DEFAULT_STATUS = 502


class Trouble:
    """The faults that struck one call; latency and pauses are of real time."""

    def __init__(self, faults: list[ApiFault], closing: asyncio.Event, quota_code: str) -> None:
        self._delays = [fault for fault in faults if fault.what == "latency"]
        self._fault = next((fault for fault in faults if fault.what != "latency"), None)
        self._closing = closing
        self._quota_code = quota_code

    @property
    def name(self) -> str | None:
        """What struck, for the feed."""
        return None if self._fault is None else self._fault.what

    async def come_before(self) -> Response | None:
        """Happen before the effect: an answer in its stead, or None; raises ApiError."""
        await self._wait("before")
        return self._interrupt("before")

    async def come_after(self, answer: Response) -> Response | None:
        """Happen after the effect: what becomes of the answer, None if nothing; raises ApiError."""
        await self._wait("after")
        if self._fault is not None and self._fault.what == "drip":
            pause_ms = DEFAULT_DRIP_MS if self._fault.ms is None else self._fault.ms
            return DrippingAnswer(answer, pause_ms, self._closing)
        return self._interrupt("after")

    async def _wait(self, when: When) -> None:
        for delay in self._delays:
            if delay.phase == when:
                await asyncio.sleep((delay.ms or 0) / 1000)

    def _interrupt(self, when: When) -> Response | None:
        fault = self._fault
        if fault is None or fault.phase != when:
            return None
        if fault.what == "hang":
            return HangingAnswer(self._closing, fault.ms)
        if fault.what == "drop":
            return DroppedAnswer()
        if fault.what == "status":
            return write_status(fault.status or DEFAULT_STATUS)
        raise _write_error(fault, self._quota_code)


def _write_error(fault: ApiFault, quota_code: str) -> ApiError:
    codes = {"throttle": "RequestLimitExceeded", "quota": quota_code}
    code = fault.code or codes.get(fault.what, DEFAULT_CODE)
    return ApiError(code, MESSAGES.get(code, "A fault that was asked for."))
