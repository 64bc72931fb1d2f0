"""Rooms that no task runs in, or another one than is meant, because rules or people say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.times import write_time
from tests.support.hosted_cloud import CloudAndHost, open_house
from tests.support.hosted_roomscribe import AI_ROOM, write_rules
from tests.support.questions import ask_status, ask_why, count_running

pytestmark = pytest.mark.slow

BY_A_USER, BY_THE_SERVER = 1, 3  # codes of 902


@pytest.mark.parametrize(("service", "state"), [("cloud", "running"), ("none", "not_wanted")])
def test_incident_21_typo_sends_the_room_to_the_rule_for_all_rooms(
    room_ledger_url: str, tmp_path: Path, service: str, state: str
) -> None:
    """That rule transcribes it otherwise than is meant, or not at all."""

    async def act(stage: CloudAndHost) -> None:
        for room_id in ("speakrs-1", "zoo"):
            await stage.create_room(room_id)
        await stage.pass_time(5_000)
        answer = await ask_why(stage, "speakrs-1")
        assert answer["state"] == state
        assert "spelled nearly like 'speakers-*'" in answer["verdict"]
        assert "Rule 'everything else' is what a room gets" in answer["cause"]
        assert "./roomscribe explain" in answer["remedy"]
        assert "spelled" not in (await ask_why(stage, "zoo"))["verdict"]

    rules = write_rules(tmp_path)
    rules.write_text(f'{rules.read_text()}service = "{service}"\n')  # of the last
    open_house(room_ledger_url, rules).play(act)


def test_incident_22_rule_says_none(room_ledger_url: str, tmp_path: Path) -> None:
    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("private-1")
        await stage.pass_time(5_000)
        answer = await ask_why(stage, "private-1")
        assert answer["state"] == "not_wanted"
        assert "Rule 'private' matches it" in answer["cause"]
        assert "rules.toml" in answer["remedy"]
        assert "start_transcription with a service" in answer["remedy"]
        assert await count_running(stage) == {}

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)


def test_incident_23_stopped_by_hand(room_ledger_url: str, tmp_path: Path) -> None:
    """By whom and when is told, and start_transcription begins it again."""

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("lobby")
        await stage.pass_time(60_000)
        stopped = write_time(stage.clock.now_ms())
        await stage.invoke("stop_transcription", room_id="lobby", room_id_type=1, by="kim")
        answer = await ask_why(stage, "lobby")
        assert answer["state"] == "held"
        assert f"stopped by hand at {stopped[:19]}" in answer["verdict"]
        assert answer["verdict"].endswith("by kim.")
        assert "stop_transcription" in answer["cause"]
        assert "start_transcription" in answer["remedy"]
        assert (await ask_status(stage))["held"]["count"] == 1
        await stage.invoke("start_transcription", room_id="lobby", room_id_type=1)
        await stage.pass_time(5_000)
        assert await count_running(stage) == {"lobby": 1}

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)


async def end_task(stage: CloudAndHost, leave_code: int) -> None:
    """Let the bot be taken out of the room."""
    ((task_id,),) = (await stage.list_tasks()).values()
    path = f"/_local/tasks/{task_id}/end"
    answer = await stage.http.post(path, json={"leave_code": leave_code})
    answer.raise_for_status()


def test_incident_24_bot_is_removed_by_a_user(room_ledger_url: str, tmp_path: Path) -> None:
    async def act(stage: CloudAndHost) -> None:
        await stage.create_room(AI_ROOM)
        await stage.pass_time(5_000)
        await end_task(stage, BY_A_USER)
        await stage.pass_time(60_000)
        answer = await ask_why(stage, AI_ROOM)
        assert answer["state"] == "held"
        assert "the bot was removed by a user" in answer["verdict"]
        assert "taken out of the room" in answer["cause"]
        assert "start_transcription" in answer["remedy"]
        (room,) = (await ask_status(stage))["rooms"]
        assert (room["room_id"], room["kind"]) == (AI_ROOM, "held")
        await stage.invoke("start_transcription", room_id=AI_ROOM, room_id_type=1)
        await stage.pass_time(5_000)
        assert await count_running(stage) == {AI_ROOM: 1}

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)


def test_incident_24_bot_is_removed_by_the_server(room_ledger_url: str, tmp_path: Path) -> None:
    """As by the host of the room, through the server's API: it comes back, and the story tells why."""

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room(AI_ROOM)
        await stage.pass_time(5_000)
        await end_task(stage, BY_THE_SERVER)
        await stage.pass_time(60_000)
        assert await count_running(stage) == {AI_ROOM: 1}
        answer = await ask_why(stage, AI_ROOM)
        assert answer["state"] == "running"
        told = [one["what"] for one in answer["sessions"][0]["story"]]
        assert any("the bot was removed by the server" in what for what in told)

    open_house(room_ledger_url, write_rules(tmp_path)).play(act)
