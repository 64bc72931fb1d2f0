"""Redis is lost wholly, and empty again: what lives is found by its next event, what was archived is read."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from local.redis_server import RedisServer
from shared.links import write_link
from tests.support.hosted_cloud import CloudAndHost, open_house
from tests.support.hosted_roomscribe import write_rules
from tests.support.redis_servers import be_patient, empty

pytestmark = pytest.mark.slow

LINK_KEY = "link-key-of-this-test"
LIVING = [f"living-{number}" for number in range(5)]
WAIT_MS = 130_000  # a check, and the sweep after it


def test_rooms_that_live_keep_one_task_and_archived_transcripts_are_read(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    ledger_url = be_patient(own_redis)

    async def act(stage: CloudAndHost) -> None:
        for room_id in ["over", *LIVING]:
            await stage.create_room(room_id)
        await stage.pass_time(5_000)
        for room_id in ["over", *LIVING]:
            await stage.act(room_id, "say", user_id="amy", text=f"Before, in {room_id}.")
        await stage.act("over", "dismiss")
        session = stage.read_book("over").latest
        await stage.pass_time(WAIT_MS)
        before = await stage.list_tasks()
        empty(own_redis)
        await stage.pass_time(WAIT_MS)
        assert (await stage.invoke("describe_fleet"))["running"] == 0  # nobody has told of them yet
        for room_id in LIVING:
            await stage.act(room_id, "enter", user_id="ben")
        await stage.pass_time(WAIT_MS)
        for room_id in LIVING:
            await stage.act(room_id, "say", user_id="ben", text=f"After, in {room_id}.")
        await stage.pass_time(5_000)
        after = await stage.list_tasks()
        assert {name: len(ids) for name, ids in after.items()} == dict.fromkeys(LIVING, 1)
        assert before.keys() == after.keys()
        assert stage.read_seconds()["doubled"] == 0
        assert (await stage.invoke("describe_fleet"))["running"] == len(LIVING)
        for room_id in LIVING:
            known = stage.read_book(room_id).open_now
            assert known
            assert await read(stage, known.id) == [f"After, in {room_id}."]
        assert session
        assert await read(stage, session.id) == ["Before, in over."]
        (why,) = [await stage.invoke("describe_room", room_id="over", room_id_type=1)]
        assert "never told of" in why["verdict"]

    archive = (tmp_path / "archive").as_uri()
    settings = {"ARCHIVE_URL": archive, "TRANSCRIPT_LINK_KEY": LINK_KEY}
    open_house(ledger_url, write_rules(tmp_path), **settings).play(act)


def test_task_that_breaks_off_after_the_loss_goes_on_and_one_that_was_idle_does_not(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    ledger_url = be_patient(own_redis)

    async def act(stage: CloudAndHost) -> None:
        for room_id in ("breaks", "idle"):
            await stage.create_room(room_id)
        await stage.pass_time(5_000)
        before = await stage.list_tasks()
        empty(own_redis)
        for room_id, leave_code in (("breaks", 98), ("idle", 99)):
            (task_id,) = before[room_id]
            end = f"/_local/tasks/{quote(task_id, safe='')}/end"
            (await stage.http.post(end, json={"leave_code": leave_code})).raise_for_status()
        await stage.pass_time(WAIT_MS)
        after = await stage.list_tasks()
        assert after.keys() == {"breaks"}
        assert len(after["breaks"]) == 1
        assert after["breaks"] != before["breaks"]
        assert stage.read_seconds()["doubled"] == 0

    open_house(ledger_url, write_rules(tmp_path)).play(act)


async def read(stage: CloudAndHost, session_id: str) -> list[str]:
    """What a reader is shown of a session."""
    reader = f"{stage.url}/functions/read_transcript"
    link = write_link(LINK_KEY, reader, session_id, stage.clock.now_ms() // 1000)
    answer = (await stage.http.get(f"{link}.json")).raise_for_status().json()
    return [sentence["text"] for sentence in answer["sentences"]]
