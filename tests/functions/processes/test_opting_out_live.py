"""Somebody opts out while people talk: in real processes, with a drainer and callbacks at the same moment."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.archive.keys import find_folder
from tests.support.hosted_cloud import CloudAndHost, HostedCloud
from tests.support.hosted_roomscribe import AI_ROOM, CLOUD_ROOM, OpenHouse

pytestmark = pytest.mark.slow

MOST_GAP_MS = 5_000
ROOMS = [CLOUD_ROOM, AI_ROOM]
STARTS = ["CreateCloudTranscription", "StartAITranscription"]
STOPS = ["DeleteCloudTranscription", "StopAITranscription"]


def open_theatre(house: OpenHouse, **settings: str) -> HostedCloud:
    """A house in which people see that all remain heard."""
    theatre = house(**settings)
    return replace(theatre, config=replace(theatre.config, dismissal_ends_tasks=False))


async def enter(stage: CloudAndHost, room_id: str) -> None:
    """Amy and Bob in a room."""
    await stage.create_room(room_id)
    await stage.act(room_id, "enter", user_id="bob")
    await stage.act(room_id, "audio", user_id="bob", on=True)
    await stage.act(room_id, "audio", user_id="amy", on=True)
    await stage.pass_time(3_000)


async def say(stage: CloudAndHost, room_id: str, user_id: str, text: str) -> None:
    await stage.act(room_id, "say", user_id=user_id, text=text)


async def opt_out(stage: CloudAndHost, room_id: str, *, out: bool = True) -> dict[str, Any]:
    where = {"room_id": room_id, "room_id_type": 1}
    return await stage.invoke("set_people", user_id="amy", opted_out=out, **where)


def list_gaps(stage: CloudAndHost) -> list[int]:
    return [line["gap_ms"] for line in stage.list_lines("transcription.replaced")]


@pytest.mark.parametrize("room_id", ROOMS)
def test_gap_is_short_and_the_archive_has_nothing_of_theirs_from_then_on(
    house: OpenHouse, tmp_path: Path, room_id: str
) -> None:
    archive = tmp_path / "archive"

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(
            where="callback", what="duplicate", copies=1, ms=20_000, events=[903, 1403]
        )
        await enter(stage, room_id)
        await say(stage, room_id, "amy", "Before")
        await say(stage, room_id, "bob", "Good morning")
        await stage.pass_time(1_000)
        await opt_out(stage, room_id)
        # What is said while the task is replaced is heard by none, or by the new one alone.
        for number in range(5):
            await say(stage, room_id, "amy", f"Secret {number}")
            await stage.pass_time(1_000)
        await say(stage, room_id, "bob", "Good bye")
        await stage.pass_time(30_000)
        (gap_ms,) = list_gaps(stage)
        assert 0 <= gap_ms <= MOST_GAP_MS
        session = stage.read_book(room_id).sessions[0]
        await stage.act(room_id, "dismiss")
        await stage.pass_time(90_000)
        folder = archive / find_folder(session.id)
        document = json.loads((folder / "transcript.json").read_text())
        texts = [sentence["text"] for sentence in document["sentences"]]
        assert sorted(texts) == ["Before", "Good bye", "Good morning"]
        files = [path.read_text() for path in folder.iterdir()]
        assert not any("Secret" in text for text in files)
        assert "Secret" not in json.dumps(stage.list_entries("function.log"))
        event = {"room_id": room_id, "room_id_type": 1, "user_id": "amy"}
        assert (await stage.invoke("delete_transcript", **event))["sentences"] == 1
        await stage.pass_time(60_000)
        files = [path.read_text() for path in folder.iterdir()]
        assert not any("Before" in text for text in files)
        assert "Good morning" in (folder / "transcript.vtt").read_text()
        assert await stage.list_tasks() == {}

    open_theatre(house, ARCHIVE_URL=f"file://{archive}").play(act)


@pytest.mark.parametrize("room_id", ROOMS)
def test_who_opts_out_during_a_start_is_not_heard_after_it(house: OpenHouse, room_id: str) -> None:
    async def act(stage: CloudAndHost) -> None:
        await stage.plan(where="api", what="latency", ms=1_500, actions=STARTS, times=1)
        await stage.create_room(room_id)
        asked = asyncio.create_task(opt_out(stage, room_id))
        await stage.act(room_id, "enter", user_id="bob")
        await stage.pass_time(20_000)
        assert (await asked)["outcome"] == "changed"
        await stage.pass_time(20_000)
        heard = await find_heard(stage, room_id)
        assert heard == {"amy": 0, "bob": 1}

    open_theatre(house).play(act)


@pytest.mark.parametrize("room_id", ROOMS)
def test_drainers_callbacks_and_two_who_ask_replace_a_task_once(
    house: OpenHouse, room_id: str
) -> None:
    async def act(stage: CloudAndHost) -> None:
        await enter(stage, room_id)
        asked = asyncio.gather(
            opt_out(stage, room_id),
            opt_out(stage, room_id),
            stage.invoke("drain_starts"),
            stage.act(room_id, "enter", user_id="eve"),
            stage.act(room_id, "audio", user_id="bob", on=False),
        )
        await stage.pass_time(40_000)
        await asked
        heard = await find_heard(stage, room_id)
        assert heard == {"amy": 0, "bob": 1, "eve": 1}
        assert stage.read_seconds()["doubled"] == 0
        assert all(0 <= gap_ms <= MOST_GAP_MS for gap_ms in list_gaps(stage))

    open_theatre(house).play(act)


@pytest.mark.parametrize("room_id", ROOMS)
def test_api_that_is_away_stops_nothing_and_nothing_is_kept(house: OpenHouse, room_id: str) -> None:
    async def act(stage: CloudAndHost) -> None:
        await enter(stage, room_id)
        await stage.plan(where="api", what="error", code="InternalError", actions=[*STARTS, *STOPS])
        await opt_out(stage, room_id)
        await say(stage, room_id, "amy", "Secret")
        await stage.pass_time(10_000)
        assert stage.list_lines("sentence.kept") == []
        assert sum(map(len, (await stage.list_tasks()).values())) == 1
        await stage.clear_faults()
        await stage.pass_time(90_000)
        assert await find_heard(stage, room_id) == {"amy": 0, "bob": 1}

    open_theatre(house).play(act)


async def find_heard(stage: CloudAndHost, room_id: str) -> dict[str, int]:
    """How many tasks hear each who is there, as the emulator tells whoever speaks."""
    rooms = (await stage.http.get("/_local/rooms")).json()["rooms"]
    (room,) = [one for one in rooms if one["room_id"] == room_id]
    heard = {}
    for user_id in sorted(user["user_id"] for user in room["users"] if not user["bot"]):
        said = {"user_id": user_id, "text": "Can you hear me"}
        answer = await stage.http.post(f"/_local/rooms/{room_id}/say", json=said)
        heard[user_id] = len(answer.raise_for_status().json()["heard_by"])
    return heard
