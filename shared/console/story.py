"""What happened in a session, in order of time, from what describe_room shows of it: pure."""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from pathlib import Path

from msgspec import json

from shared.counts import write_count
from shared.scf import Json
from shared.times import write_time
from shared.transcripts.timeline import WALL_CLOCK_MS

# By the name of a time, after that of the list or object which it is in: what happened then.
WORDS: dict[str, str] = json.decode(Path(__file__).with_suffix(".json").read_bytes())
NAMED = ("target", "user_id", "task_id", "region", "code", "times", "request_id")
COUNTED = ("sentences", "times")


def tell_story(shown: Json, name: str = "session", around: Json | None = None) -> list[Json]:
    """What happened when, in sentences; `shown` gets an ISO time beside each that is in ms since 1970."""
    for key in [key for key in shown if key.endswith("_ms")]:
        if (shown[key] or 0) >= WALL_CLOCK_MS:
            shown.setdefault(key[:-3], write_time(shown[key]))  # a flag may have that name
    facts = {**(around or {}), **shown}
    about = {key: facts[key] for key in NAMED if key in facts}
    story: list[Json] = []
    for key, value in shown.items():
        kind = shown.get("present", shown.get("opened_by"))
        words = WORDS.get(f"{name}.{key}.{kind}") or WORDS.get(f"{name}.{key}")
        if told := words if value else None:
            counts = {key: write_count(facts[key], key[:-1]) for key in COUNTED if key in facts}
            what = told.format_map(defaultdict(lambda: "unknown", facts | counts))
            story.append({"at": write_time(value), "at_ms": value, "what": what, **about})
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                story += tell_story(one, key, facts)
    return sorted(story, key=itemgetter("at_ms"))
