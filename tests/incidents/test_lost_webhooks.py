"""Callbacks that never come: of some kinds, or all of them for an hour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from local.redis_server import pick_port
from shared.times import write_time
from tests.support.hosted_cloud import CloudAndHost, open_house
from tests.support.hosted_roomscribe import write_rules
from tests.support.questions import (
    HOUR_MS,
    MINUTE_MS,
    ask_missed,
    ask_status,
    ask_why,
    count_running,
    reconcile,
)

pytestmark = pytest.mark.slow

CREATED, DISMISSED, ENTERED, LEFT = 101, 102, 103, 104
OF_TASKS = [901, 902, 903, 1401, 1402, 1403, 1404]  # groups 9 and 14


@pytest.mark.parametrize("healed_by", ["reconcile", "its next event"])
def test_incident_16_beginning_of_a_room_is_lost(
    room_ledger_url: str, tmp_path: Path, healed_by: str
) -> None:
    """101 and 103 never came."""

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("hall")
        await stage.plan(where="callback", what="lose", events=[CREATED, ENTERED])
        await stage.create_room("lobby")
        await stage.pass_time(MINUTE_MS)
        answer = await ask_why(stage, "lobby")
        assert answer["state"] == "unknown"
        assert "callbacks were lost" in answer["cause"]
        assert "./roomscribe reconcile" in answer["remedy"]
        if healed_by == "reconcile":
            assert (await reconcile(stage))["lobby"] == "started"
        else:
            await stage.act("lobby", "audio", user_id="amy", on=True)
        await stage.pass_time(5_000)
        assert (await count_running(stage))["lobby"] == 1
        assert (await ask_why(stage, "lobby"))["state"] == "running"

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)


@pytest.mark.parametrize(("stops", "state"), [(True, "idle"), (False, "running")])
def test_incident_17_end_of_a_room_is_lost(
    room_ledger_url: str, tmp_path: Path, *, stops: bool, state: str
) -> None:
    """102 and 104 never came: an hour later the room seems open, its task stopped as idle or running."""

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(where="callback", what="lose", events=[DISMISSED, LEFT])
        await stage.create_room("lobby")
        last_ms = stage.clock.now_ms()
        await stage.pass_time(10_000)
        await stage.act("lobby", "dismiss")
        await stage.pass_time(HOUR_MS)
        answer = await ask_why(stage, "lobby")
        assert answer["state"] == state
        assert f"the last sign of anybody came at {write_time(last_ms)[:17]}" in answer["verdict"]
        assert "its 102 was lost" in answer["remedy"]
        assert "./roomscribe reconcile" in answer["remedy"]
        assert await reconcile(stage) == {"lobby": "closed"}
        await stage.pass_time(5_000)
        assert await count_running(stage) == {}
        assert (await ask_why(stage, "lobby"))["state"] == "transcribed"

    theatre = open_house(room_ledger_url, write_rules(tmp_path))
    config = replace(theatre.config, idle_stops=stops, dismissal_ends_tasks=False)
    replace(theatre, config=config).play(act)


def test_incident_20_groups_9_and_14_are_not_set_up(room_ledger_url: str, tmp_path: Path) -> None:
    async def act(stage: CloudAndHost) -> None:
        await stage.plan(where="callback", what="lose", events=OF_TASKS)
        await stage.create_room("lobby")
        await stage.act("lobby", "audio", user_id="amy", on=True)
        for _ in range(6):
            await stage.act("lobby", "say", user_id="amy", text="Good morning")
            await stage.pass_time(MINUTE_MS)
        answer = await ask_why(stage, "lobby")
        assert answer["state"] == "silent"
        assert "no sentence has come" in answer["cause"]
        assert "groups 9 and 14" in answer["remedy"]
        status = await ask_status(stage)
        assert status["silent"]["count"] == 1
        assert "group 14: never" in status["summary"]
        (room,) = await ask_missed(stage)
        assert [gap["kind"] for gap in room["gaps"]] == ["silent"]

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)


def test_incident_26_webhooks_url_was_down_for_an_hour(
    room_ledger_url: str, tmp_path: Path
) -> None:
    """One room ended in that hour, one began, one went on."""

    async def act(stage: CloudAndHost) -> None:
        for room_id in ("ended", "went on"):
            await stage.create_room(room_id)
        await stage.pass_time(2 * MINUTE_MS)
        last_ms = stage.clock.now_ms()
        webhook = f"{stage.url}/functions/trtc_callback"
        stage.cloud.set_callback_url(f"http://127.0.0.1:{pick_port()}/")
        await stage.create_room("began")
        await stage.act("ended", "dismiss")
        await stage.pass_time(HOUR_MS)
        answer = await ask_why(stage, "began")
        assert f"the last came at {write_time(last_ms)[:14]}" in answer["verdict"]
        assert "no callback arrives any more" in answer["cause"]
        assert "URL in the TRTC console" in answer["remedy"]
        assert "./roomscribe reconcile" in answer["remedy"]
        last = (await ask_status(stage))["last_callback"]["1"]
        assert last["age_ms"] >= HOUR_MS
        stage.cloud.set_callback_url(webhook)
        told = await reconcile(stage)
        assert (told["began"], told["ended"]) == ("started", "closed")
        await stage.pass_time(5_000)
        assert await count_running(stage) == {"began": 1, "went on": 1}
        assert stage.read_seconds()["doubled"] == 0

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)
