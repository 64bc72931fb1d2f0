"""What the planned faults do to one request of COS."""

import contextlib

from starlette.responses import Response

from local.cloud.clock import Clock
from local.cloud.faults.answers import DroppedAnswer
from local.cloud.faults.kinds import CosFault, When
from local.cloud.waiting import Holding, wait_for_clock
from local.cos.errors import CosError

DEFAULT_CODE = "InternalError"


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
            await wait_for_clock(self._clock, delay_ms, self._holding)
        if self._fault is None or self._fault.phase != when:
            return None
        if self._fault.what == "drop":
            return DroppedAnswer()
        raise CosError(self._fault.code or DEFAULT_CODE)
