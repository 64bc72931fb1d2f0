"""Incidents 8 to 11: the ledger's store is away, refuses, forgets or is full."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from redis.exceptions import ResponseError

from local.cloud.clock import ManualClock
from local.redis_server import RedisServer
from shared.scf import now_ms
from tests.support.hosted_cloud import CloudAndHost
from tests.support.incident_stage import (
    MINUTE_MS,
    ask,
    ask_doctor,
    check_healed,
    check_says,
    play_incident,
)
from tests.support.redis_servers import be_patient, connect, need_redis

pytestmark = pytest.mark.slow

COMMANDS = (("why", "lobby"), ("status",), ("missed",))


class Trouble(NamedTuple):
    """A Redis that is wrong: what says so, the LEDGER_URL that leads there, and what mends it."""

    words: tuple[str, ...]
    url: str
    mend: Callable[[], object]


def configure(server: RedisServer, **settings: object) -> None:
    with connect(server) as client:
        for name, value in settings.items():
            client.config_set(name.replace("_", "-"), str(value))


def stop(server: RedisServer) -> Trouble:
    server.stop()
    return Trouble(("cannot be reached", "see that it runs"), server.url, server.start)


def leave_password_out(server: RedisServer) -> Trouble:
    """It has a password; then an operator, who was in before, takes it away."""
    operator = connect(server)
    operator.config_set("requirepass", "sesame")

    def mend() -> None:
        with operator:
            operator.config_set("requirepass", "")

    words = ("refuses the user or password in LEDGER_URL", "correct them")
    return Trouble(words, server.url, mend)


def mistype_password(server: RedisServer) -> Trouble:
    url = server.url.replace("redis://", "redis://:sesame@")
    words = ("refuses the user or password in LEDGER_URL", "correct them")
    return Trouble(words, url, lambda: configure(server, requirepass="sesame"))


def fill_memory(server: RedisServer) -> Trouble:
    configure(server, maxmemory=1)
    words = ("is out of memory", "raise its maxmemory")
    return Trouble(words, server.url, lambda: configure(server, maxmemory=0))


def name_replica(server: RedisServer) -> Trouble:
    """Its primary is gone; then it becomes the primary, as after a failover."""
    with connect(server) as client:
        client.replicaof("127.0.0.1", "9")

    def mend() -> None:
        with connect(server) as client:
            client.replicaof("NO", "ONE")

    return Trouble(("is a read-only replica", "name the primary"), server.url, mend)


@contextlib.contextmanager
def own_redis(folder: Path) -> Iterator[RedisServer]:
    """A Redis server that may be treated badly."""
    need_redis()
    with RedisServer(folder / "redis") as server:
        be_patient(server)
        yield server


def check_store_is_named(
    folder: Path,
    url: str,
    break_it: Callable[[], object],
    words: tuple[str, ...],
    mend: Callable[[], object],
) -> None:
    """Every command and doctor name what is wrong; what began meanwhile is known once it is mended."""

    async def act(stage: CloudAndHost) -> None:
        break_it()
        await stage.create_room("lobby")
        await stage.pass_time(1_000)
        for command in COMMANDS:
            check_says(await ask(stage, *command), "error: ", *words)
        found = await ask_doctor(stage, "--remote")
        check_says(found, "FAIL  remote       ledger: ", *words)
        check_says(await ask_doctor(stage), "FAIL  ledger ", words[0])
        mend()
        await stage.pass_time(MINUTE_MS)
        await check_healed(stage, "lobby")

    play_incident(folder, act, ledger_url=url, clock=ManualClock(now_ms()))


@pytest.mark.parametrize("cause", [stop, leave_password_out, mistype_password, fill_memory])
def test_8_redis_is_down_refuses_the_password_or_is_out_of_memory(
    tmp_path: Path, cause: Callable[[RedisServer], Trouble]
) -> None:
    with own_redis(tmp_path) as server:
        words, url, mend = cause(server)
        check_store_is_named(tmp_path, url, lambda: None, words, mend)


def test_9_redis_is_a_read_only_replica(tmp_path: Path) -> None:
    with own_redis(tmp_path) as server:
        words, url, mend = name_replica(server)
        check_store_is_named(tmp_path, url, lambda: None, words, mend)


def evict_everything(server: RedisServer) -> None:
    """Let it be full for a moment."""
    configure(server, maxmemory_policy="allkeys-lru", maxmemory=1)
    with connect(server) as client, contextlib.suppress(ResponseError):
        client.set("one", "more")
    configure(server, maxmemory="100mb")


def test_10_redis_is_set_to_evict_keys(tmp_path: Path) -> None:
    """A room that runs is unknown: nothing else tells that the ledger has lost it."""

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("lobby")
        await stage.pass_time(1_000)
        await check_healed(stage, "lobby")
        evict_everything(server)
        words = ("allkeys-lru", "when full it forgets rooms", "set maxmemory-policy to noeviction")
        check_says(await ask(stage, "why", "lobby"), "or its ledger has forgotten it", *words)
        check_says(await ask(stage, "status", exits=1), "warning: Redis", *words)
        check_says(await ask_doctor(stage), "FAIL  memory ", *words)
        check_says(await ask_doctor(stage, "--remote"), "FAIL  remote       ledger: ", *words)
        configure(server, maxmemory_policy="noeviction")
        check_says(await ask_doctor(stage, "--remote", exits=0), "ledger: Redis")

    with own_redis(tmp_path) as server:
        play_incident(tmp_path, act, ledger_url=server.url, clock=ManualClock(now_ms()))


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of a megabyte; only root may mount one."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_11_disk_of_the_sqlite_file_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        logs = disk / "somebody-elses-logs"

        def fill() -> None:
            with contextlib.suppress(OSError), logs.open("wb", buffering=0) as file:
                while file.write(bytes(512)):
                    pass

        words = ("disk is full", "free space on it")
        check_store_is_named(tmp_path, f"sqlite:///{disk}/ledger.db", fill, words, logs.unlink)
