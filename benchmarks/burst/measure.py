"""What came of the burst, in figures."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import quantiles

from benchmarks.burst.storm import LIMIT_S, ROOMS, STARTS, History
from benchmarks.figures import Figure

MOST_RATIO = 1.10
MOST_THROTTLED = 5.0  # percent


def measure(engine: str, history: History) -> Iterator[Figure]:
    """All that is worth knowing; what has a goal first."""
    begun_ms = min(history.created_ms.values())
    first_ms = {room_id: times[0] for room_id, times in history.started_ms.items()}
    last_ms = max(first_ms.values(), default=begun_ms)
    took_s = (last_ms - begun_ms) / 1000
    calls = [call for call in history.calls if call["action"] in STARTS]
    throttled = sum(call["outcome"] == "RequestLimitExceeded" for call in calls)
    yield Figure(engine, "until all are started", took_s, "s", MOST_RATIO * LIMIT_S)
    yield Figure(engine, "the limit alone", LIMIT_S, "s")
    yield Figure(engine, "ratio", took_s / LIMIT_S, "", MOST_RATIO)
    yield Figure(engine, "throttled calls", throttled, "")
    yield Figure(engine, "their share", 100 * throttled / max(len(calls), 1), "%", MOST_THROTTLED)
    twice = sum(len(times) > 1 for times in history.started_ms.values())
    yield Figure(engine, "rooms with two tasks", twice, "", 0)
    yield Figure(engine, "doubled", history.doubled_s, "s", 0)
    yield Figure(engine, "lost", ROOMS - len(history.started_ms), "rooms", 0)
    waits_s = [(first_ms[room_id] - history.created_ms[room_id]) / 1000 for room_id in first_ms]
    yield from _describe_spread(engine, "wait of a room", waits_s, "s")
    yield from _describe_webhook(engine, history)


def _describe_webhook(engine: str, history: History) -> Iterator[Figure]:
    """How the webhook bore it: TRTC counts each attempt."""
    created = [one for one in history.deliveries if one["event_type"] in (101, 103)]
    took_ms = [float(str(one["elapsed_ms"])) for one in created]
    yield from _describe_spread(engine, "webhook's answer", took_ms, "ms")
    late = sum(one.get("status") is None for one in history.deliveries)
    yield Figure(engine, "webhooks without an answer in 5 s", late)
    again = sum(int(str(one["attempt"])) > 1 for one in history.deliveries)
    yield Figure(engine, "webhooks repeated", again)


def _describe_spread(engine: str, what: str, values: list[float], unit: str) -> Iterator[Figure]:
    if len(values) > 1:
        cuts = quantiles(values, n=100)
        yield Figure(engine, f"{what}, p50", cuts[49], unit)
        yield Figure(engine, f"{what}, p99", cuts[98], unit)
