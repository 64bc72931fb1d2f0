"""`why`: the verdict and the story as a person reads them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import httpx
import pytest

from local.why import tell
from tests.support.local_commands import run_local, serve_local

ANSWER: dict[str, Any] = {
    "verdict": "The room is not heard.",
    "cause": "A cause.",
    "remedy": "A remedy.",
    "also_known": {"room_id_type": 1},
    "sessions": [
        {
            "session": "1400000000/0/7/1700000000000",
            "story": [
                {"at_ms": 1_700_000_000_000, "what": "opened", "target": "*"},
                {
                    "at_ms": 1_700_000_001_500,
                    "what": "no start: InternalError",
                    "target": "ann\x1b[2J",
                    "request_id": "r-9",
                },
            ],
        }
    ],
}


def test_story_is_told_in_aligned_lines_of_local_time() -> None:
    verdict, cause, remedy, other, empty, session, *lines = tell(ANSWER).split("\n")
    assert verdict == "The room is not heard."
    assert (cause, remedy) == ("  cause: A cause.", "  remedy: A remedy.")
    assert "the string room of that id is known, too" in other
    assert (empty, session) == ("", "session 1400000000/0/7/1700000000000")
    times = [datetime.fromisoformat(line.split()[0]) for line in lines]
    assert [time.timestamp() for time in times] == [1_700_000_000, 1_700_000_001.5]
    assert lines[0].index("opened") == lines[1].index("no start")
    assert lines[1].endswith("speaker ann\x1b[2J  request_id=r-9")


def test_room_nobody_told_of_exits_1() -> None:
    with serve_local("functions", "--port", "0") as host:
        done = run_local("why", "lobby", "--url", host.url)
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout.startswith("Roomscribe was never told of this room (room_id_type 1;")
        assert "\n  cause: No callback has ever come" in done.stdout
        shown = run_local("why", "7", "--type", "numeric", "--json", "--url", host.url)
        assert (shown.returncode, json.loads(shown.stdout)["state"]) == (1, "unknown")
        refused = run_local("why", "lobby", "--sdk-app-id", "1", "--url", host.url)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "sdk_app_id: must be one of the configured applications" in refused.stderr


@pytest.mark.slow
def test_room_that_is_transcribed_exits_0() -> None:
    with serve_local("up", "--port", "0") as up:
        room = {"room_id": "lobby", "room_id_type": 1, "user_id": "amy"}
        assert httpx.post(f"{up.url}/_local/rooms", json=room, timeout=30).is_success
        with httpx.stream("GET", f"{up.url}/_local/feed?after=0", timeout=30) as feed:
            next(line for line in feed.iter_lines() if "task.started" in line)
        done = run_local("why", "lobby", "--url", up.url)
        assert (done.returncode, done.stderr) == (0, "")
        assert "says cloud, start_on room_created" in done.stdout  # 101 or 103 came first
