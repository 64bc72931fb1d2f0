"""The ledger through the death of everything, and rooms through the death of the ledger."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from local.redis_server import RedisServer
from shared.ledger import close_ledgers, open_ledger
from tests.support.hosted_cloud import CloudAndHost, open_house
from tests.support.hosted_roomscribe import AI_ROOM, CLOUD_ROOM, OpenHouse, write_rules
from tests.support.redis_servers import be_patient, connect

pytestmark = pytest.mark.slow

ROOMS = [f"room-{number:02}" for number in range(12)]


def find_accepted(stage: CloudAndHost, event_type: int) -> list[str]:
    """The rooms of whose event the webhook said that nothing more is to be done."""
    delivered = stage.list_entries("callback.delivered")
    return [
        str(one["room_id"])
        for one in delivered
        if (one["event_type"], one.get("status")) == (event_type, 200)
    ]


async def meet(stage: CloudAndHost) -> None:
    """People create rooms and begin to talk, and nobody waits for what comes of it."""
    for room_id in ROOMS:
        await stage.create_room(room_id)
        await stage.act(room_id, "audio", user_id="amy", on=True)


def check_nothing_lost(stage: CloudAndHost) -> None:
    """What was accepted is in the ledger: rooms that were created, and who talks in them."""
    ledger = open_ledger(stage.ledger_url)
    try:
        for room_id in find_accepted(stage, 101):
            assert stage.read_book(room_id).open_now, room_id
        for room_id in find_accepted(stage, 203):
            (session,) = stage.read_book(room_id).sessions
            (amy,) = open_ledger(stage.ledger_url).list_people(session)
            assert (amy.user_id, amy.present, amy.microphone) == ("amy", True, True)
    finally:
        ledger.close()
        close_ledgers()


def test_ledger_survives_kill_9_of_every_process_in_the_middle_of_a_meeting(
    house: OpenHouse,
) -> None:
    theatre = house(STARTS_PER_S_CLOUD="6")
    if theatre.redis:
        with connect(theatre.redis) as client:
            client.config_set("appendfsync", "always")

    async def act(stage: CloudAndHost) -> None:
        await meet(stage)
        while len(find_accepted(stage, 203)) < len(ROOMS) // 2:
            await asyncio.sleep(0.001)
        assert stage.cloud.callbacks_on_their_way > 0
        assert len(stage.host.kill()) >= 2
        if theatre.redis:
            theatre.redis.restart()
        check_nothing_lost(stage)

        await stage.pass_time(45_000)
        running = await stage.list_tasks()
        assert sorted(running) == ROOMS
        for room_id in ROOMS:
            task = stage.read_book(room_id).sessions[0].tasks["*"]
            assert (task.state, [task.task_id]) == ("running", running[room_id])
        assert stage.count_tasks_started() == dict.fromkeys(ROOMS, 1)

        for room_id in ROOMS:
            await stage.act(room_id, "dismiss")
        await stage.pass_time(5_000)
        assert await stage.list_tasks() == {}
        assert stage.read_seconds()["doubled"] == 0

    theatre.play(act)


PERSON_ENTERED, CLOUD_TASK_STARTED = 103, 1401


class Trouble(NamedTuple):
    """A ledger that cannot be used: where, what the log says of it, and what mends it."""

    url: str
    words: str
    mend: Callable[[], object]


def damage_file(folder: Path) -> Trouble:
    path = folder / "ledger.db"
    path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64)
    return Trouble(f"sqlite:///{path}", f"{path} cannot be opened", path.unlink)


def use_foreign_file(folder: Path) -> Trouble:
    path = folder / "ledger.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE customers (name TEXT)")
    connection.close()
    return Trouble(f"sqlite:///{path}", f"{path} is another program's database", path.unlink)


def forbid_writing(folder: Path) -> Trouble:
    """A place where not even root can make a file."""
    link = folder / "disk"
    link.symlink_to("/proc/sys")

    def mend() -> None:
        link.unlink()
        link.mkdir()

    return Trouble(f"sqlite:///{link}/ledger.db", f"{link}/ledger.db cannot be opened", mend)


def refuse_password(server: RedisServer) -> Trouble:
    url = be_patient(server).replace("redis://", "redis://:sesame@")

    def mend() -> None:
        with connect(server) as client:
            client.config_set("requirepass", "sesame")

    return Trouble(url, "refuses the user or password in LEDGER_URL", mend)


def take_redis_away(server: RedisServer) -> Trouble:
    server.stop()
    return Trouble(be_patient(server), "cannot be reached", server.start)


FILES = [damage_file, use_foreign_file, forbid_writing]
SERVERS = [refuse_password, take_redis_away]


def check_rooms_start_without_a_ledger(
    trouble: Trouble, rules_file: Path, late_event: int = PERSON_ENTERED
) -> None:
    """The tasks run at once; when the ledger is back, it learns of them and of nothing else."""
    rooms = [CLOUD_ROOM, AI_ROOM]

    async def act(stage: CloudAndHost) -> None:
        await stage.plan(where="callback", what="delay", ms=500, events=[late_event])
        for room_id in rooms:
            await stage.create_room(room_id)
        await stage.pass_time(3_000)
        running = await stage.list_tasks()
        assert sorted(running) == sorted(rooms)
        for line in stage.list_lines("transcription.started"):
            assert (line["outcome"], line["level"]) == ("unrecorded", "WARNING")
            assert trouble.words in line["reason"]
        failed = stage.list_lines("callback.failed")
        assert failed
        assert {line["error_code"] for line in failed} == {"ledger"}
        assert all(trouble.words in line["reason"] for line in failed)

        trouble.mend()
        await stage.pass_time(45_000)
        if late_event == PERSON_ENTERED:
            assert await stage.list_tasks() == running
            assert len(stage.list_starts()) == len(rooms)
        running = await stage.list_tasks()
        for room_id in rooms:
            task = stage.read_book(room_id).sessions[0].tasks["*"]
            assert (task.state, [task.task_id]) == ("running", running[room_id])
        assert stage.read_seconds()["doubled"] == 0

    open_house(trouble.url, rules_file).play(act)


@pytest.mark.parametrize("cause", FILES)
def test_room_starts_without_its_file_and_is_adopted_later(
    cause: Callable[[Path], Trouble], tmp_path: Path
) -> None:
    check_rooms_start_without_a_ledger(cause(tmp_path), write_rules(tmp_path))


@pytest.mark.parametrize("cause", SERVERS)
def test_room_starts_without_its_redis_and_is_adopted_later(
    cause: Callable[[RedisServer], Trouble], own_redis: RedisServer, tmp_path: Path
) -> None:
    check_rooms_start_without_a_ledger(cause(own_redis), write_rules(tmp_path))


def test_people_known_before_the_unrecorded_task_do_not_make_it_two(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    """2.0 is started again then, under the same bot: nobody can know of the first."""
    rules_file = write_rules(tmp_path)
    check_rooms_start_without_a_ledger(take_redis_away(own_redis), rules_file, CLOUD_TASK_STARTED)
