"""The bucket as a part of the whole local cloud: its settings, its folder, its faults."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest
from qcloud_cos import CosConfig, CosS3Client

from local.bucket import find_folder
from local.development import COS_DIR, LEDGER_FILE, local_environment
from tests.emulator.cos.sdk import read_error
from tests.support.local_commands import serve_local

HERE = "cos://b-1/x?region=r&endpoint=http://127.0.0.1:5"
TENCENT = "cos://b-1/x?region=r"
NOBODY_SPEAKS = """
title = "nobody is there"
[[step]]
do = "create"
room_id = "private-1"
user_id = "amy"
"""


def find_archive(given: str | None, running: str | None) -> str | None:
    environ = {} if given is None else {"ARCHIVE_URL": given}
    return local_environment(environ, endpoint="http://e", archive_url=running).get("ARCHIVE_URL")


@pytest.mark.parametrize("own", ["file:///tmp/archive", "cos://b-1/y?endpoint=http://localhost:6"])
def test_own_archive_wins_where_it_costs_nothing(own: str) -> None:
    assert (find_archive(own, HERE), find_archive(own, None)) == (own, own)


@pytest.mark.parametrize(
    "paid",
    [
        TENCENT,
        "COS://b-1/x?region=r",
        f"{TENCENT}&endpoint=https://cos.ap-singapore.myqcloud.com",
        f"{HERE}&endpoint=https://cos.ap-singapore.myqcloud.com",
        "cos://[",
    ],
)
def test_archive_at_tencent_is_never_reached_from_home(paid: str) -> None:
    assert (find_archive(paid, HERE), find_archive(paid, None)) == (HERE, None)


def test_archive_is_the_bucket_that_runs() -> None:
    assert (find_archive(None, HERE), find_archive(None, None)) == (HERE, None)


def test_files_lie_beside_the_ledger() -> None:
    assert find_folder(f"sqlite:///{LEDGER_FILE}", None) == COS_DIR
    assert find_folder("sqlite:////tmp/a/b.db", None) == Path("/tmp/a/b.db.cos")  # noqa: S108
    assert find_folder("redis://h/0", Path("/tmp/redis")) == Path("/tmp/redis.cos")  # noqa: S108
    others = {find_folder(f"redis://h/{number}", None) for number in range(2)}
    assert len(others) == 2
    assert {one.parent for one in others} == {COS_DIR.parent}


def connect(url: str) -> CosS3Client:
    told = httpx.get(f"{url}/_local/cos", trust_env=False).json()
    assert told["secret_key"] == "NotASecretKey"
    config = CosConfig(
        Region=told["region"],
        SecretId=told["secret_id"],
        SecretKey=told["secret_key"],
        Domain=told["domain"],
        Scheme="http",
    )
    return CosS3Client(config, retry=0)


@pytest.mark.slow
def test_files_outlive_the_local_cloud_and_faults_reach_it(tmp_path: Path) -> None:
    bucket = "roomscribe-1250000000"
    scenario = tmp_path / "quiet.toml"
    scenario.write_text(NOBODY_SPEAKS)
    # Keys of one's own open the bucket, too, and are told to nobody.
    own = {"TENCENTCLOUD_SECRETID": "own", "TENCENTCLOUD_SECRETKEY": "own-key"}
    up = ("up", "--port", "0", "--scenario", str(scenario))
    with serve_local(*up, environ=own) as running:
        connect(running.url).put_object(bucket, b"kept", "k")
        assert running.end(signal.SIGINT)[0] == 0
    with serve_local(*up) as running:
        client = connect(running.url)
        assert client.get_object(bucket, "k")["Body"].get_raw_stream().read() == b"kept"
        fault = {"where": "cos", "what": "error", "code": "SlowDown", "times": 1}
        httpx.post(f"{running.url}/_local/faults", json=fault, trust_env=False).raise_for_status()
        assert read_error(lambda: client.get_object(bucket, "k")) == (503, "SlowDown")
        assert running.end(signal.SIGINT)[0] == 0
    assert (tmp_path / "ledger.db.cos" / bucket).is_dir()


@pytest.mark.slow
def test_emulator_alone_has_a_bucket_in_memory() -> None:
    with serve_local("cloud", "--port", "0") as running:
        client = connect(running.url)
        client.put_object("roomscribe-1250000000", b"x", "k")
        assert running.end(signal.SIGINT)[0] == 0
