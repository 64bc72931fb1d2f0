"""What a local cloud has to itself: its ledger, and its own host names."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import httpx
import pytest

from local.claim import find_lock
from local.redis_server import RedisServer
from shared.errors import SettingsError
from tests.support.local_commands import ROOT, run_local, serve_local

pytestmark = pytest.mark.slow

TAKEN = (
    "error: another local cloud has this ledger; end it, or give this one a ledger of its own: "
    "LEDGER_URL=sqlite:////tmp/another.db\n"
)
QUIET = ("up", "--port", "0", "--clock", "manual")
OWN_KEYS = {"TRTC_CALLBACK_KEY": "myOwnCallbackKey", "TRANSCRIPT_LINK_KEY": "a link key of my own"}
TUNNEL = {"Host": "abcd.tunnel.example"}


@pytest.mark.slow
@pytest.mark.parametrize("second", [QUIET, ("functions", "--port", "0")])
@pytest.mark.parametrize("first", [QUIET, ("functions", "--port", "0")])
def test_second_local_cloud_on_a_ledger_says_so_and_stops(
    first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    with serve_local(*first):
        done = run_local(*second)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", TAKEN)


@pytest.mark.slow
def test_ledger_is_known_by_any_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tmp_path)
    with serve_local(*QUIET, environ={"LEDGER_URL": f"sqlite:///{tmp_path}/one.db"}):
        same = f"sqlite:///{os.path.relpath(tmp_path)}/here/one.db"
        done = run_local(*QUIET, environ={"LEDGER_URL": same})
        assert (done.returncode, done.stderr) == (1, TAKEN)
        with serve_local(*QUIET, environ={"LEDGER_URL": f"sqlite:///{tmp_path}/two.db"}):
            pass


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_ledger_is_free_when_its_local_cloud_is_gone(number: int) -> None:
    for _ in range(2):
        with serve_local(*QUIET) as up:
            up.end(number)


@pytest.mark.slow
def test_second_local_cloud_on_a_redis_says_so_and_stops(redis_server: RedisServer) -> None:
    with serve_local(*QUIET, environ={"LEDGER_URL": redis_server.url}):
        same = redis_server.url.replace("127.0.0.1", "localhost").removesuffix("/0")
        done = run_local(*QUIET, environ={"LEDGER_URL": same})
        assert (done.returncode, done.stderr) == (1, TAKEN)
        other = redis_server.url.removesuffix("0") + "1"
        with serve_local(*QUIET, environ={"LEDGER_URL": other}):
            pass


def test_redis_url_that_is_none_is_one_line_without_its_password() -> None:
    done = run_local(*QUIET, environ={"LEDGER_URL": "redis://:zzqq?zzqq@127.0.0.1:1/0"})
    assert done.returncode == 1
    assert done.stderr.startswith("error: settings: LEDGER_URL: must be like redis://")
    assert done.stderr.count("\n") == 1
    assert "zzqq" not in done.stderr
    with pytest.raises(SettingsError):
        find_lock("redis://h:port")


def test_ledger_where_nothing_can_be_written_is_one_line() -> None:
    done = run_local(*QUIET, environ={"LEDGER_URL": "sqlite:////proc/no/ledger.db"})
    assert done.returncode == 1
    assert done.stderr.startswith("error: LEDGER_URL: /proc/no/ledger.db.claim cannot be opened: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("environ", "status"), [({}, 403), (OWN_KEYS, 401)])
@pytest.mark.parametrize("command", [QUIET, ("functions", "--port", "0")])
def test_tunnel_reaches_the_callback_with_keys_of_ones_own(
    command: tuple[str, ...], environ: dict[str, str], status: int
) -> None:
    with serve_local(*command, environ=environ) as cloud:
        answer = httpx.post(f"{cloud.url}/functions/trtc_callback", content="{", headers=TUNNEL)
        assert answer.status_code == status
        for path in ("/", "/functions/start_transcription", "/_local/invoke/describe_room"):
            answer = httpx.post(cloud.url + path, content="{}", headers=TUNNEL)
            assert answer.status_code == 403
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("command", [QUIET, ("functions", "--port", "0")])
def test_client_that_hangs_up_is_no_line_and_a_strange_name_no_crash(
    command: tuple[str, ...],
) -> None:
    paths = ("/", "/functions/trtc_callback", "/_local/invoke/describe_room", "/url/x")
    with serve_local(*command) as cloud:
        port = int(cloud.url.rpartition(":")[2])
        for path in paths:
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 9\r\n\r\n"
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(head.encode() + b"{")
        for path in ("/functions/", "/_local/invoke/"):
            answer = httpx.post(f"{cloud.url}{path}{'a' * 300}", content="{}")
            assert answer.status_code == 404
        assert cloud.end(signal.SIGTERM)[::2] == (0, "")


def test_nothing_at_home_reads_a_requests_url() -> None:
    """It is made of the Host header, which may be anything and is no part of a path."""
    for path in (ROOT / "local").rglob("*.py"):
        code = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"request\.(url|base_url)\b", code), path
