"""A new process whose threads all begin at once: msgspec must not learn a type in two of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.ledger import redis

ROOT = Path(__file__).resolve().parents[2]
THREADS = """
import sys, threading
from shared.services import SERVICES
service = SERVICES[sys.argv[1]]
sys.setswitchinterval(1e-6)
start = threading.Barrier(16)
def work():
    start.wait()
    try:
        service.check_request({"SdkAppId": 1400000000})
    except Exception:
        pass
threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.mark.parametrize("service", ["cloud", "ai"])
def test_first_requests_of_many_threads_are_checked(service: str) -> None:
    """Without the lock one process in six died here."""
    command = [sys.executable, "-c", THREADS, service]
    ended = [subprocess.run(command, cwd=ROOT, check=False).returncode for _ in range(10)]
    assert ended == [0] * 10


def test_all_that_is_read_from_redis_is_learned_when_the_ledger_is_made() -> None:
    modules = (ROOT / "shared" / "ledger").glob("redis*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in modules)
    assert set(re.findall(r"type=(\w+)\)", text)) == {one.__name__ for one in redis.STRUCTS}
