"""What the JSON of a transcript tells its readers of the transcription itself: a word, and never why."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import read_transcript

from shared.ledger import Ledger, RoomBook, Task, close_ledgers, open_ledger
from shared.links import sign_link
from shared.room import Room
from tests.support.instance import SDK_APP_ID
from tests.support.meeting_ledger import open_meeting
from tests.support.transcript_source import LINK_KEY, hear

ROOM = Room(SDK_APP_ID, "class-7", 1)
NOW_MS = time.time_ns() // 1_000_000
CODE = "InvalidParameter.UserSig"


@pytest.fixture
def ledger(environment: pytest.MonkeyPatch, room_ledger_url: str) -> Iterator[Ledger]:
    environment.setenv("TRANSCRIPT_LINK_KEY", LINK_KEY)
    environment.setenv("LEDGER_URL", room_ledger_url)
    yield open_ledger(room_ledger_url)
    close_ledgers()


def get(session_id: str, since: str = "", etag: str = "") -> Any:
    path = f"/{sign_link(LINK_KEY, session_id, int(time.time()) + 60)}.json"
    query, headers = {"since": since}, {"if-none-match": etag}
    event = {"httpMethod": "GET", "path": path, "queryString": query, "headers": headers}
    return read_transcript.main_handler(event, {})


def set_task(ledger: Ledger, task: Task) -> None:
    def work(book: RoomBook) -> None:
        session = book.open_now
        assert session
        session.tasks["*"] = task

    ledger.change(ROOM, work)


def test_poll_learns_a_change_of_state_alone_and_no_reason(ledger: Ledger) -> None:
    session = open_meeting(ledger, ROOM, NOW_MS, "due")
    ledger.keep_sentence(session, hear({"UserId": "amy", "RoundId": "1", "Text": "Hello."}))
    answer = get(session.id)
    document = json.loads(answer["body"])
    assert document["state"] == "live"
    for task, state in (
        (Task("*", "cloud", "due", error_code=CODE), "waiting"),
        (Task("*", "cloud", "failed", error_code=CODE), "failed"),
        (Task("*", "cloud", "held"), "held"),
        (Task("*", "cloud", "running"), "live"),
    ):
        known = {"since": document["next"], "etag": answer["headers"]["ETag"]}
        assert get(session.id, **known)["statusCode"] == 304
        set_task(ledger, task)
        answer = get(session.id, **known)
        assert CODE not in str(answer)
        document = json.loads(answer["body"])
        assert (document["state"], document["complete"]) == (state, False)
        assert (document["next"], document["sentences"]) == (known["since"], [])
