"""What was said is deleted on request: in real processes, read until then, and never seen again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from local.cloud.clock import ManualClock
from local.development import LINK_KEY
from shared.delivery.deliverer import HOUR_MS
from shared.ledger import close_ledgers, open_ledger
from shared.links import write_link
from shared.room import Room
from shared.settings import DAY_MS
from tests.support.emulator import SDK_APP_ID
from tests.support.hosted_cloud import START_MS, CloudAndHost
from tests.support.hosted_roomscribe import CLOUD_ROOM, OpenHouse
from tests.support.ledger_steps import close_room, hear, open_session

pytestmark = pytest.mark.slow

COPY_AFTER_MS = 60_000
FULL_HOUR_MS = START_MS // HOUR_MS * HOUR_MS
SAID = ("Before", "之前", "After")


async def say(stage: CloudAndHost, text: str) -> None:
    """Somebody says something, whose callback comes, and comes again a minute later."""
    await stage.act(CLOUD_ROOM, "say", user_id="amy", text=text)
    await stage.pass_time(1_000)


async def read(stage: CloudAndHost, form: str = "", **query: str) -> httpx.Response:
    """What a reader of the room's first session gets."""
    session = stage.read_book(CLOUD_ROOM).sessions[-1]
    url = f"{stage.url}/functions/read_transcript"
    link = write_link(LINK_KEY, url, session.id, START_MS // 1000)
    return await stage.http.get(f"{link}{form}", params=query)


async def read_json(stage: CloudAndHost, **query: str) -> tuple[dict[str, Any], list[str]]:
    """The document, and its sentences' texts."""
    document = (await read(stage, ".json", **query)).raise_for_status().json()
    return document, [sentence["text"] for sentence in document["sentences"]]


def test_deleted_transcript_is_gone_and_a_room_still_open_goes_on(house: OpenHouse) -> None:
    async def act(stage: CloudAndHost) -> None:
        await stage.plan(
            where="callback", what="duplicate", copies=1, ms=COPY_AFTER_MS, events=[1403]
        )
        await stage.create_room(CLOUD_ROOM)
        await stage.pass_time(1_000)
        await say(stage, "Before")
        document, texts = await read_json(stage)
        assert texts == ["Before"]

        done = await stage.invoke("delete_transcript", room_id=CLOUD_ROOM)
        assert done == {"outcome": "deleted", "sessions": 1, "sentences": 1}
        document, texts = await read_json(stage, since=document["next"])
        assert (document["complete"], texts) == (True, [])
        await stage.pass_time(COPY_AFTER_MS)
        await say(stage, "After")
        document, texts = await read_json(stage, since=document["next"])
        assert (document["complete"], texts) == (False, ["After"])
        assert (await read_json(stage))[1] == ["After"]

        await stage.act(CLOUD_ROOM, "dismiss")
        await stage.pass_time(1_000)
        assert "After" in (await read(stage, ".vtt")).text
        session_id = stage.read_book(CLOUD_ROOM).sessions[0].id
        done = await stage.invoke("delete_transcript", room_id=CLOUD_ROOM, session=session_id)
        assert done == {"outcome": "deleted", "sessions": 1, "sentences": 1}
        await stage.pass_time(COPY_AFTER_MS)
        for form in ("", ".json", ".vtt"):
            answer = await read(stage, form)
            assert answer.status_code == 404
            assert "no longer kept" in answer.text
        kept = [line["outcome"] for line in stage.list_lines("sentence.kept")]
        assert kept == ["new", "known"] * 2
        told = json.dumps(stage.list_entries("function.log"))
        assert len(stage.list_lines("transcript.deleted")) == 2
        assert not any(words in told for words in ("Before", "After"))

    house().play(act)


def test_what_is_too_old_is_not_read_and_the_timer_deletes_it(house: OpenHouse) -> None:
    theatre = replace(house(TRANSCRIPT_KEEP_DAYS="2"), clock=ManualClock(FULL_HOUR_MS))
    ledger_url = theatre.settings["LEDGER_URL"]
    ledger, room = open_ledger(ledger_url), Room(SDK_APP_ID, CLOUD_ROOM, 1)
    opened_ms = FULL_HOUR_MS - 2 * DAY_MS - HOUR_MS
    ledger.keep_sentence(open_session(ledger, opened_ms, room), hear(1))
    close_room(ledger, opened_ms + 9_000, room)
    close_ledgers()

    async def act(stage: CloudAndHost) -> None:
        assert (await read(stage, ".txt")).status_code == 404
        await stage.create_room("another")
        await stage.pass_time(60_000)
        forgotten = stage.list_lines("sessions.forgotten")
        if ledger_url.startswith("sqlite"):  # Redis does it by itself
            (line,) = forgotten
            assert (line["sessions"], line["sentences"]) == (1, 1)
            assert "room_id" not in line
            assert stage.read_book(CLOUD_ROOM).sessions == []

    theatre.play(act)
