"""What README.md tells people to paste into a shell: it works as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from local.development import ENDPOINT
from tests.support.local_commands import PATIENCE_S, ROOT, serve_local

QUIET = "[[step]]\ndo = 'create'\nroom_id = 'private-1'\nroom_id_type = 1\nuser_id = 'amy'\n"


def test_room_by_hand_is_transcribed_when_all_its_lines_are_pasted_at_once(tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (block,) = (block for block in blocks if "/_local/rooms" in block)
    assert ENDPOINT in block
    (tmp_path / "quiet.toml").write_text(QUIET)
    with serve_local("up", "--port", "0", "--scenario", str(tmp_path / "quiet.toml")) as up:
        pasted = subprocess.run(
            ["bash", "-ec", block.replace(ENDPOINT, up.url)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=True,
        )
    answers, rest = [], pasted.stdout
    while rest:
        answer, end = json.JSONDecoder().raw_decode(rest)
        answers.append(answer)
        rest = rest[end:]
    created, said, report = answers
    assert created["room_id"] == "class-8"
    assert len(said["heard_by"]) == 1
    assert "class-8" in [room["room_id"] for room in report["rooms"]]
