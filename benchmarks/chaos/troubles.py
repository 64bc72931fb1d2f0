"""What goes wrong, all at once: API calls of each kind, webhooks, tasks, the archive, event endpoints."""

from __future__ import annotations

from typing import Literal

Fault = dict[str, object]
# How the end of a task is told: by 902 and 1402, by the bot's 104 alone, or not at all.
Ends = Literal["told", "bots", "untold"]

RATE = 0.05
LOST = 0.01
HANG_MS = 400  # real time; a caller that hears nothing for so long knows as much as after a timeout
STARTS = ["StartAITranscription", "CreateCloudTranscription"]
STOPS = ["StopAITranscription", "DeleteCloudTranscription"]


def list_faults(seed: int, ends: Ends = "told") -> list[Fault]:
    """The faults of docs/faults.md, each with a seed of its own."""
    faults = [
        *_list_api_faults(),
        *_list_callback_faults(),
        *_list_task_faults(),
        *_list_delivery_faults(),
    ]
    if ends != "told":
        faults.append({"where": "callback", "what": "lose", "events": [902, 1402]})
    return _give_seeds(faults, seed)


def list_delivery_faults(seed: int) -> list[Fault]:
    """Those of the archive and of the event endpoints alone."""
    return _give_seeds(_list_delivery_faults(), seed)


def _give_seeds(faults: list[Fault], seed: int) -> list[Fault]:
    return [{**fault, "seed": seed * 1000 + number} for number, fault in enumerate(faults)]


def _list_api_faults() -> list[Fault]:
    kinds: list[Fault] = [
        {"what": "error", "when": "before", "code": "InternalError"},
        {"what": "error", "when": "after", "code": "InternalError"},
        {"what": "status", "when": "before", "status": 502},
        {"what": "status", "when": "after", "status": 504},
        {"what": "drop", "when": "before"},
        {"what": "drop", "when": "after"},
        {"what": "throttle"},
        {"what": "quota", "actions": STARTS},
        {"what": "drip", "ms": 1, "actions": STARTS},
        {"what": "latency", "ms": 30, "actions": STARTS},
        {"what": "hang", "when": "before", "ms": HANG_MS, "actions": STARTS + STOPS},
        {"what": "hang", "when": "after", "ms": HANG_MS, "actions": STARTS + STOPS},
    ]
    # The first that strikes wins: of the last one, too, 5 % of all calls are to be struck.
    return [
        {"where": "api", "rate": round(RATE / (1 - RATE * n), 4), **k} for n, k in enumerate(kinds)
    ]


def _list_callback_faults() -> list[Fault]:
    return [
        {"where": "callback", "what": "lose", "rate": LOST},
        {"where": "callback", "what": "duplicate", "copies": 2},
        {"where": "callback", "what": "delay", "ms": 8_000, "rate": RATE},
        {"where": "callback", "what": "delay", "ms": 40_000, "rate": LOST},
        {"where": "callback", "what": "reorder", "rate": RATE},
    ]


def _list_task_faults() -> list[Fault]:
    return [
        {"where": "task", "what": "crash", "leave_code": 98, "after_ms": 300_000, "rate": RATE},
        {"where": "task", "what": "crash", "leave_code": 98, "after_ms": 1_200_000, "rate": RATE},
    ]


def _list_delivery_faults() -> list[Fault]:
    archive: list[Fault] = [
        {"what": "error", "when": "before", "code": "SlowDown"},
        {"what": "error", "when": "after", "code": "InternalError"},
        {
            "what": "error",
            "when": "before",
            "code": "ServiceUnavailable",
            "operations": ["PutObject"],
        },
        {"what": "drop", "when": "before"},
        {"what": "drop", "when": "after"},
        {"what": "drop", "when": "after", "operations": ["DeleteObject", "GetBucket"]},
        {"what": "latency", "when": "before", "ms": 1_500},
        {"what": "latency", "when": "after", "ms": 700},
    ]
    endpoints: list[Fault] = [
        {"what": "slow", "ms": 3_000},
        {"what": "status", "status": 500},
        {"what": "status", "status": 503},
        {"what": "drop"},
        {"what": "away"},
    ]
    return [
        *({"where": "cos", "rate": RATE, **kind} for kind in archive),
        *({"where": "endpoint", "rate": RATE, **kind} for kind in endpoints),
    ]
