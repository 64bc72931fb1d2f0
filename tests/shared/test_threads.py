"""A new process whose threads all begin at once: msgspec must not learn a type in two of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
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


def test_ledger_reads_with_what_it_has_learned_when_it_was_made() -> None:
    modules = [*(ROOT / "shared" / "ledger").rglob("*.py")]
    learning = [path.name for path in modules if "json.decode(" in path.read_text(encoding="utf-8")]
    assert modules
    assert learning == []
