"""Deleting transcripts: on request, only what was asked for; and what is over, hourly and in time."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from shared.callbacks import Callback
from shared.console.commands import delete_transcript
from shared.console.describe import describe_room
from shared.console.request import RoomRequest
from shared.delivery.deliverer import HOUR_MS, deliver, forget_old
from shared.errors import LedgerError, NotSharedError, RequestError
from shared.ledger import Session
from shared.ledger.ledger import PIECE
from shared.lifecycle.events import act_on
from shared.settings import DAY_MS
from shared.task_news import TaskNews
from tests.support.faked_api import OPENED_MS, STARTED, Stage
from tests.support.ledger_steps import ON_SQLITE, close_room, hear, open_session

HOUR_AFTER_MS = (OPENED_MS // HOUR_MS + 1) * HOUR_MS
MONTH_AFTER_MS = HOUR_AFTER_MS + 30 * DAY_MS


def delete(stage: Stage, user_id: str | None = None, when: str = "now", **changes: Any) -> Any:
    """What a request to delete is answered."""
    request = RoomRequest(stage.room, user_id, when, changes)
    outcomes, answer = delete_transcript(request, stage.resources)
    for outcome in outcomes:
        assert outcome.message == "transcript.deleted"
        assert outcome.fields["sentences"] == answer["sentences"]
    return answer


def meet(stage: Stage, opened_ms: int = OPENED_MS, *, closes: bool = True) -> Session:
    """A session in which somebody says one sentence."""
    ledger = stage.resources.ledger
    session = open_session(ledger, opened_ms, stage.room)
    ledger.keep_sentence(session, hear(1, event_ms=opened_ms + 5_000))
    if closes:
        close_room(ledger, opened_ms + 9_000, stage.room)
    stage.now_ms = opened_ms + 10_000
    return session


def count_kept(stage: Stage, *sessions: Session) -> list[int]:
    return [len(stage.resources.ledger.list_sentences(session, 0)) for session in sessions]


def forget(stage: Stage) -> list[dict[str, Any]]:
    """What the hourly deletion logs."""
    return [dict(outcome.fields) for outcome in forget_old(None, stage.resources)]


def test_all_sessions_of_a_room_are_deleted_or_the_one_that_is_named(stage: Stage) -> None:
    sessions = [meet(stage, OPENED_MS + 20_000 * number) for number in range(4)]
    done = {"outcome": "deleted", "sessions": 1, "sentences": 1}
    assert delete(stage, session=sessions[0].id) == done
    assert count_kept(stage, *sessions) == [0, 1, 1, 1]
    assert delete(stage) == {"outcome": "deleted", "sessions": 4, "sentences": 3}
    assert count_kept(stage, *sessions) == [0, 0, 0, 0]
    assert delete(stage)["sentences"] == 0


@pytest.mark.slow
@ON_SQLITE
def test_all_of_it_is_deleted_even_while_somebody_reads_and_that_traces_are_left_is_said(
    stage: Stage, tmp_path: Path
) -> None:
    sessions = [meet(stage, OPENED_MS + 20_000 * number) for number in range(2)]
    with contextlib.closing(
        sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    ) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM cells").fetchone()
        with pytest.raises(LedgerError, match="still holds it"):
            delete(stage)
    assert count_kept(stage, *sessions) == [0, 0]
    assert delete(stage)["outcome"] == "deleted"
    assert not any(b"sentence 1" in file.read_bytes() for file in tmp_path.iterdir())


def test_of_a_closed_session_nothing_comes_any_more(stage: Stage) -> None:
    session = meet(stage)
    delete(stage)
    late = hear(2, event_ms=stage.now_ms + 60_000)
    assert not stage.resources.ledger.keep_sentence(session, late)


def test_what_is_said_after_the_deletion_in_a_room_still_open_is_kept(stage: Stage) -> None:
    session = meet(stage, closes=False)
    assert delete(stage)["sentences"] == 1
    ledger = stage.resources.ledger
    assert not ledger.keep_sentence(session, hear(2, event_ms=stage.now_ms))
    assert ledger.keep_sentence(session, hear(3, event_ms=stage.now_ms + 1))


def test_replayed_sentence_of_an_old_session_does_not_come_back_in_a_newer_one(
    stage: Stage,
) -> None:
    old, _, newest = (
        meet(stage, OPENED_MS + 20_000 * number, closes=number < 2) for number in range(3)
    )
    delete(stage, session=old.id)
    event_ms = OPENED_MS + 5_000
    news = TaskNews("an old task", "cloud", stage.bot())
    replayed = Callback(*(stage.room, 1403, event_ms), task=news, said=hear(1, event_ms=event_ms))
    for _ in ("unknown task", "known task"):
        messages = [outcome.message for outcome in act_on(replayed, stage.resources)]
        assert "sentence.kept" not in messages
        assert "callback.ignored" in messages
    assert count_kept(stage, old, newest) == [0, 1]


@ON_SQLITE
def test_what_nobody_could_read_is_deleted_with_what_was_said(stage: Stage, tmp_path: Path) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.create()
    stage.say(1402, "task-1", OPENED_MS + 5_000, bot=stage.bot(), Summary="what ann said")
    assert count_kept(stage, stage.session()) == [1]
    stage.now_ms = OPENED_MS + 6_000
    assert delete(stage)["outcome"] == "deleted"
    assert not any(b"ann said" in file.read_bytes() for file in tmp_path.iterdir())


def test_replayed_sentence_of_a_session_that_is_forgotten_is_nobody_elses(stage: Stage) -> None:
    meet(stage)
    stage.now_ms = MONTH_AFTER_MS
    forget(stage)
    newer = meet(stage, MONTH_AFTER_MS, closes=False)
    for event_type in (1401, 1403):
        (told,) = stage.say(event_type, "an old task", OPENED_MS + 5_000, bot=stage.bot())
        assert (told.outcome, told.http_status) == ("too_old", 200)
    assert count_kept(stage, newer) == [1]
    assert stage.session().tasks == {}


def test_nothing_is_added_to_what_is_over_for_too_long(stage: Stage) -> None:
    stage.answer("CreateCloudTranscription", STARTED)
    stage.answer("DeleteCloudTranscription", STARTED)
    stage.create()
    stage.event(102, OPENED_MS + 9_000)
    stage.now_ms = MONTH_AFTER_MS
    assert stage.say(1403, "task-1", OPENED_MS + 5_000)[0].outcome == "too_old"
    assert stage.texts() == []


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"sesion": "x"}, "by room_id, room_id_type, sdk_app_id, session and user_id alone"),
        (
            {"when": "room_created"},
            "by room_id, room_id_type, sdk_app_id, session and user_id alone",
        ),
        ({"session": 7}, "session: must be text"),
        ({"session": None}, "session: must be text"),
    ],
)
def test_request_that_is_not_understood_deletes_nothing(
    stage: Stage, request_: dict[str, Any], named: str
) -> None:
    session = meet(stage)
    with pytest.raises(RequestError, match=named):
        delete(stage, **request_)
    assert count_kept(stage, session) == [1]


def test_what_is_not_known_is_said_to_be(stage: Stage) -> None:
    assert delete(stage)["message"] == "this room is not known"
    session = meet(stage)
    other = {"outcome": "unknown", "message": "this session of the room is not known"}
    assert delete(stage, session=session.id + "0") == other
    assert count_kept(stage, session) == [1]


def test_ledger_that_others_do_not_see_is_not_enough(stage: Stage) -> None:
    settings = replace(stage.resources.settings, on_scf=True)
    stage.resources = replace(stage.resources, settings=settings)
    with pytest.raises(NotSharedError):
        delete(stage)


@ON_SQLITE
def test_what_is_over_is_forgotten_once_an_hour_and_what_is_not_stays(stage: Stage) -> None:
    old, kept = meet(stage), meet(stage, OPENED_MS + 2 * DAY_MS)
    stage.now_ms = MONTH_AFTER_MS
    assert forget(stage) == [{"files": 0, "sessions": 1, "sentences": 1, "people": 0, "rooms": 0}]
    assert stage.resources.ledger.list_sessions(stage.room, 9)[0].id == kept.id
    assert stage.resources.ledger.find_session(old.id) is None
    stage.now_ms = MONTH_AFTER_MS + 5 * DAY_MS
    stage.resources.ledger.take_lease("deliver", "somebody else", stage.now_ms, 60_000)
    assert list(deliver(stage.resources)) == []
    stage.now_ms += 60_000
    assert forget(stage) == []
    stage.now_ms += HOUR_MS - 60_000
    assert forget(stage)[0]["sessions"] == 1


@pytest.mark.parametrize("sentences", [1, PIECE - 1])  # and the session's own row
@ON_SQLITE
def test_no_byte_of_what_is_forgotten_stays_on_the_disk(
    stage: Stage, tmp_path: Path, sentences: int
) -> None:
    session = meet(stage, closes=False)
    for number in range(2, sentences + 1):
        stage.resources.ledger.keep_sentence(session, hear(number))
    close_room(stage.resources.ledger, OPENED_MS + 9_000, stage.room)
    stage.now_ms = MONTH_AFTER_MS
    assert forget(stage)[0]["sentences"] == sentences
    assert not any(b"sentence 1" in file.read_bytes() for file in tmp_path.iterdir())


@ON_SQLITE
def test_forgetting_leaves_the_rest_for_the_next_time_when_time_is_up(stage: Stage) -> None:
    meet(stage)
    stage.now_ms = MONTH_AFTER_MS
    invocation = replace(stage.resources.invocation, deadline_s=0)
    stage.resources = replace(stage.resources, invocation=invocation)
    assert forget(stage) == []
    assert len(stage.resources.ledger.list_sessions(stage.room, 9)) == 1


@ON_SQLITE
def test_setting_says_what_is_over(stage: Stage) -> None:
    meet(stage)
    settings = replace(stage.resources.settings, transcript_keep_days=1)
    stage.resources = replace(stage.resources, settings=settings)
    stage.now_ms = HOUR_AFTER_MS
    assert forget(stage) == []
    stage.now_ms = HOUR_AFTER_MS + DAY_MS
    request = RoomRequest(stage.room, None, "now", {})
    assert describe_room(request, stage.resources)[1]["sessions"] == []
    assert forget(stage)[0]["sentences"] == 1
