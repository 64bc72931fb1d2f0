"""What is wrong with a deployment, and with no room."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.hosted_cloud import CloudAndHost, open_house
from tests.support.hosted_roomscribe import write_rules
from tests.support.local_commands import run_local
from tests.support.questions import ask_why, count_running

pytestmark = pytest.mark.slow

APPS = [
    {"sdk_app_id": sdk_app_id, "secret_key": f"secret-{sdk_app_id}", "callback_key": "sameKey"}
    for sdk_app_id in (1400000001, 1400000002)
]
CAUSE, REMEDY = "two applications have the same callback_key", "give each its own"


def test_incident_27_drain_function_is_wrong(room_ledger_url: str, tmp_path: Path) -> None:
    """The log names the setting; TRTC's next attempt, or the timer, does what the call would have done."""

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(where="callback", what="lose", events=[103])
        await stage.plan(where="api", what="error", code="InternalError", times=1)
        await stage.create_room("lobby")
        await stage.pass_time(0)
        line = stage.list_lines("drain.not_called")[0]
        assert line["error_code"].startswith("ResourceNotFound.Function")
        assert "no function of that name" in line["reason"]
        assert "DRAIN_FUNCTION" in line["remedy"]
        await stage.pass_time(35_000)
        assert await count_running(stage) == {"lobby": 1}
        assert (await ask_why(stage, "lobby"))["state"] == "running"

    theatre = open_house(room_ledger_url, write_rules(tmp_path), DRAIN_FUNCTION="roomscribe-drain")
    theatre.play(act)


def test_incident_28_two_applications_with_one_key(room_ledger_url: str, tmp_path: Path) -> None:
    """Every function refuses to begin, and doctor says it before anything is deployed."""
    settings = {"TRTC_APPS": json.dumps(APPS)}
    done = run_local("doctor", "--endpoint", "http://127.0.0.1:9", environ=settings)
    assert done.returncode == 1
    assert f"FAIL  settings     TRTC_APPS: {CAUSE}. Remedy: {REMEDY}" in done.stdout

    async def act(stage: CloudAndHost) -> None:
        answer = await stage.invoke("describe_room", room_id="lobby")
        assert answer["error_code"] == "settings"
        assert f"{CAUSE}; {REMEDY}" in answer["message"]

    open_house(room_ledger_url, write_rules(tmp_path), **settings).play(act)
