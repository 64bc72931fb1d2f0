"""`up` with a Redis of its own, and with machines that faults can strike: instances, and that Redis."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from local.redis_server import RedisServer
from tests.support.local_commands import find_children, run_local, serve_local, wait_for_exit
from tests.support.redis_servers import need_redis

pytestmark = pytest.mark.slow

ROOM = {"room_id": "class-1", "room_id_type": 1, "user_id": "amy"}
REDIS = ("up", "--verbose", "--port", "0", "--clock", "manual", "--redis", "--redis-dir")


def plan(url: str, **fault: object) -> None:
    answer = httpx.post(f"{url}/_local/faults", json=fault)
    assert answer.status_code == 201, answer.text


def move(url: str, seconds: int) -> None:
    answer = httpx.post(f"{url}/_local/clock", json={"advance_s": seconds}, timeout=30)
    assert answer.status_code == 200


def count_tasks(url: str) -> int:
    (room,) = httpx.get(f"{url}/_local/rooms").json()["rooms"]
    return len(room["tasks"])


@pytest.mark.slow
def test_instance_and_redis_are_struck_and_the_room_has_its_task(tmp_path: Path) -> None:
    need_redis()
    with serve_local(*REDIS, str(tmp_path / "redis")) as up:
        plan(up.url, where="instance", what="kill", step="call", times=1)
        plan(up.url, where="redis", what="restart", ms=200, step="effect", times=1)
        assert httpx.post(f"{up.url}/_local/rooms", json=ROOM).is_success
        move(up.url, 45)
        assert count_tasks(up.url) == 1
        struck = [
            fault["struck"] for fault in httpx.get(f"{up.url}/_local/faults").json()["faults"]
        ]
        assert struck == [1, 1]
        code, output, errors = up.end(signal.SIGTERM)
    assert (code, errors) == (0, "")
    assert "fault instance kill action=CreateCloudTranscription room=class-1" in output
    assert "fault redis restart action=CreateCloudTranscription room=class-1" in output


@pytest.mark.slow
def test_ledger_in_redis_is_there_again_next_time(tmp_path: Path) -> None:
    need_redis()
    described: list[list[str]] = []
    for _ in range(2):
        with serve_local(*REDIS, str(tmp_path / "redis")) as up:
            if not described:
                assert httpx.post(f"{up.url}/_local/rooms", json=ROOM).is_success
                move(up.url, 1)
            room = {"room_id": "class-1", "room_id_type": 1}
            answer = httpx.post(f"{up.url}/_local/invoke/describe_room", json=room, timeout=30)
            described.append([one["session"] for one in answer.json()["sessions"]])
            up.end(signal.SIGTERM)
    assert described[0] == described[1]
    assert len(described[0]) == 1


def test_killed_local_cloud_takes_its_redis_along(tmp_path: Path) -> None:
    need_redis()
    with serve_local(*REDIS, str(tmp_path / "redis")) as up:
        children = find_children(up.process.pid)
        assert children
        up.end(signal.SIGKILL)
        wait_for_exit(children)


@pytest.mark.slow
def test_two_local_clouds_do_not_share_a_redis(tmp_path: Path) -> None:
    need_redis()
    folder = str(tmp_path / "redis")
    with serve_local(*REDIS, folder):
        done = run_local(*REDIS, folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: another local cloud keeps its Redis in {folder}; end that one first\n"
    )


def test_missing_redis_server_is_one_line(tmp_path: Path) -> None:
    done = run_local(*REDIS, str(tmp_path / "redis"), environ={"PATH": str(tmp_path)})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: redis-server is not installed; on Debian: apt-get install redis-server\n"
    )


def test_cloud_alone_has_no_redis_but_runs_what_is_deployed_to_it() -> None:
    with serve_local("cloud", "--port", "0") as cloud:
        restart = {"where": "redis", "what": "restart"}
        answer = httpx.post(f"{cloud.url}/_local/faults", json=restart)
        assert (answer.status_code, "up --redis" in answer.text) == (409, True)
        kill = {"where": "instance", "what": "kill"}
        assert httpx.post(f"{cloud.url}/_local/faults", json=kill).status_code == 201


def test_tasks_that_nobody_needs_run_on_where_the_switch_says_so() -> None:
    options = ("--port", "0", "--clock", "manual", "--bots-hold-rooms", "--no-idle-stops")
    with serve_local("up", *options, "--leave-code", "never") as up:
        assert httpx.post(f"{up.url}/_local/rooms", json=ROOM).is_success
        move(up.url, 5)
        assert httpx.post(
            f"{up.url}/_local/rooms/class-1/leave", json={"user_id": "amy"}
        ).is_success
        move(up.url, 90)
        assert count_tasks(up.url) == 1
        assert httpx.get(f"{up.url}/_local/report").json()["orphaned_s"] > 0


def test_redis_of_its_own_answers_nobody_without_its_password(tmp_path: Path) -> None:
    need_redis()
    folder = tmp_path / "redis"
    with RedisServer(folder, password="%s/of@this:test" % ("a" * 8)) as server:
        with (
            Redis(host="127.0.0.1", port=server.port) as stranger,
            pytest.raises(AuthenticationError),
        ):
            stranger.ping()
        with Redis.from_url(server.url) as owner:
            assert owner.set("key", "value")
        server.restart()
        with Redis.from_url(server.url) as owner:
            assert owner.get("key") == b"value"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o077 for path in (folder, *files)} == {0}


@pytest.mark.slow
def test_password_of_the_local_clouds_redis_is_in_no_command(tmp_path: Path) -> None:
    need_redis()
    with serve_local(*REDIS, str(tmp_path / "redis")) as up:
        commands = [
            Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            for pid in find_children(up.process.pid)
        ]
        (command,) = [words for words in commands if "redis-server" in words[0]]
        assert not [word for word in command if "requirepass" in word]
        port = int(command[0].rpartition(":")[2].split()[0])
        with Redis(host="127.0.0.1", port=port) as stranger, pytest.raises(AuthenticationError):
            stranger.ping()
