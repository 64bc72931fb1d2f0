"""`replay` of an export into a local cloud whose room is live: twice, and nothing is doubled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.local_commands import run_local, serve_local

QUIET = "[[step]]\ndo = 'create'\nroom_id = 'private-1'\nroom_id_type = 1\nuser_id = 'amy'\n"
SAID = {"user_id": "ann", "text": "Good morning", "translations": {"zh": "早上好"}, "wait_s": 60}


def read_log(url: str, *awaited: int) -> list[dict[str, Any]]:
    """What the functions wrote, until there is a line about a callback of each of these types."""
    lines, missing = [], set(awaited)
    with httpx.stream("GET", f"{url}/_local/feed?after=0", timeout=60) as feed:
        for text in feed.iter_lines():
            entry = json.loads(text.removeprefix("data: ")) if text.startswith("data: ") else {}
            if entry.get("kind") == "function.log":
                lines.append(entry["line"])
                missing.discard(entry["line"].get("event_type"))
                if not missing:
                    return lines
    raise AssertionError("the feed ended")


@pytest.mark.slow
def test_export_played_twice_doubles_nothing(tmp_path: Path) -> None:
    (tmp_path / "quiet.toml").write_text(QUIET)
    room = {"room_id": "class-8", "room_id_type": 1, "user_id": "ann"}
    with (
        serve_local("up", "--port", "0", "--scenario", str(tmp_path / "quiet.toml")) as up,
        httpx.Client(base_url=up.url, timeout=90) as http,
    ):
        assert http.post("/_local/rooms", json=room).status_code == 201
        assert len(http.post("/_local/rooms/class-8/say", json=SAID).json()["heard_by"]) == 1
        entries = [
            {"SCF_Message": json.dumps(line)}
            for line in reversed(read_log(up.url, 203, 1403, 1404))
        ]
        export = tmp_path / "cls.json"
        export.write_text("\n".join(map(json.dumps, [{"SCF_Message": "START"}, *entries])))
        webhook = f"{up.url}/functions/trtc_callback"
        before = read_state(http)
        for _ in range(2):
            done = run_local("replay", str(export), "--room", "class-8", "--url", webhook)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout
            assert f"read {len(entries) + 1} lines of a CLS export in 1 file" in done.stdout
            assert "cannot be rebuilt: the log never holds what was said" in done.stdout
            assert read_state(http) == before


def read_state(http: httpx.Client) -> tuple[object, ...]:
    """The room's tasks, seconds doubled, and all that the transcript has."""
    rooms = http.get("/_local/rooms").json()["rooms"]
    tasks = [task for room in rooms if room["room_id"] == "class-8" for task in room["tasks"]]
    listed = http.get("/_local/transcripts", params={"room": "1400000001/1/class-8"}).json()
    (one,) = listed["transcripts"]
    transcript = http.get(f"{one['link']}.json").json()
    said = [(each["text"], each["translations"]) for each in transcript["sentences"]]
    doubled = http.get("/_local/report").json()["doubled_s"]
    return [task["task_id"] for task in tasks], doubled, said, transcript["unread"]
