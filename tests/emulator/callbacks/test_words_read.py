"""What the emulator tells under each of the names that 2.0 may have, and what Roomscribe makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import pytest

from local.cloud.config import CloudWords
from local.cloud.state import ANCHOR, Room
from shared.ledger import Session
from shared.lifecycle.outcome import Outcome
from shared.room import Room as RoomName
from shared.settings import read_settings
from tests.support.direct_calls import OneProcess
from tests.support.emulator import APPLICATION, CONFIG, SDK_APP_ID
from tests.support.ledger_steps import open_sqlite

RULES = """
[defaults.cloud]
region = "ap-singapore"
language = "bigmodel-en"
translate_to = ["zh"]
[[rules]]
name = "all"
room = "*"
"""
SETTINGS = {
    "TRTC_SDK_APP_ID": str(SDK_APP_ID),
    "TRTC_SDK_SECRET_KEY": APPLICATION.secret_key,
    "TRTC_CALLBACK_KEY": APPLICATION.callback_key,
    "TENCENT_SECRET_ID": "id",
    "TENCENT_SECRET_KEY": "key",
}
KEY = (SDK_APP_ID, "lobby", 1)
BOT = "transcriber_lobby_robot_ann"


@pytest.fixture(params=get_args(CloudWords))
def one(request: pytest.FixtureRequest) -> Iterator[OneProcess]:
    """The emulator with each of the names."""
    config = replace(CONFIG, cloud_words=request.param)
    process = OneProcess(config, read_settings(SETTINGS), RULES, open_sqlite(":memory:"))
    yield process
    process.close()


def deliver(one: OneProcess) -> list[Outcome]:
    """Every callback comes, and what it brings about; what came of them."""
    told: list[Outcome] = []
    while one.box.letters:
        told += one.deliver(one.box.letters[0])
    return told


def open_room(one: OneProcess) -> Room:
    room = one.rooms.create(KEY, "ann", ANCHOR)
    deliver(one)
    one.clock.advance(5_000)
    return room


def read_session(one: OneProcess) -> Session:
    (session,) = one.resources.ledger.read(RoomName(*KEY)).sessions
    return session


def test_sentence_and_its_translation_are_one_in_the_transcript(one: OneProcess) -> None:
    room = open_room(one)
    one.rooms.say(room, "ann", "Hello", {"zh": "你好"})
    deliver(one)
    (news,) = one.resources.ledger.list_sentences(read_session(one), 0)
    assert news.said
    assert (news.said.text, news.said.user_id, news.opaque) == ("Hello", "ann", "")
    assert {language: words.text for language, words in news.translations.items()} == {"zh": "你好"}


def test_task_that_breaks_off_is_started_again(one: OneProcess) -> None:
    room = open_room(one)
    (broken,) = room.api_tasks
    one.tasks.end(broken, 98)
    deliver(one)
    (running,) = room.api_tasks
    assert read_session(one).tasks["*"].task_id == running.task_id != broken.task_id


def test_bot_of_ours_is_known_by_a_sentence_alone(one: OneProcess) -> None:
    """What the ledger knew of it is lost."""
    room = open_room(one)
    (task,) = room.api_tasks
    one.resources.ledger.change(RoomName(*KEY), lambda book: book.sessions[0].tasks.clear())
    one.rooms.say(room, "ann", "Hello", {})
    one.box.letters = [letter for letter in one.box.letters if letter.event_type == 1403]
    assert "task.found" in [outcome.message for outcome in deliver(one)]
    assert read_session(one).tasks["*"].task_id == task.task_id


def test_clients_transcriber_is_reported_and_nothing_of_it_kept(one: OneProcess) -> None:
    room = open_room(one)
    (ours,) = room.api_tasks
    one.rooms.transcribe(room, "ann", ["zh"])
    one.rooms.say(room, "ann", "Hello", {"zh": "你好"})
    theirs = next(task for task in room.tasks.values() if task.by_client)
    one.tasks.end(theirs, 98)
    told = deliver(one)
    reports = [outcome for outcome in told if outcome.message == "room.transcribed_twice"]
    assert [report.fields["user_id"] for report in reports] == [BOT]
    session = read_session(one)
    news = one.resources.ledger.list_sentences(session, 0)
    assert [one_of.task_id for one_of in news] == [ours.task_id]
    assert [task_id.task_id for task_id in session.tasks["*"].task_ids] == [ours.task_id]
    assert [person.user_id for person in one.resources.ledger.list_people(session)] == ["ann"]


def test_clients_transcriber_is_known_by_its_words_alone(one: OneProcess) -> None:
    """Its 103 and its documented 1401 were lost."""
    room = open_room(one)
    one.rooms.transcribe(room, "ann", [])
    one.box.letters.clear()
    one.rooms.say(room, "ann", "Hello", {})
    messages = [outcome.message for outcome in deliver(one)]
    assert messages.count("room.transcribed_twice") == 1
