"""The API hangs, or fails at its own end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hosted_cloud import STARTS, CloudAndHost, open_house
from tests.support.hosted_roomscribe import write_rules
from tests.support.questions import (
    HOUR_MS,
    MINUTE_MS,
    ask_missed,
    ask_status,
    ask_why,
    count_running,
)

pytestmark = pytest.mark.slow


def test_incident_18_api_hangs(room_ledger_url: str, tmp_path: Path) -> None:
    """It is told apart from an API to which there is no way; and heals by itself."""

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(where="api", what="hang", actions=[*STARTS], times=1)
        await stage.create_room("lobby")
        await stage.pass_time(0)
        answer = await ask_why(stage, "lobby")
        assert "ClientNetworkError.TimeoutError" in answer["verdict"]
        assert "did not answer in time: it hangs" in answer["cause"]
        assert "status page" in answer["remedy"]
        await stage.pass_time(MINUTE_MS)
        assert await count_running(stage) == {"lobby": 1}

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)


def test_incident_19_api_answers_500_for_an_hour(room_ledger_url: str, tmp_path: Path) -> None:
    """One ERROR line tells of it, and it heals by itself."""

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(where="api", what="status", status=500)
        await stage.create_room("lobby")
        await stage.pass_time(HOUR_MS)
        answer = await ask_why(stage, "lobby")
        assert answer["state"] == "waiting"
        assert "attempts" in answer["verdict"]
        assert "gateway failed" in answer["cause"]
        assert "tried again" in answer["remedy"]
        (room,) = (await ask_status(stage))["rooms"]
        assert (room["kind"], "gateway failed" in room["reason"]) == ("waiting", True)
        (line,) = stage.list_lines("room.untranscribed")
        assert (line["level"], line["error_code"]) == ("ERROR", room["error_code"])
        await stage.clear_faults()
        await stage.pass_time(MINUTE_MS)
        assert await count_running(stage) == {"lobby": 1}
        (room,) = await ask_missed(stage)
        (gap,) = room["gaps"]
        assert (gap["kind"], gap["is_over"], gap["lasted_ms"] >= HOUR_MS) == ("missing", True, True)

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)
