"""When an event is sent again to an endpoint that did not take it."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

# The pauses before the second try, the third, and so on. Source: Standard Webhooks, Deliverability, 2023-11.
PAUSES_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MOST_TRIES = 1 + len(PAUSES_S)
JITTER = 0.1  # of a pause, at most: what failed together does not come back together
LONGEST_WAIT_MS = 86_400_000  # that an endpoint may ask for


def find_next_ms(tries: int, now_ms: int, retry_after_ms: int, chance: float) -> int:
    """When to try again after so many `tries`, in ms since 1970; 0: never.

    `retry_after_ms` is what the endpoint asked to wait, 0 for nothing. `chance` is from 0 to 1: how much
    of the jitter is added.
    """
    if tries >= MOST_TRIES:
        return 0
    pause_ms = PAUSES_S[tries - 1] * 1000 * (1 + JITTER * chance)
    return now_ms + max(int(pause_ms), min(retry_after_ms, LONGEST_WAIT_MS))


def read_retry_after(text: str, now_ms: int) -> int:
    """The wait in ms that a Retry-After header asks for; 0 for a time that is over, and for nonsense.

    Source: RFC 9110, 10.2.3.
    """
    if text.isascii() and text.isdecimal():
        return min(int(text[:9]) * 1000, LONGEST_WAIT_MS)
    try:
        at_ms = int(parsedate_to_datetime(text).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return 0
    return min(max(at_ms - now_ms, 0), LONGEST_WAIT_MS)
