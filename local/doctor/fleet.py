"""What the fleet's numbers mean: tasks that run, rooms that wait or failed, and when callbacks last came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.doctor.finding import Finding
from shared.counts import write_count
from shared.times import write_duration

CHECK = "fleet"
LONG_WAIT_MS = 60_000
# As docs/deploy.md calls them, and the TRTC console.
GROUPS = {"1": "room events", "9": "AI service events (1.0)", "14": "AI transcription 2.0"}
SEE = "see `./roomscribe status`: it names the rooms, the reason and what to do"


def explain_fleet(answer: Mapping[str, Any]) -> Iterator[Finding]:
    """Findings about an answer of describe_fleet."""
    yield Finding("ok", CHECK, f"{answer['running']} of {answer['quota']} tasks run")
    for warning in answer["warnings"]:
        text, _, remedy = warning.partition("; ")
        yield Finding("warn", CHECK, text, remedy, "settings")
    waiting = answer["waiting"]
    if waiting["count"]:
        oldest_ms = waiting["oldest_ms"]
        tasks = write_count(waiting["count"], "task")
        text = f"{tasks} waiting, the oldest for {write_duration(oldest_ms)}"
        level = "warn" if oldest_ms >= LONG_WAIT_MS else "ok"
        yield Finding(level, CHECK, text, SEE, "settings")  # type: ignore[arg-type]  # one of the two
    for code, count in answer["failed"]["codes"].items():
        text = f"{write_count(count, 'task')} failed with {code}"
        yield Finding("warn", CHECK, text, SEE, "settings")
    for group, last in answer["last_callback"].items():
        name = f"group {group}, {GROUPS[group]}"
        if last:
            text = f"last callback of {name}: {write_duration(last['age_ms'])} ago"
            yield Finding("ok", CHECK, text)
        else:
            text = f"no callback of {name}, was ever accepted"
            yield Finding(
                "warn", CHECK, text, "choose the group in the TRTC console", "trtc-console"
            )
