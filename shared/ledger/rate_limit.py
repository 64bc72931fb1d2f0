"""How calls are spread so that no second sees too many: a sliding window, pure.

The Redis engine does the same in a script of its own.
"""

from __future__ import annotations

WINDOW_MS = 1_000


def take_slot(given: list[int], per_s: int, now_ms: int) -> tuple[int, list[int]]:
    """The ms to wait (0: the slot is yours), and the times of the slots given last, newest first.

    Clocks differ a little between machines, so times never go back; a newest time more than a
    window ahead was written by a wrong clock, and all of them are forgotten.
    """
    if given and given[0] > now_ms + WINDOW_MS:
        given = []
    at_ms = max(now_ms, given[0]) if given else now_ms
    if len(given) >= per_s and at_ms < given[per_s - 1] + WINDOW_MS:
        return given[per_s - 1] + WINDOW_MS - now_ms, given
    return 0, [at_ms, *given][:per_s]
