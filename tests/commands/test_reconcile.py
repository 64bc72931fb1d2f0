"""`reconcile` against a running local cloud."""

from __future__ import annotations

import json

import pytest

from tests.support.local_commands import run_local, serve_local

ROOMS = json.dumps([{"room_id": "from-a-list", "room_id_type": 1}])


@pytest.mark.slow
def test_rooms_are_reconciled_by_list_by_what_trtc_tells_and_by_what_failed() -> None:
    with serve_local("up", "--port", "0", "--clock", "manual") as up:
        where = ("--url", up.url)
        done = run_local("reconcile", "--rooms", "-", "--dry-run", *where, stdin=ROOMS)
        assert (done.returncode, done.stderr) == (0, "")
        title, line, counts = done.stdout.splitlines()
        assert title.split() == ["room", "type", "outcome", "reason"]
        assert line.split() == ["from-a-list", "string", "start"]
        assert counts == "1 start"

        done = run_local("reconcile", "--rooms", "-", *where, stdin=f'{{"rooms": {ROOMS}}}')
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 started")
        done = run_local("reconcile", "--rooms", "-", "--json", *where, stdin=ROOMS)
        assert json.loads(done.stdout)["counts"] == {"unchanged": 1}

        marked = '[{"room_id": "[/]", "room_id_type": 1}]'  # no mark-up for a terminal
        done = run_local("reconcile", "--rooms", "-", "--dry-run", *where, stdin=marked)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[1].split() == ["[/]", "string", "start"]

        done = run_local("reconcile", "--since", "1h", *where)
        assert (done.returncode, done.stderr) == (0, "")
        done = run_local("reconcile", "--state", "failed", "--error", "InternalError", *where)
        assert (done.returncode, done.stdout) == (0, "No room.\n")

        done = run_local("reconcile", "--rooms", "-", *where, stdin="{}")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("error: --rooms: must be a JSON list")


@pytest.mark.slow
def test_missing_package_is_said_and_exits_1() -> None:
    with serve_local("up", "--port", "0", "--clock", "manual", "--room-data", "none") as up:
        done = run_local("reconcile", "--url", up.url)
        assert (done.returncode, done.stderr) == (1, "")
        assert "package" in done.stdout
