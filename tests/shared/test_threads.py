"""A new process whose threads all begin at once: msgspec must not learn a type in two of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEARNS = re.compile(r"\bconvert\(|decode\(.*\btype=")  # in msgspec, with a type of its own
THREADS = """
import sys, threading
from shared.services.service import SERVICES
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


@pytest.mark.parametrize("part", ["ledger", "delivery"])
def test_what_threads_share_uses_types_that_were_learned_before(part: str) -> None:
    """Sessions are delivered by eight threads; one process in three died when they learned a type there."""
    modules = [*(ROOT / "shared" / part).rglob("*.py")]
    texts = {path.name: path.read_text(encoding="utf-8") for path in modules}
    assert texts
    assert [name for name, text in texts.items() if LEARNS.search(text)] == []
