"""How many requests of an action a second the account may make."""

from collections.abc import Mapping

from local.cloud.clock import Clock
from local.cloud.errors import ApiError


class RateLimits:
    """Counts the requests of each action by whole seconds of the clock."""

    def __init__(self, clock: Clock, per_second: Mapping[str, int]) -> None:
        self._clock = clock
        self._per_second = per_second
        self._counted: dict[str, tuple[int, int]] = {}

    def admit(self, action: str) -> None:
        """Count a request; raises ApiError RequestLimitExceeded beyond the limit."""
        limit = self._per_second.get(action)
        if limit is None:
            return
        second = self._clock.now_ms() // 1000
        counted_second, count = self._counted.get(action, (second, 0))
        count = count if counted_second == second else 0
        if count >= limit:
            raise ApiError(
                "RequestLimitExceeded", f"{action} is limited to {limit} requests per second."
            )
        self._counted[action] = (second, count + 1)
