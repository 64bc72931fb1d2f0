"""A clock that is off: callbacks that are signed rightly look like old ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hosted_cloud import CloudAndHost, open_house
from tests.support.hosted_roomscribe import write_rules
from tests.support.questions import MINUTE_MS, ask_status, ask_why, count_running

pytestmark = pytest.mark.slow

OFF_MS = 10 * MINUTE_MS


def test_incident_15_clock_is_ten_minutes_off(room_ledger_url: str, tmp_path: Path) -> None:
    """To the functions every callback is ten minutes old, until the clock is set."""

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(where="callback", what="delay", ms=OFF_MS)
        await stage.create_room("lobby")
        await stage.pass_time(OFF_MS + 2 * MINUTE_MS)
        answer = await ask_why(stage, "lobby")
        assert "stale" in answer["verdict"]
        assert "too far from this clock's" in answer["cause"]
        assert "set the clock" in answer["remedy"].lower()
        assert "group 1: never" in (await ask_status(stage))["summary"]
        line = stage.list_lines("callback.refused")[0]
        assert line["clock_off_ms"] == pytest.approx(OFF_MS, abs=5_000)
        assert "older than this function's clock" in line["reason"]
        await stage.clear_faults()
        await stage.act("lobby", "audio", user_id="amy", on=True)
        await stage.pass_time(5_000)
        assert await count_running(stage) == {"lobby": 1}

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)
